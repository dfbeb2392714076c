/**
 * @file
 * What macOS lacks of POSIX: conditions that are waited for on a clock that
 * nobody sets. Elsewhere this file is empty.
 *
 * Its conditions know only the clock that can be set, but they can also wait
 * for a length of time, which no clock is set for. Out of that the two calls of
 * POSIX are made here, so that the sources are the same on every system.
 */
#ifndef MONOTONIC_CONDITION_H
#define MONOTONIC_CONDITION_H

#ifdef __APPLE__
#include <errno.h>
#include <pthread.h>

#include "clock.h"

/** Accepts the one clock that monotonic_timedwait() knows. */
static inline int pthread_condattr_setclock(pthread_condattr_t *attributes,
                                            clockid_t clock) {
    (void)attributes;
    return clock == CLOCK_MONOTONIC ? 0 : EINVAL;
}

/** pthread_cond_timedwait() with a deadline on that clock. */
static inline int monotonic_timedwait(pthread_cond_t *condition,
                                      pthread_mutex_t *lock,
                                      const struct timespec *deadline) {
    uint64_t deadline_ns =
        (uint64_t)deadline->tv_sec * NS_PER_S + (uint64_t)deadline->tv_nsec;
    uint64_t now_ns = clock_now_ns();
    struct timespec left =
        clock_timespec(deadline_ns > now_ns ? deadline_ns - now_ns : 0);
    return pthread_cond_timedwait_relative_np(condition, lock, &left);
}

#define pthread_cond_timedwait monotonic_timedwait
#endif

#endif
