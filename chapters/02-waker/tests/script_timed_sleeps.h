/*
 * Sleeps with a deadline, of the threads that the chapter's code starts: they
 * sleep until the test moves the clock.
 */
#ifndef SCRIPT_TIMED_SLEEPS_H
#define SCRIPT_TIMED_SLEEPS_H

#include <stdint.h>

#include "script_time.h"

/* Moves the clock; who sleeps looks again, also if its time has not come. */
void script_advance_to(uint64_t now_ns);

/* Waits until there were so many sleeps with a deadline; the last one lasts. */
void script_await_timed_sleeps(int count, const char *sentence);

/* The deadline of the latest sleep. */
uint64_t script_latest_deadline_ns(void);

#endif
