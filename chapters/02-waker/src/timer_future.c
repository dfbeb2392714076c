/*
 * Three rules make this future correct, and each has been broken in print:
 *
 * 1. "Has it completed?" and "keep this waker" happen under one lock, with
 *    nothing in between. Otherwise the deadline passes in between, the thread
 *    finds no waker, and the future sleeps for ever.
 * 2. Each poll replaces the waker: the latest one counts, since the future may
 *    have moved to another task.
 * 3. Wakers are cloned, called and dropped outside the lock. They are code of
 *    others: it may take its time, take locks of its own, or poll us.
 */
#include "timer_future.h"

static inline TimerFuture *timer_future_of(Future *future) {
    return (TimerFuture *)future;
}

//! [thread]
static void *timer_thread(void *argument) {
    TimerFuture *self = argument;
    parker_park_until(&self->parker, self->deadline_ns);
    pthread_mutex_lock(&self->parker.lock);
    self->completed = true;
    Waker waker = waker_take(&self->waker);
    pthread_mutex_unlock(&self->parker.lock);
    waker_wake(&waker);
    return NULL;
}
//! [thread]

static int start(TimerFuture *self) {
    int result = parker_init(&self->parker);
    if (result != 0) {
        return result;
    }
    result = -pthread_create(&self->thread, NULL, timer_thread, self);
    self->started = result == 0;
    if (!self->started) {
        parker_deinit(&self->parker);
    }
    return result;
}

/*
 * Past its deadline the thread touches nothing of ours any more. It may still
 * be inside the wake-up, which is code of others and is not waited for: the
 * thread is left to itself. Before its deadline it is told to go, and awaited.
 */
static void finish(TimerFuture *self, bool completed) {
    if (completed) {
        pthread_detach(self->thread);
    } else {
        parker_unpark(&self->parker);
        pthread_join(self->thread, NULL);
    }
    parker_deinit(&self->parker);
    self->started = false;
}

//! [poll]
/* Returns whether the deadline has passed; if not, keeps the waker. */
static bool completed_or_keep(TimerFuture *self, Waker latest) {
    pthread_mutex_lock(&self->parker.lock);
    bool completed = self->completed;
    if (!completed) {
        Waker previous = self->waker;
        self->waker = latest;
        latest = previous;
    }
    pthread_mutex_unlock(&self->parker.lock);
    waker_drop(&latest);
    return completed;
}

static Poll timer_future_poll(Future *future, Context *context) {
    TimerFuture *self = timer_future_of(future);
    if (!self->started) {
        self->result = start(self);
        if (self->result != 0) {
            return POLL_READY;
        }
    }
    if (!completed_or_keep(self, waker_clone(context->waker))) {
        return POLL_PENDING;
    }
    finish(self, true);
    return POLL_READY;
}
//! [poll]

static void timer_future_drop(Future *future) {
    TimerFuture *self = timer_future_of(future);
    if (self->started) {
        finish(self, completed_or_keep(self, (Waker){0}));
    }
}

void timer_future_init(TimerFuture *self, uint64_t deadline_ns) {
    static const FutureVtable vtable = {timer_future_poll, timer_future_drop};
    *self = (TimerFuture){.future = {&vtable}, .deadline_ns = deadline_ns};
}
