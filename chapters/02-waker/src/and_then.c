#include "and_then.h"

static inline AndThen *and_then_of(Future *future) {
    return (AndThen *)future;
}

//! [poll]
/*
 * When the first is ready, the second starts in this very poll. Returning
 * pending between the two would leave no waker anywhere.
 */
static Poll and_then_poll(Future *future, Context *context) {
    AndThen *self = and_then_of(future);
    if (!self->first_ready) {
        if (future_poll(self->first, context) == POLL_PENDING) {
            return POLL_PENDING;
        }
        self->first_ready = true;
    }
    return future_poll(self->second, context);
}
//! [poll]

static void and_then_drop(Future *future) {
    AndThen *self = and_then_of(future);
    future_drop(self->first);
    future_drop(self->second);
}

void and_then_init(AndThen *self, Future *first, Future *second) {
    static const FutureVtable vtable = {and_then_poll, and_then_drop};
    *self = (AndThen){.future = {&vtable}, .first = first, .second = second};
}
