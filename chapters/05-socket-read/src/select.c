#include "select.h"

#include <stddef.h>

static inline Select *select_of(Future *future) {
    return (Select *)future;
}

//! [poll]
/*
 * The loser is dropped at once. It waits for something that may never come,
 * and it must take back what it registered while that still exists.
 */
static Poll select_decide(Select *self, Future *winner, Future **loser) {
    self->winner = winner;
    future_drop(*loser);
    *loser = NULL;
    return POLL_READY;
}

static Poll select_poll(Future *future, Context *context) {
    Select *self = select_of(future);
    if (future_poll(self->first, context) == POLL_READY) {
        return select_decide(self, self->first, &self->second);
    }
    if (future_poll(self->second, context) == POLL_READY) {
        return select_decide(self, self->second, &self->first);
    }
    return POLL_PENDING;
}
//! [poll]

static void select_drop(Future *future) {
    Select *self = select_of(future);
    if (self->first != NULL) {
        future_drop(self->first);
    }
    if (self->second != NULL) {
        future_drop(self->second);
    }
}

void select_init(Select *self, Future *first, Future *second) {
    static const FutureVtable vtable = {select_poll, select_drop};
    *self = (Select){.future = {&vtable}, .first = first, .second = second};
}
