/*
 * Threads: those that the chapter's code starts are counted, and are waited for
 * with patience, so that one that does not end fails the test by a sentence.
 */
#ifndef SCRIPT_THREADS_H
#define SCRIPT_THREADS_H

#include <pthread.h>
#include <time.h>

#include "script.h"

extern Scripted script_pthread_create;

/* Started, cancelled, and neither joined nor detached yet. */
extern atomic_int script_threads_started;
extern atomic_int script_threads_cancelled;
extern atomic_int script_threads_kept;

/* Waits until so many have ended. */
void script_await_ended(int count, const char *sentence);

/* Waits until all that were started have. */
void script_await_threads(void);

/* --- For the files that stand before the calls --------------------------- */

/*
 * The lock under which threads tell each other something here: to unlock it
 * says that something changed. To wait for that has an end, under any load: it
 * returns false then, and it is a mistake with a sentence and not a hang.
 */
enum { SCRIPT_PATIENCE_S = 10 };

void script_lock(void);
void script_unlock(void);
struct timespec script_patience(void);
bool script_await_change(const struct timespec *until);

/* The system's pthread_cond_timedwait(): who stands before it lets it pass. */
int script_real_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex,
                          const struct timespec *until);
extern _Thread_local bool script_lets_pass;

/* Started and not ended; under the lock. */
int script_threads_alive(void);

#endif
