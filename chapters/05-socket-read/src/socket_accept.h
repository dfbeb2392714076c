/** @file
 * The future of the next connection to a listener.
 * Pointers are borrowed, unless said to be owned. Rules: docs/headers.md. */
#ifndef SOCKET_ACCEPT_H
#define SOCKET_ACCEPT_H

#include "future.h"
#include "socket.h"

/** Accepts one connection. */
typedef struct SocketAccept {
    Future future;
    int result; /**< Output: 0, or the error of socket_accept(). */
    /** Output, if the result is 0: to be taken with socket_take(). What is not
     * taken is closed when the future is dropped. */
    Socket accepted;
    SocketAddress peer; /**< Output, if the result is 0: the other end's. */
    Socket *listener;
    Waiter waiter;
} SocketAccept;

/** Makes the future. */
void socket_accept_init(SocketAccept *self, Socket *listener);

#endif
