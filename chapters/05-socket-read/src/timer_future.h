/** @file
 * The future of a moment in time. It needs no thread: the executor's wait in
 * the kernel ends at the earliest deadline.
 * Pointers are borrowed, unless said to be owned. Rules: docs/headers.md. */
#ifndef TIMER_FUTURE_H
#define TIMER_FUTURE_H

#include <stdint.h>

#include "future.h"
#include "waiter.h"

typedef struct TimerFuture TimerFuture; /**< See TimerHeap. */

/** The timers that are waited for, the earliest on top. All zero is empty. */
typedef struct TimerHeap {
    TimerFuture *root; /**< Leaves when it expires or is dropped. */
    uint64_t count;    /**< How many timers there have been. */
} TimerHeap;

/** Ready when its deadline has passed. */
struct TimerFuture {
    Future future;
    /** Output: 0; `-ECANCELED` if the executor was freed before the deadline;
     * `-EPERM` on a thread without an executor, or with another one. */
    int result;
    uint64_t deadline_ns;
    uint64_t number; /**< Among equal deadlines, the lower one is earlier. */
    TimerFuture *child, *next, **link; /**< In the heap; `link` points here. */
    TimerHeap *heap; /**< Whose it is; `NULL` while it is in none. */
    Waiter waiter;
};

/** Makes the future. */
void timer_future_init(TimerFuture *self, uint64_t deadline_ns);

/** The earliest deadline, or #DEADLINE_NEVER. */
uint64_t timer_heap_deadline_ns(const TimerHeap *heap);

/** Wakes all whose deadline has passed, the earliest first. */
void timer_heap_wake_expired(TimerHeap *heap);

/** Gives the heap up: its timers belong to none, the caller wakes `waiters`. */
void timer_heap_deinit(TimerHeap *heap, WaiterList *waiters);

#endif
