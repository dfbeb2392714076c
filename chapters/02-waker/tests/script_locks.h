/*
 * Locks: each knows its thread, and one that is not let go of, or not there
 * any more, fails the test by a sentence.
 */
#ifndef SCRIPT_LOCKS_H
#define SCRIPT_LOCKS_H

#include <pthread.h>

#include "script.h"

extern Scripted script_mutex_init;

/* Made and not destroyed yet. */
extern atomic_int script_locks;

/* Called once, when the test's own thread has next released a lock. */
extern void (*script_after_unlock)(void);

/* --- For the files that stand before the calls --------------------------- */

/* How many this thread has. */
int script_locks_held(void);

/* Whether the lock becomes free; then it is ours. */
bool script_lock_in_time(pthread_mutex_t *mutex);

#endif
