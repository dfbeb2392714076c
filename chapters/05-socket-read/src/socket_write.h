/**
 * @file
 * The future of bytes that have all been written.
 */
#ifndef SOCKET_WRITE_H
#define SOCKET_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "future.h"
#include "socket.h"

/** Writes all of a buffer, however slowly the other end reads. */
typedef struct SocketWrite {
    /** What is polled. */
    Future future;
    /** Output, once ready: 0 if all is written, or a `-errno`. */
    int result;
    /** Borrowed. */
    Socket *socket;
    /** Borrowed. */
    const unsigned char *bytes;
    /** Of `bytes`. */
    size_t length;
    /** How many of them have been written. */
    size_t written;
    /** Whether the rest waits for room. */
    bool full;
    /** Our node in the socket's list. */
    Waiter waiter;
} SocketWrite;

/**
 * Makes the future; nothing is written before it is polled.
 *
 * @param[out] self    memory of the caller's.
 * @param[in] socket   borrowed until the future is dropped.
 * @param[in] bytes    borrowed until the future is dropped.
 * @param[in] length   in bytes.
 */
void socket_write_init(SocketWrite *self, Socket *socket, const void *bytes,
                       size_t length);

#endif
