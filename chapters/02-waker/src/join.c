#include "join.h"

static inline Join *join_of(Future *future) {
    return (Join *)future;
}

//! [poll]
/* A child that was ready must never be polled again. */
static void poll_child(Future *child, bool *ready, Context *context) {
    if (!*ready) {
        *ready = future_poll(child, context) == POLL_READY;
    }
}

static Poll join_poll(Future *future, Context *context) {
    Join *self = join_of(future);
    poll_child(self->first, &self->first_ready, context);
    poll_child(self->second, &self->second_ready, context);
    return self->first_ready && self->second_ready ? POLL_READY : POLL_PENDING;
}
//! [poll]

/* Not earlier: until then, the outputs of the two are theirs. */
static void join_drop(Future *future) {
    Join *self = join_of(future);
    future_drop(self->first);
    future_drop(self->second);
}

void join_init(Join *self, Future *first, Future *second) {
    static const FutureVtable vtable = {join_poll, join_drop};
    *self = (Join){.future = {&vtable}, .first = first, .second = second};
}
