#include "join.h"

#include <stddef.h>

static inline Join *join_of(Future *future) {
    return (Join *)future;
}

//! [poll]
static void drop_child(Future **child) {
    if (*child != NULL) {
        future_drop(*child);
        *child = NULL;
    }
}

/* A child that was ready must never be polled again: drop it. */
static void poll_child(Future **child, Context *context) {
    if (*child != NULL && future_poll(*child, context) == POLL_READY) {
        drop_child(child);
    }
}

static Poll join_poll(Future *future, Context *context) {
    Join *self = join_of(future);
    poll_child(&self->first, context);
    poll_child(&self->second, context);
    return self->first == NULL && self->second == NULL ? POLL_READY
                                                       : POLL_PENDING;
}
//! [poll]

static void join_drop(Future *future) {
    Join *self = join_of(future);
    drop_child(&self->first);
    drop_child(&self->second);
}

void join_init(Join *self, Future *first, Future *second) {
    static const FutureVtable vtable = {join_poll, join_drop};
    *self = (Join){.future = {&vtable}, .first = first, .second = second};
}
