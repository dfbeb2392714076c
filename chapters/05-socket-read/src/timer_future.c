/*
 * Timers wait in a list, ordered by deadline; the links stand in the timers,
 * so waiting allocates nothing. A new one looks for its place from the end:
 * most programs use few different durations, and among equal durations the
 * latest to start is the latest to expire, so the place is found at once. A
 * runtime for any mix of deadlines would keep a heap or a wheel here.
 */
#include "timer_future.h"

#include <stddef.h>

#include "clock.h"
#include "executor.h"

static inline TimerFuture *timer_future_of(Future *future) {
    return (TimerFuture *)future;
}

//! [list]
static void list_insert(TimerList *list, TimerFuture *timer) {
    TimerFuture *earlier = list->last;
    while (earlier != NULL && earlier->deadline_ns > timer->deadline_ns) {
        earlier = earlier->earlier;
    }
    timer->earlier = earlier;
    timer->later = earlier != NULL ? earlier->later : list->first;
    *(earlier != NULL ? &earlier->later : &list->first) = timer;
    *(timer->later != NULL ? &timer->later->earlier : &list->last) = timer;
}

static void list_remove(TimerList *list, TimerFuture *timer) {
    *(timer->earlier != NULL ? &timer->earlier->later : &list->first) =
        timer->later;
    *(timer->later != NULL ? &timer->later->earlier : &list->last) =
        timer->earlier;
}
//! [list]

uint64_t timer_list_deadline_ns(const TimerList *list) {
    return list->first != NULL ? list->first->deadline_ns : DEADLINE_NEVER;
}

//! [expired]
void timer_list_wake_expired(TimerList *list) {
    if (list->first == NULL) {
        return;
    }
    uint64_t now_ns = clock_now_ns();
    while (list->first != NULL && list->first->deadline_ns <= now_ns) {
        TimerFuture *expired = list->first;
        list_remove(list, expired);
        waker_wake(&expired->waker);
    }
}
//! [expired]

//! [poll]
static Poll timer_future_poll(Future *future, Context *context) {
    TimerFuture *self = timer_future_of(future);
    TimerList *list = executor_timers(local_executor());
    bool listed = !waker_is_empty(&self->waker);
    if (clock_now_ns() < self->deadline_ns) {
        waker_clone_from(&self->waker, context->waker);
        if (!listed) {
            list_insert(list, self);
        }
        return POLL_PENDING;
    }
    future_drop(future); /* polled after the deadline, before it was woken */
    return POLL_READY;
}

static void timer_future_drop(Future *future) {
    TimerFuture *self = timer_future_of(future);
    if (!waker_is_empty(&self->waker)) {
        list_remove(executor_timers(local_executor()), self);
        waker_drop(&self->waker);
    }
}
//! [poll]

void timer_future_init(TimerFuture *self, uint64_t deadline_ns) {
    static const FutureVtable vtable = {timer_future_poll, timer_future_drop};
    *self = (TimerFuture){.future = {&vtable}, .deadline_ns = deadline_ns};
}
