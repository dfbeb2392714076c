/**
 * @file
 * The future of a moment in time, kept by a thread of its own.
 *
 * The first poll starts a thread that sleeps until the deadline and then
 * wakes the task. Thread and future share four members, under one lock.
 */
#ifndef TIMER_FUTURE_H
#define TIMER_FUTURE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "future.h"

/** Ready when its deadline has passed. Stays where it is from its first poll.
 */
typedef struct TimerFuture {
    /** What is polled. */
    Future future;
    /** Output, once ready: 0, or `-EAGAIN` if no thread could be had. */
    int result;
    /** On the clock of clock_now_ns(). */
    uint64_t deadline_ns;
    /** Whether there is a thread, and what is below is initialised. */
    bool started;
    /** Sleeps until the deadline. */
    pthread_t thread;
    /** Guards the members below. */
    pthread_mutex_t lock;
    /** Signalled when `dropped` becomes true. */
    pthread_cond_t no_longer_wanted;
    /** The latest waker; empty until the first poll and after the wake-up. */
    Waker waker;
    /** The deadline has passed. */
    bool completed;
    /** Nobody waits any more: the thread may end early. */
    bool dropped;
} TimerFuture;

/**
 * Makes the future; no thread is started before it is polled.
 *
 * @param[out] self        memory of the caller's.
 * @param[in] deadline_ns  absolute, on the clock of clock_now_ns().
 */
void timer_future_init(TimerFuture *self, uint64_t deadline_ns);

#endif
