#include "script_locks.h"

#include <sched.h>
#include <stddef.h>
#include <time.h>

#include "probe.h"
#include "script_threads.h"

/*
 * More than any test here takes. And waiting for a lock uses the processor, of
 * which crash.c grants a test ten seconds.
 */
enum { LOCK_BUDGET = 1000000, LOCK_PATIENCE_S = 5 };

Scripted script_mutex_init;
atomic_int script_locks;
void (*script_after_unlock)(void);

static _Thread_local int held;
static _Atomic(pthread_mutex_t *) destroyed; /* the latest */

int __real_pthread_mutex_init(pthread_mutex_t *mutex,
                              const pthread_mutexattr_t *attributes);
int __real_pthread_mutex_destroy(pthread_mutex_t *mutex);
int __real_pthread_mutex_unlock(pthread_mutex_t *mutex);

int script_locks_held(void) {
    return held;
}

int __wrap_pthread_mutex_init(pthread_mutex_t *mutex,
                              const pthread_mutexattr_t *attributes) {
    if (script_fails(&script_mutex_init)) {
        return script_mutex_init.error;
    }
    atomic_fetch_add(&script_locks, 1);
    atomic_store(&destroyed, NULL);
    if (attributes != NULL) {
        return __real_pthread_mutex_init(mutex, attributes);
    }
    pthread_mutexattr_t checking; /* knows whose it is */
    pthread_mutexattr_init(&checking);
    pthread_mutexattr_settype(&checking, PTHREAD_MUTEX_ERRORCHECK);
    int error = __real_pthread_mutex_init(mutex, &checking);
    pthread_mutexattr_destroy(&checking);
    return error;
}

int __wrap_pthread_mutex_destroy(pthread_mutex_t *mutex) {
    atomic_fetch_sub(&script_locks, 1);
    atomic_store(&destroyed, mutex);
    int error = __real_pthread_mutex_destroy(mutex);
    script_insist(error == 0, "A lock was given up while a thread had it.");
    return error;
}

bool script_lock_in_time(pthread_mutex_t *mutex) {
    time_t until = time(NULL) + LOCK_PATIENCE_S;
    while (pthread_mutex_trylock(mutex) != 0) {
        if (time(NULL) > until) {
            return false;
        }
        sched_yield();
    }
    return true;
}

int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex) {
    static _Thread_local int locks;
    locks += 1;
    script_insist(locks <= LOCK_BUDGET,
                  "A thread took a million locks in one test: it looks, or "
                  "polls, in circles without going to sleep.");
    if (mutex == atomic_load(&destroyed)) {
        script_insist(false,
                      "A lock was taken that had been destroyed (so far: %s).",
                      trace_or_nothing(trace_text()));
    }
    if (!script_lock_in_time(mutex)) {
        script_insist(false,
                      "A lock is waited for that nobody lets go of: a thread "
                      "that has it took it a second time, or went on without "
                      "unlocking it (so far: %s).",
                      trace_or_nothing(trace_text()));
    }
    held += 1;
    return 0;
}

int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex) {
    int error = __real_pthread_mutex_unlock(mutex);
    held -= 1;
    script_insist(error == 0,
                  "A thread unlocked a lock that it had not taken.");
    if (script_after_unlock != NULL && !script_second_thread) {
        void (*hook)(void) = script_after_unlock;
        script_after_unlock = NULL;
        hook();
    }
    return error;
}
