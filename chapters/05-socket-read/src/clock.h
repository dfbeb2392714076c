/**
 * @file
 * Time, as everything here measures it: nanoseconds on a clock that nobody
 * sets and that never goes back.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>
#include <time.h>

/** Nanoseconds in a millisecond. */
#define NS_PER_MS UINT64_C(1000000)

/** Nanoseconds in a second. */
#define NS_PER_S UINT64_C(1000000000)

/** A deadline that has always passed: look, but do not wait. */
#define DEADLINE_NOW UINT64_C(0)

/** A deadline that never comes. */
#define DEADLINE_NEVER UINT64_MAX

/**
 * The time now. Any thread.
 *
 * @return nanoseconds since some moment in the past; see `clock_gettime(2)`,
 *         `CLOCK_MONOTONIC`.
 */
uint64_t clock_now_ns(void);

/**
 * The same moment as the C library writes it. Any thread.
 *
 * @param[in] time_ns  nanoseconds.
 * @return seconds and nanoseconds.
 */
struct timespec clock_timespec(uint64_t time_ns);

#endif
