/*
 * Conditions: they cannot be had, sleeps on them end for nothing, and a sleep
 * without an end fails the test by a sentence.
 */
#ifndef SCRIPT_CONDITIONS_H
#define SCRIPT_CONDITIONS_H

#include <pthread.h>
#include <time.h>

#include "script.h"

extern Scripted script_cond_init, script_condattr_init;

/* Made and not destroyed yet. */
extern atomic_int script_conditions, script_condattrs;

/* The clock that the latest condition was made for. */
clockid_t script_latest_condition_clock(void);

/* So many sleeps of the test's own thread end at once, with nobody's call. */
extern atomic_int script_early_ends;

/* How often the test's own thread went to sleep on a condition. */
int script_sleeps(void);

/* From now on it fails the test if it does. */
void script_forbid_sleep(const char *sentence);

/* Called once, when the test's own thread is about to sleep, lock in hand. */
extern void (*script_before_sleep)(void);

/* --- For the files that stand before the calls --------------------------- */

/* A thread that goes to sleep has to have taken this lock. */
void script_insist_on_the_lock(pthread_mutex_t *mutex);

/* Where a condition has no clock, the one that a length was measured on. */
void script_set_condition_clock(clockid_t clock);

#endif
