/** @file
 * The future of a moment in time, kept by a thread of its own. The first poll
 * starts a thread that sleeps until the deadline and then wakes the task.
 * Thread and future share two members, under one lock.
 * Pointers are borrowed, unless said to be owned. Rules: docs/headers.md. */
#ifndef TIMER_FUTURE_H
#define TIMER_FUTURE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "future.h"
#include "parker.h"

/** Ready when its deadline has passed. */
typedef struct TimerFuture {
    Future future;
    int result; /**< Output: 0, or `-EAGAIN` if no thread could be had. */
    uint64_t deadline_ns;
    bool started; /**< There is a thread, and what is below is initialised. */
    pthread_t thread;
    Parker parker;  /**< Where it sleeps. Its lock guards the members below. */
    Waker waker;    /**< Empty until the first poll and after the wake-up. */
    bool completed; /**< The deadline has passed. */
} TimerFuture;

/** Makes the future. */
void timer_future_init(TimerFuture *self, uint64_t deadline_ns);

#endif
