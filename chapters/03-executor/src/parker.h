/**
 * @file
 * Puts a thread to sleep until another one calls.
 *
 * The call is remembered: if it comes before the thread sleeps, the thread
 * does not sleep at all. That is the whole difference to a bare "sleep" and
 * "wake up", with which a call that came a moment too early would be lost.
 */
#ifndef PARKER_H
#define PARKER_H

#include <pthread.h>
#include <stdbool.h>

/** Where one thread sleeps. */
typedef struct Parker {
    /** Guards `unparked`. */
    pthread_mutex_t lock;
    /** Signalled when `unparked` becomes true. */
    pthread_cond_t called;
    /** Somebody called since the last parker_park(). */
    bool unparked;
} Parker;

/**
 * Makes a parker that nobody has called.
 *
 * @param[out] self  memory of the caller's; to be given to parker_deinit().
 * @return 0, or `-ENOMEM` or `-EAGAIN` if the system has no more locks.
 */
int parker_init(Parker *self);

/**
 * Releases what parker_init() acquired.
 *
 * @param[in,out] self  nobody parks here or calls any more.
 */
void parker_deinit(Parker *self);

/**
 * Sleeps until parker_unpark() was called, and uses that call up. Calls that
 * came since the last time count as one. One thread at a time.
 *
 * @param[in,out] self  borrowed.
 */
void parker_park(Parker *self);

/**
 * Ends the sleep of the thread that is parked here, or its next one. Any
 * thread, at any time.
 *
 * @param[in,out] self  borrowed.
 */
void parker_unpark(Parker *self);

#endif
