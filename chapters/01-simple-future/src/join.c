#include "join.h"

#include <stddef.h>

static inline Join *join_of(SimpleFuture *future) {
    return (Join *)future;
}

//! [poll]
/* A child that was ready must never be polled again: forget it. */
static void poll_child(SimpleFuture **child, WakeFn wake) {
    if (*child != NULL && simple_future_poll(*child, wake) == POLL_READY) {
        *child = NULL;
    }
}

static Poll join_poll(SimpleFuture *future, WakeFn wake) {
    Join *self = join_of(future);
    poll_child(&self->first, wake);
    poll_child(&self->second, wake);
    return self->first == NULL && self->second == NULL ? POLL_READY
                                                       : POLL_PENDING;
}
//! [poll]

void join_init(Join *self, SimpleFuture *first, SimpleFuture *second) {
    *self = (Join){.future = {join_poll}, .first = first, .second = second};
}
