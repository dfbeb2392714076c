/** @file
 * The future of bytes that have all been written.
 * Pointers are borrowed, unless said to be owned. Rules: docs/headers.md. */
#ifndef SOCKET_WRITE_H
#define SOCKET_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "future.h"
#include "socket.h"

/** Writes all of a buffer, however slowly the other end reads. */
typedef struct SocketWrite {
    Future future;
    int result; /**< Output: 0 if all is written, or a `-errno`. */
    Socket *socket;
    const unsigned char *bytes;
    size_t length;
    size_t written; /**< How many of the bytes have been. */
    bool full;      /**< The rest waits for room. */
    Waiter waiter;
} SocketWrite;

/** Makes the future. */
void socket_write_init(SocketWrite *self, Socket *socket, const void *bytes,
                       size_t length);

#endif
