#include "script_timed_sleeps.h"

#include <errno.h>
#include <pthread.h>

#include "clock.h"
#include "script_conditions.h"
#include "script_locks.h"
#include "script_threads.h"

enum { MOST = 64, WAIT_BUDGET = 1000 };

typedef struct Sleeper {
    pthread_cond_t *condition;
    pthread_mutex_t *mutex;
} Sleeper;

/* Under the script's lock. */
static Sleeper sleepers[MOST];
static int sleeper_count;
static int timed_waits;
static int timed_sleeps;
static uint64_t latest_deadline_ns;

int __real_pthread_mutex_lock(pthread_mutex_t *mutex);
int __real_pthread_mutex_unlock(pthread_mutex_t *mutex);
int __real_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex);
int __real_pthread_cond_timedwait(pthread_cond_t *condition,
                                  pthread_mutex_t *mutex,
                                  const struct timespec *deadline);
int __real_clock_nanosleep(clockid_t clock, int flags,
                           const struct timespec *time,
                           struct timespec *left_out);
int __real_nanosleep(const struct timespec *time, struct timespec *left_out);

#ifdef __APPLE__ /* which lacks this one: nobody calls it there */
int __real_clock_nanosleep(clockid_t clock, int flags,
                           const struct timespec *time,
                           struct timespec *left_out) {
    (void)clock;
    (void)flags;
    (void)time;
    (void)left_out;
    return ENOSYS;
}
#endif

static void refuse_to_wait(void) {
    script_insist(script_second_thread,
                  "The thread that polls was put to sleep inside the poll: a "
                  "poll goes as far as it can without waiting.");
}

int __wrap_clock_nanosleep(clockid_t clock, int flags,
                           const struct timespec *time,
                           struct timespec *left_out) {
    refuse_to_wait();
    return __real_clock_nanosleep(clock, flags, time, left_out);
}

int __wrap_nanosleep(const struct timespec *time, struct timespec *left_out) {
    refuse_to_wait();
    return __real_nanosleep(time, left_out);
}

void script_advance_to(uint64_t later_ns) {
    Sleeper asleep[MOST];
    script_lock();
    script_clock_ns = later_ns;
    int count = sleeper_count;
    for (int i = 0; i < count; i++) {
        asleep[i] = sleepers[i];
    }
    script_unlock();
    for (int i = 0; i < count; i++) {
        script_insist(
            script_lock_in_time(asleep[i].mutex),
            "The lock of a thread that sleeps until a deadline is not let "
            "go of: it is held while a waker's functions run, or was "
            "not unlocked.");
        pthread_cond_broadcast(asleep[i].condition);
        __real_pthread_mutex_unlock(asleep[i].mutex);
    }
}

static void remove_sleeper(const pthread_cond_t *condition) {
    for (int i = 0; i < sleeper_count; i++) {
        if (sleepers[i].condition == condition) {
            sleepers[i] = sleepers[sleeper_count - 1];
            sleeper_count -= 1;
            return;
        }
    }
}

/* Notes the sleep. Returns whether it would end at once. */
static bool add_sleeper(pthread_cond_t *condition, pthread_mutex_t *mutex,
                        const struct timespec *deadline) {
    script_lock();
    latest_deadline_ns =
        (uint64_t)deadline->tv_sec * NS_PER_S + (uint64_t)deadline->tv_nsec;
    timed_waits += 1;
    bool over =
        latest_deadline_ns <= script_clock_ns && timed_waits <= WAIT_BUDGET;
    if (!over) {
        sleepers[sleeper_count] = (Sleeper){condition, mutex};
        sleeper_count += 1;
        timed_sleeps += 1;
    }
    script_unlock();
    return over;
}

int __wrap_pthread_cond_timedwait(pthread_cond_t *condition,
                                  pthread_mutex_t *mutex,
                                  const struct timespec *deadline) {
    if (script_lets_pass) {
        return __real_pthread_cond_timedwait(condition, mutex, deadline);
    }
    refuse_to_wait();
    script_insist_on_the_lock(mutex);
    if (add_sleeper(condition, mutex, deadline)) {
        return ETIMEDOUT;
    }
    int error = __real_pthread_cond_wait(condition, mutex);
    script_lock();
    remove_sleeper(condition);
    script_unlock();
    return error;
}

/*
 * On macOS a deadline becomes a length of time (src/parker.c), and
 * here a deadline again.
 */
#ifdef __APPLE__
int __wrap_pthread_cond_timedwait_relative_np(pthread_cond_t *condition,
                                              pthread_mutex_t *mutex,
                                              const struct timespec *left) {
    uint64_t deadline_ns = script_told_ns() +
                           (uint64_t)left->tv_sec * NS_PER_S +
                           (uint64_t)left->tv_nsec;
    struct timespec deadline = {(time_t)(deadline_ns / NS_PER_S),
                                (long)(deadline_ns % NS_PER_S)};
    script_set_condition_clock(script_latest_clock());
    return __wrap_pthread_cond_timedwait(condition, mutex, &deadline);
}
#endif

uint64_t script_latest_deadline_ns(void) {
    script_lock();
    uint64_t deadline_ns = latest_deadline_ns;
    script_unlock();
    return deadline_ns;
}

/* Who has noted its sleep still holds its lock: the lock says it sleeps. */
void script_await_timed_sleeps(int count, const char *sentence) {
    struct timespec until = script_patience();
    script_lock();
    while (timed_sleeps < count && script_await_change(&until)) {
    }
    bool came = timed_sleeps >= count;
    script_unlock();
    script_insist(came, "%s", sentence);
    for (int i = 0; i < sleeper_count; i++) {
        __real_pthread_mutex_lock(sleepers[i].mutex);
        __real_pthread_mutex_unlock(sleepers[i].mutex);
    }
}
