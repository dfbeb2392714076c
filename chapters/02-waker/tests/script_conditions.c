#include "script_conditions.h"

#include <errno.h>
#include <stddef.h>

#include "script_threads.h"

/* More sleeps than any test here has. */
enum { SLEEP_BUDGET = 1000 };

Scripted script_cond_init, script_condattr_init;
atomic_int script_conditions, script_condattrs;
atomic_int script_early_ends;
void (*script_before_sleep)(void);

static clockid_t latest_clock;
static const char *no_sleep;
static int sleeps; /* of the test's own thread */

int __real_pthread_condattr_init(pthread_condattr_t *attributes);
int __real_pthread_condattr_destroy(pthread_condattr_t *attributes);
int __real_pthread_condattr_setclock(pthread_condattr_t *attributes,
                                     clockid_t clock);
int __real_pthread_cond_init(pthread_cond_t *condition,
                             const pthread_condattr_t *attributes);
int __real_pthread_cond_destroy(pthread_cond_t *condition);
int __real_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex);

#ifdef __APPLE__ /* which lacks this one: nobody calls it there */
int __real_pthread_condattr_setclock(pthread_condattr_t *attributes,
                                     clockid_t clock) {
    (void)attributes;
    (void)clock;
    return ENOSYS;
}
#endif

int __wrap_pthread_condattr_init(pthread_condattr_t *attributes) {
    if (script_fails(&script_condattr_init)) {
        return script_condattr_init.error;
    }
    atomic_fetch_add(&script_condattrs, 1);
    return __real_pthread_condattr_init(attributes);
}

int __wrap_pthread_condattr_destroy(pthread_condattr_t *attributes) {
    atomic_fetch_sub(&script_condattrs, 1);
    return __real_pthread_condattr_destroy(attributes);
}

int __wrap_pthread_condattr_setclock(pthread_condattr_t *attributes,
                                     clockid_t clock) {
    latest_clock = clock;
    return __real_pthread_condattr_setclock(attributes, clock);
}

clockid_t script_latest_condition_clock(void) {
    return latest_clock;
}

void script_set_condition_clock(clockid_t clock) {
    latest_clock = clock;
}

int __wrap_pthread_cond_init(pthread_cond_t *condition,
                             const pthread_condattr_t *attributes) {
    if (script_fails(&script_cond_init)) {
        return script_cond_init.error;
    }
    atomic_fetch_add(&script_conditions, 1);
    return __real_pthread_cond_init(condition, attributes);
}

int __wrap_pthread_cond_destroy(pthread_cond_t *condition) {
    atomic_fetch_sub(&script_conditions, 1);
    return __real_pthread_cond_destroy(condition);
}

/* Who sleeps has taken the lock: so it can be had by nobody, not even us. */
void script_insist_on_the_lock(pthread_mutex_t *mutex) {
    script_insist(pthread_mutex_trylock(mutex) != 0,
                  "A thread goes to sleep on a condition without having taken "
                  "its lock: a call could come between the look and the "
                  "sleep.");
}

static void about_to_sleep(void) {
    sleeps += 1;
    script_insist(no_sleep == NULL, "%s", no_sleep);
    script_insist(sleeps <= SLEEP_BUDGET,
                  "The thread went to sleep %d times in one test: it runs in "
                  "circles.",
                  sleeps);
    if (script_before_sleep != NULL) {
        void (*hook)(void) = script_before_sleep;
        script_before_sleep = NULL;
        hook();
    }
}

int __wrap_pthread_cond_wait(pthread_cond_t *condition,
                             pthread_mutex_t *mutex) {
    if (script_second_thread) {
        return __real_pthread_cond_wait(condition, mutex);
    }
    script_insist_on_the_lock(mutex);
    about_to_sleep();
    if (atomic_load(&script_early_ends) > 0) {
        atomic_fetch_sub(&script_early_ends, 1);
        return 0;
    }
    struct timespec until = script_patience();
    int error = script_real_timedwait(condition, mutex, &until);
    script_insist(error != ETIMEDOUT,
                  "The thread sleeps and nobody ends its sleep: a wake-up was "
                  "lost, or none was ever sent.");
    return error;
}

int script_sleeps(void) {
    return sleeps;
}

void script_forbid_sleep(const char *sentence) {
    no_sleep = sentence;
}
