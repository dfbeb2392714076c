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

#include "clock.h"
#include "monotonic_condition.h"

static inline TimerFuture *timer_future_of(Future *future) {
    return (TimerFuture *)future;
}

/* Sleeps to the deadline, or until it is dropped. The caller has the lock. */
static void sleep_locked(TimerFuture *self) {
    struct timespec deadline = clock_timespec(self->deadline_ns);
    while (!self->dropped && clock_now_ns() < self->deadline_ns) {
        pthread_cond_timedwait(&self->no_longer_wanted, &self->lock, &deadline);
    }
}

//! [thread]
static void *timer_thread(void *argument) {
    TimerFuture *self = argument;
    pthread_mutex_lock(&self->lock);
    sleep_locked(self);
    self->completed = true;
    Waker waker = waker_take(&self->waker);
    pthread_mutex_unlock(&self->lock);
    waker_wake(&waker);
    return NULL;
}
//! [thread]

/* A condition that is waited for on the clock of clock_now_ns(). */
static int monotonic_cond_init(pthread_cond_t *condition) {
    pthread_condattr_t attributes;
    int error = pthread_condattr_init(&attributes);
    if (error != 0) {
        return error;
    }
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    error = pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
    return error;
}

static int start(TimerFuture *self) {
    int error = pthread_mutex_init(&self->lock, NULL);
    if (error != 0) {
        return -error;
    }
    error = monotonic_cond_init(&self->no_longer_wanted);
    if (error != 0) {
        goto no_condition;
    }
    error = pthread_create(&self->thread, NULL, timer_thread, self);
    if (error != 0) {
        goto no_thread;
    }
    self->started = true;
    return 0;

no_thread:
    pthread_cond_destroy(&self->no_longer_wanted);
no_condition:
    pthread_mutex_destroy(&self->lock);
    return -error;
}

/*
 * Past its deadline the thread touches nothing of ours any more. It may still
 * be inside the wake-up, which is code of others and is not waited for: the
 * thread is left to itself. Before its deadline it has been told to go, and is
 * awaited.
 */
static void finish(TimerFuture *self, bool completed) {
    if (completed) {
        pthread_detach(self->thread);
    } else {
        pthread_join(self->thread, NULL);
    }
    pthread_cond_destroy(&self->no_longer_wanted);
    pthread_mutex_destroy(&self->lock);
    self->started = false;
}

//! [poll]
/* Returns whether the deadline has passed; if not, keeps the waker. */
static bool completed_or_keep(TimerFuture *self, const Waker *latest) {
    Waker kept = waker_clone(latest);
    pthread_mutex_lock(&self->lock);
    bool completed = self->completed;
    if (!completed) {
        Waker previous = self->waker;
        self->waker = kept;
        kept = previous;
    }
    pthread_mutex_unlock(&self->lock);
    waker_drop(&kept);
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
    if (!completed_or_keep(self, context->waker)) {
        return POLL_PENDING;
    }
    finish(self, true);
    return POLL_READY;
}
//! [poll]

static void timer_future_drop(Future *future) {
    TimerFuture *self = timer_future_of(future);
    if (!self->started) {
        return;
    }
    pthread_mutex_lock(&self->lock);
    bool completed = self->completed;
    self->dropped = true;
    Waker waker = waker_take(&self->waker);
    pthread_cond_signal(&self->no_longer_wanted);
    pthread_mutex_unlock(&self->lock);
    waker_drop(&waker);
    finish(self, completed);
}

void timer_future_init(TimerFuture *self, uint64_t deadline_ns) {
    static const FutureVtable vtable = {timer_future_poll, timer_future_drop};
    *self = (TimerFuture){.future = {&vtable}, .deadline_ns = deadline_ns};
}
