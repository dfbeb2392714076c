/** @file
 * Time, as everything here measures it: nanoseconds on a clock that cannot be
 * set and never goes back. Any thread.
 * Pointers are borrowed, unless said to be owned. Rules: docs/headers.md. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_MS UINT64_C(1000000)   /**< In a millisecond. */
#define NS_PER_S UINT64_C(1000000000) /**< In a second. */
#define DEADLINE_NOW UINT64_C(0)      /**< Has passed: look, but do not wait. */
#define DEADLINE_NEVER UINT64_MAX     /**< Never comes. */

/** The time now: `CLOCK_MONOTONIC` of clock_gettime(2). */
static inline uint64_t clock_now_ns(void) {
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/** The same moment as the C library writes it. */
static inline struct timespec clock_timespec(uint64_t time_ns) {
    return (struct timespec){
        .tv_sec = (time_t)(time_ns / NS_PER_S),
        .tv_nsec = (long)(time_ns % NS_PER_S),
    };
}

#endif
