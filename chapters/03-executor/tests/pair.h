/*
 * Two connected sockets: the chapter's own at one end, the test at the other.
 */
#ifndef PAIR_H
#define PAIR_H

#include "socket.h"

typedef struct Pair {
    Socket near;
    int far; /* -1 once the test has closed it */
} Pair;

void pair_open(Pair *pair);
void pair_close(Pair *pair);

/* The far end writes the text, or closes. For cues as well. */
void pair_deliver(Pair *pair, const char *text);
void pair_hang_up(Pair *pair);
void deliver_hello(void *pair);

/* Whether nothing waits for this socket: no thread, no waker. */
#define assert_nobody_watches(socket)                                          \
    do {                                                                       \
        cr_assert_eq(socket_watching_threads(), 0,                             \
                     "%d watching threads have not been joined, whether they " \
                     "have woken somebody or were cancelled.",                 \
                     socket_watching_threads());                               \
        cr_assert(waiter_list_is_empty(&(socket)->readers),                    \
                  "A waiter is left in the socket's list.");                   \
    } while (0)

#endif
