/**
 * @file
 * The future of the next connection to a listener.
 */
#ifndef SOCKET_ACCEPT_H
#define SOCKET_ACCEPT_H

#include <stdbool.h>

#include "future.h"
#include "socket.h"

/** Accepts one connection. */
typedef struct SocketAccept {
    /** What is polled. */
    Future future;
    /** Output, once ready: 0, or a `-errno` of socket_accept(). */
    int result;
    /** Output, if the result is 0: owned by whoever polled it. */
    Socket accepted;
    /** Borrowed. */
    Socket *listener;
    /** Whether the listener keeps a waker of ours. */
    bool waiting;
} SocketAccept;

/**
 * Makes the future; nothing is accepted before it is polled.
 *
 * @param[out] self      memory of the caller's.
 * @param[in] listener   borrowed until the future is dropped.
 */
void socket_accept_init(SocketAccept *self, Socket *listener);

#endif
