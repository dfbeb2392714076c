#include "patience.h"

#include "clock.h"

static void begin(Patience *self) {
    self->seen = *self->progress;
    timer_future_init(&self->timer, clock_now_ns() + self->limit_ns);
}

//! [poll]
/* Polls both: each leaves its waker, and the first one wakes the task. */
static Poll patience_poll(Future *future, Context *context) {
    Patience *self = (Patience *)future;
    if (future_poll(self->child, context) == POLL_READY) {
        return POLL_READY;
    }
    while (future_poll(&self->timer.future, context) == POLL_READY) {
        if (*self->progress == self->seen) {
            self->gave_up = true;
            return POLL_READY;
        }
        future_drop(&self->timer.future);
        begin(self);
    }
    return POLL_PENDING;
}
//! [poll]

static void patience_drop(Future *future) {
    future_drop(&((Patience *)future)->timer.future);
}

void patience_init(Patience *self, Future *child, const uint64_t *progress,
                   uint64_t limit_ns) {
    static const FutureVtable vtable = {patience_poll, patience_drop};
    *self = (Patience){.future = {&vtable},
                       .child = child,
                       .progress = progress,
                       .limit_ns = limit_ns};
    begin(self);
}
