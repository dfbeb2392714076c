/**
 * @file
 * A deadline, as system calls want it: the time that is left.
 */
#ifndef DEADLINE_H
#define DEADLINE_H

#include <stdint.h>

/**
 * How long to wait now, so as not to wake up before a deadline. Any thread.
 *
 * @param[in] deadline_ns  absolute, on the clock of clock_now_ns();
 *                         #DEADLINE_NOW and #DEADLINE_NEVER are allowed.
 * @return milliseconds, rounded up; 0 if the deadline has passed, -1 to wait
 *         for ever, and no more than `INT_MAX`.
 */
int deadline_ms_left(uint64_t deadline_ns);

#endif
