/** @file
 * A client that sends bytes to an echo server while it receives them back, and
 * compares.
 * Pointers are borrowed, unless said to be owned. Rules: docs/headers.md. */
#ifndef ECHO_CLIENT_H
#define ECHO_CLIENT_H

#include <stdint.h>

#include "socket_connect.h"
#include "socket_read.h"
#include "socket_write.h"

/** Sends, receives and compares, at the same time. */
typedef struct EchoClient {
    Future future;
    /** Output: 0 if all came back as it went; `-EILSEQ` if other bytes came
     * back, `-EPIPE` if too few, or another `-errno`. */
    int result;
    size_t received; /**< Bytes that have come back, so far or in the end. */
    const unsigned char *bytes;
    size_t length;
    enum { CLIENT_CONNECTS, CLIENT_TALKS, CLIENT_ENDED } state;
    bool sent;             /**< All bytes have been written. */
    SocketConnect connect; /**< First this, */
    SocketWrite write;     /**< then these two at once, on one socket. */
    SocketRead read;       /**< See `write`. */
    Socket socket;         /**< Owned while it talks. */
    unsigned char buffer[4096];
} EchoClient;

/** Makes the future; the server is on 127.0.0.1. */
void echo_client_init(EchoClient *self, uint16_t port, const void *bytes,
                      size_t length);

#endif
