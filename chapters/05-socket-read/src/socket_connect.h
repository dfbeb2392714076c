/** @file
 * The future of a connection to a listener elsewhere.
 * Pointers are borrowed, unless said to be owned. Rules: docs/headers.md. */
#ifndef SOCKET_CONNECT_H
#define SOCKET_CONNECT_H

#include "future.h"
#include "socket.h"

/** Connects one socket. */
typedef struct SocketConnect {
    Future future;
    /** Output: 0, or why it failed, such as `-ECONNREFUSED`; `-EAGAIN` if a
     * Unix listener has too many that wait. */
    int result;
    /** Output, if the result is 0: to be taken with socket_take(). What is not
     * taken is closed when the future is dropped. */
    Socket connected;
    SocketAddress address; /**< Where to. */
    Waiter waiter;
} SocketConnect;

/** Makes the future, with a copy of the address; `length` is at most that of a
 * `sockaddr_storage`. */
void socket_connect_init(SocketConnect *self, const struct sockaddr *address,
                         socklen_t length);

#endif
