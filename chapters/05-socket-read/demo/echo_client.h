/**
 * @file
 * A client that sends bytes to an echo server while it receives them back,
 * and compares.
 */
#ifndef ECHO_CLIENT_H
#define ECHO_CLIENT_H

#include <stdint.h>

#include "socket_connect.h"
#include "socket_read.h"
#include "socket_write.h"

/** Sends, receives and compares, at the same time. */
typedef struct EchoClient {
    /** What is polled. */
    Future future;
    /** Output, once ready: 0 if all came back as it went; `-EILSEQ` if other
     * bytes came back, `-EPIPE` if too few, or another `-errno`. */
    int result;
    /** How many bytes have come back, so far or in the end. */
    size_t received;
    /** Borrowed. */
    const unsigned char *bytes;
    /** Of `bytes`. */
    size_t length;
    /** What it waits for. */
    enum { CLIENT_CONNECTS, CLIENT_TALKS, CLIENT_ENDED } state;
    /** Whether all bytes have been written. */
    bool sent;
    /** First this. */
    SocketConnect connect;
    /** Then these two at once, on one socket. */
    SocketWrite write;
    /** See `write`. */
    SocketRead read;
    /** Owned while it talks. */
    Socket socket;
    /** What came back last. */
    unsigned char buffer[4096];
} EchoClient;

/**
 * Makes the future; nothing happens before it is polled.
 *
 * @param[out] self    memory of the caller's.
 * @param[in] port     of the server, on 127.0.0.1.
 * @param[in] bytes    borrowed until the future is dropped.
 * @param[in] length   in bytes.
 */
void echo_client_init(EchoClient *self, uint16_t port, const void *bytes,
                      size_t length);

#endif
