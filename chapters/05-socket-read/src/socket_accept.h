/**
 * @file
 * The future of the next connection to a listener.
 */
#ifndef SOCKET_ACCEPT_H
#define SOCKET_ACCEPT_H

#include "future.h"
#include "socket.h"

/** Accepts one connection. */
typedef struct SocketAccept {
    /** What is polled. */
    Future future;
    /** Output, once ready: 0, or a `-errno` of socket_accept(). */
    int result;
    /** Output, if the result is 0: to be taken with socket_take(). What is not
     * taken is closed when the future is dropped. */
    Socket accepted;
    /** Output, if the result is 0: the address of the other end. */
    SocketAddress peer;
    /** Borrowed. */
    Socket *listener;
    /** Our node in the listener's list. */
    Waiter waiter;
} SocketAccept;

/**
 * Makes the future; nothing is accepted before it is polled.
 *
 * @param[out] self      memory of the caller's.
 * @param[in] listener   borrowed until the future is dropped.
 */
void socket_accept_init(SocketAccept *self, Socket *listener);

#endif
