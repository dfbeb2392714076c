/**
 * @file
 * The future of a connection to somebody else's listener.
 */
#ifndef SOCKET_CONNECT_H
#define SOCKET_CONNECT_H

#include <stdbool.h>

#include "future.h"
#include "socket.h"

/** Connects one socket. */
typedef struct SocketConnect {
    /** What is polled. */
    Future future;
    /** Output, once ready: 0, or why it failed, such as `-ECONNREFUSED`. */
    int result;
    /** Output, if the result is 0: owned by whoever polled it. */
    Socket connected;
    /** Where to. */
    struct sockaddr_storage address;
    /** Of the address, in bytes. */
    socklen_t length;
    /** Whether the socket is open, and keeps a waker of ours. */
    bool waiting;
} SocketConnect;

/**
 * Makes the future; there is no socket before it is polled.
 *
 * @param[out] self    memory of the caller's.
 * @param[in] address  borrowed; copied.
 * @param[in] length   in bytes, that of a `sockaddr_storage` at the most.
 */
void socket_connect_init(SocketConnect *self, const struct sockaddr *address,
                         socklen_t length);

#endif
