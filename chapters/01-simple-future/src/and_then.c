#include "and_then.h"

#include <stddef.h>

static inline AndThen *and_then_of(SimpleFuture *future) {
    return (AndThen *)future;
}

//! [poll]
/*
 * When the first is ready, the second starts in this very poll. Returning
 * pending between the two would leave `wake` nowhere.
 */
static Poll and_then_poll(SimpleFuture *future, WakeFn wake) {
    AndThen *self = and_then_of(future);
    if (self->first != NULL) {
        if (simple_future_poll(self->first, wake) == POLL_PENDING) {
            return POLL_PENDING;
        }
        self->first = NULL;
    }
    return simple_future_poll(self->second, wake);
}
//! [poll]

void and_then_init(AndThen *self, SimpleFuture *first, SimpleFuture *second) {
    *self =
        (AndThen){.future = {and_then_poll}, .first = first, .second = second};
}
