/*
 * Time: the clock stands where the test put it.
 */
#ifndef SCRIPT_TIME_H
#define SCRIPT_TIME_H

#include <stdint.h>
#include <time.h>

#include "script.h"

/* The time now. */
extern _Atomic uint64_t script_clock_ns;

/* How often a clock was looked at, and which one it was at last. */
extern atomic_int script_clock_reads;
clockid_t script_latest_clock(void);

/* From now on the clock is the system's, and waits really sleep: threads. */
void script_use_real_time(void);

/* --- For the files that stand before the calls --------------------------- */

bool script_time_is_real(void);

/* The time that this thread was told last. */
uint64_t script_told_ns(void);

#endif
