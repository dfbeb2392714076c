/**
 * @file
 * The future of a connection to somebody else's listener.
 */
#ifndef SOCKET_CONNECT_H
#define SOCKET_CONNECT_H

#include "future.h"
#include "socket.h"

/** Connects one socket. */
typedef struct SocketConnect {
    /** What is polled. */
    Future future;
    /** Output, once ready: 0, or why it failed, such as `-ECONNREFUSED`;
     * `-EAGAIN` if a Unix listener has too many that wait. */
    int result;
    /** Output, if the result is 0: to be taken with socket_take(). What is not
     * taken is closed when the future is dropped. */
    Socket connected;
    /** Where to. */
    SocketAddress address;
    /** Our node in the socket's list. */
    Waiter waiter;
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
