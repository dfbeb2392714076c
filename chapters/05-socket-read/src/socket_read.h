/**
 * @file
 * The future of the bytes that a socket has not received yet.
 */
#ifndef SOCKET_READ_H
#define SOCKET_READ_H

#include <stddef.h>
#include <sys/types.h>

#include "future.h"
#include "socket.h"

/** Reads whatever arrives first on a socket, once. */
typedef struct SocketRead {
    /** What is polled. */
    Future future;
    /** Output, once ready: bytes now in the buffer, 0 at the end of file, or
     * a `-errno`. */
    ssize_t result;
    /** Borrowed. */
    Socket *socket;
    /** Borrowed. */
    void *buffer;
    /** Bytes that `buffer` has room for. */
    size_t capacity;
    /** Our node in the socket's list. */
    Waiter waiter;
} SocketRead;

/**
 * Makes the future; nothing is read before it is polled.
 *
 * @param[out] self     memory of the caller's.
 * @param[in] socket    borrowed until the future is dropped.
 * @param[in] buffer    borrowed until the future is dropped.
 * @param[in] capacity  of `buffer`, in bytes, at least 1.
 */
void socket_read_init(SocketRead *self, Socket *socket, void *buffer,
                      size_t capacity);

#endif
