/**
 * @file
 * The future of a moment in time. It needs no thread: the executor's wait in
 * the kernel ends at the earliest deadline.
 *
 * Everything here happens on the executor's thread.
 */
#ifndef TIMER_FUTURE_H
#define TIMER_FUTURE_H

#include <stdint.h>

#include "future.h"
#include "waiter.h"

/** See TimerHeap. */
typedef struct TimerFuture TimerFuture;

/** The timers that are waited for, the earliest on top. All zero is empty. */
typedef struct TimerHeap {
    /** Borrowed; each one leaves the heap when it expires or is dropped. */
    TimerFuture *root;
    /** How many timers there have been. */
    uint64_t count;
} TimerHeap;

/** Ready when its deadline has passed. Stays where it is from its first poll.
 */
struct TimerFuture {
    /** What is polled. */
    Future future;
    /** Output, once ready: 0; `-ECANCELED` if the executor was freed before
     * the deadline; `-EPERM` on a thread without an executor, or with another
     * one. */
    int result;
    /** On the clock of clock_now_ns(). */
    uint64_t deadline_ns;
    /** Among equal deadlines, the lower number is the earlier one. */
    uint64_t number;
    /** In the heap: see timer_future.c. */
    TimerFuture *child, *prev, *next;
    /** Whose it is; `NULL` while it is in no heap. */
    TimerHeap *heap;
    /** Of the task that waits. */
    Waiter waiter;
};

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
 * @param[in] heap  borrowed.
 * @return the earliest deadline, or #DEADLINE_NEVER.
 */
uint64_t timer_heap_deadline_ns(const TimerHeap *heap);

/**
 * Wakes all whose deadline has passed, the earliest first.
 *
 * @param[in,out] heap  borrowed.
 */
void timer_heap_wake_expired(TimerHeap *heap);

/**
 * Gives the heap up: the timers that are left belong to none from now on.
 *
 * @param[in,out] heap     left empty.
 * @param[in,out] waiters  all who wait are put here; the caller wakes them.
 */
void timer_heap_deinit(TimerHeap *heap, WaiterList *waiters);

#endif
