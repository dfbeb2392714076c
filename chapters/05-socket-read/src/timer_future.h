/**
 * @file
 * The future of a moment in time. It needs no thread: the executor's wait in
 * the kernel ends at the earliest deadline.
 *
 * Everything here happens on the executor's thread.
 */
#ifndef TIMER_FUTURE_H
#define TIMER_FUTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "future.h"

/** Ready when its deadline has passed. Stays where it is from its first poll.
 */
typedef struct TimerFuture {
    /** What is polled. */
    Future future;
    /** On the clock of clock_now_ns(). */
    uint64_t deadline_ns;
    /** Of the task that waits; empty while it is in no list. */
    Waker waker;
    /** Neighbours in the executor's list. */
    struct TimerFuture *earlier, *later;
} TimerFuture;

/** The timers that somebody waits for, by deadline. All zero is empty. */
typedef struct TimerList {
    /** Borrowed; each one leaves the list when it expires or is dropped. */
    TimerFuture *first, *last;
} TimerList;

/**
 * Makes the future; nothing happens before it is polled.
 *
 * @param[out] self        memory of the caller's.
 * @param[in] deadline_ns  absolute, on the clock of clock_now_ns().
 */
void timer_future_init(TimerFuture *self, uint64_t deadline_ns);

/**
 * When the executor has to wake up.
 *
 * @param[in] list  borrowed.
 * @return the earliest deadline, or #DEADLINE_NEVER.
 */
uint64_t timer_list_deadline_ns(const TimerList *list);

/**
 * Wakes all whose deadline has passed, the earliest first.
 *
 * @param[in,out] list  borrowed.
 */
void timer_list_wake_expired(TimerList *list);

#endif
