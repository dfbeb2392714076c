/** @file
 * Puts a thread to sleep until another one calls. The call is remembered: if it
 * comes before the thread sleeps, the thread does not sleep at all.
 * Pointers are borrowed, unless said to be owned. Rules: docs/headers.md. */
#ifndef PARKER_H
#define PARKER_H

#include <pthread.h>
#include <stdbool.h>

#include "clock.h"

/** Where one thread sleeps. */
typedef struct Parker {
    pthread_mutex_t lock; /**< Guards `unparked`, and what its owner adds. */
    pthread_cond_t called;
    bool unparked; /**< Called since the last parker_park(). */
} Parker;

/** Makes a parker. Errors: `-ENOMEM`, `-EAGAIN` if there are no more locks. */
int parker_init(Parker *self);

/** Releases what parker_init() acquired. */
void parker_deinit(Parker *self);

/** Sleeps until it is called; calls since the last time count as one. */
void parker_park(Parker *self);

/** As parker_park(), and not longer than until a deadline. */
void parker_park_until(Parker *self, uint64_t deadline_ns);

/** Calls: ends the sleep that is under way, or the next one. Any thread. */
void parker_unpark(Parker *self);

#endif
