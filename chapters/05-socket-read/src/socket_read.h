/** @file
 * The future of the bytes that a socket has not received yet.
 * Pointers are borrowed, unless said to be owned. Rules: docs/headers.md. */
#ifndef SOCKET_READ_H
#define SOCKET_READ_H

#include <stddef.h>
#include <sys/types.h>

#include "future.h"
#include "socket.h"

/** Reads whatever arrives first on a socket, once. */
typedef struct SocketRead {
    Future future;
    ssize_t result; /**< Output: bytes read, 0 at the end of file, `-errno`. */
    Socket *socket;
    void *buffer;
    size_t capacity;
    Waiter waiter;
} SocketRead;

/** Makes the future. */
void socket_read_init(SocketRead *self, Socket *socket, void *buffer,
                      size_t capacity);

#endif
