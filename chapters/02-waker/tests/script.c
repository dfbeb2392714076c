#include "script.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "socket.h"

enum { BUDGET = 1000, LOCK_BUDGET = 1000000, MOST = 64, PATIENCE_S = 5 };

#define NS_IN_A_SECOND UINT64_C(1000000000)

/* Declares the C library's function and our own in front of it. */
#define WRAP(type, name, ...)                                                  \
    type __real_##name(__VA_ARGS__);                                           \
    type __wrap_##name(__VA_ARGS__)

WRAP(int, clock_gettime, clockid_t clock, struct timespec *time_out);
WRAP(void *, malloc, size_t size);
WRAP(void, free, void *memory);
WRAP(int, pthread_mutex_init, pthread_mutex_t *lock,
     const pthread_mutexattr_t *attributes);
WRAP(int, pthread_mutex_destroy, pthread_mutex_t *lock);
WRAP(int, pthread_mutex_lock, pthread_mutex_t *lock);
WRAP(int, pthread_mutex_unlock, pthread_mutex_t *lock);
WRAP(int, pthread_cond_init, pthread_cond_t *condition,
     const pthread_condattr_t *attributes);
WRAP(int, pthread_cond_destroy, pthread_cond_t *condition);
WRAP(int, pthread_cond_wait, pthread_cond_t *condition, pthread_mutex_t *lock);
WRAP(int, pthread_cond_timedwait, pthread_cond_t *condition,
     pthread_mutex_t *lock, const struct timespec *deadline);
WRAP(int, pthread_condattr_init, pthread_condattr_t *attributes);
WRAP(int, pthread_condattr_destroy, pthread_condattr_t *attributes);
WRAP(int, pthread_condattr_setclock, pthread_condattr_t *attributes,
     clockid_t clock);
WRAP(int, pthread_create, pthread_t *thread, const pthread_attr_t *attributes,
     void *(*routine)(void *), void *argument);
WRAP(int, pthread_join, pthread_t thread, void **result_out);
WRAP(int, pthread_detach, pthread_t thread);
WRAP(int, clock_nanosleep, clockid_t clock, int flags,
     const struct timespec *time, struct timespec *left_out);
WRAP(int, nanosleep, const struct timespec *time, struct timespec *left_out);
WRAP(bool, socket_has_data_to_read, const Socket *socket);

/*
 * macOS lacks two of these: nobody calls them there. A deadline becomes a
 * length of time (src/monotonic_condition.h), and here a deadline again.
 */
#ifdef __APPLE__
WRAP(int, pthread_cond_timedwait_relative_np, pthread_cond_t *condition,
     pthread_mutex_t *lock, const struct timespec *left);

int __real_pthread_condattr_setclock(pthread_condattr_t *attributes,
                                     clockid_t clock) {
    (void)attributes;
    (void)clock;
    return ENOSYS;
}

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

typedef struct Sleeper {
    pthread_cond_t *condition;
    pthread_mutex_t *lock;
} Sleeper;

typedef struct Thread {
    pthread_t thread;
    void *(*routine)(void *);
    void *argument;
    bool ended;
} Thread;

/* All that follows is guarded by `gate`; `changed` says that it changed. */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static Sleeper sleepers[MOST];
static int sleeper_count;
static Thread threads[MOST];
static int thread_count;
static int ended_count;
static void *memories[MOST];
static int live[SCRIPT_CALLS];
static int counts[SCRIPT_CALLS];
static int failures[SCRIPT_CALLS];
static uint64_t latest_deadline_ns;
static int timed_waits;
static int timed_sleeps;

static atomic_bool scripted;
static _Atomic uint64_t now_ns;
static _Atomic clockid_t latest_clock;
static clockid_t latest_condition_clock;

/* The time that this thread was told last. */
static _Thread_local uint64_t told_ns;

/* The test's own thread, and what only that one looks at. */
static _Thread_local bool on_test_thread;
static const char *no_sleep;
static int sleeps;
static int early_ends;
static void (*sleep_hook)(void);
static void (*unlock_hook)(void);

static void lock_gate(void) {
    __real_pthread_mutex_lock(&gate);
}

static void unlock_gate(void) {
    pthread_cond_broadcast(&changed);
    __real_pthread_mutex_unlock(&gate);
}

/* When to lose patience: only a test that fails ever gets there. */
static struct timespec patience(void) {
    struct timespec end;
    __real_clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += PATIENCE_S;
    return end;
}

/* Whether the lock becomes free; then it is ours. */
static bool lock_in_time(pthread_mutex_t *lock) {
    if (pthread_mutex_trylock(lock) == 0) {
        return true;
    }
    struct timespec end = patience();
    struct timespec now;
    int error;
    do {
        error = pthread_mutex_trylock(lock);
        sched_yield();
        __real_clock_gettime(CLOCK_REALTIME, &now);
    } while (error != 0 && now.tv_sec <= end.tv_sec);
    return error == 0;
}

/* Waits until `*value` is at least `least`. */
static void await(const int *value, int least, const char *sentence) {
    struct timespec end = patience();
    int error = 0;
    lock_gate();
    while (*value < least && error != ETIMEDOUT) {
        error = __real_pthread_cond_timedwait(&changed, &gate, &end);
    }
    bool came = *value >= least;
    unlock_gate();
    cr_assert(came, "%s", sentence);
}

void script_begin(uint64_t begin_ns) {
    now_ns = begin_ns;
    on_test_thread = true;
    scripted = true;
}

/* Counting and failing. Returns the error that the test asked for, or 0. */
static int count_call(ScriptCall call) {
    if (!scripted) {
        return 0;
    }
    lock_gate();
    int error = failures[call];
    failures[call] = 0;
    counts[call] += 1;
    live[call] += error == 0;
    unlock_gate();
    return error;
}

static void count_release(ScriptCall call) {
    if (scripted) {
        lock_gate();
        live[call] -= 1;
        unlock_gate();
    }
}

void script_fail_next(ScriptCall call, int error) {
    lock_gate();
    failures[call] = error;
    unlock_gate();
}

int script_count(ScriptCall call) {
    lock_gate();
    int count = counts[call];
    unlock_gate();
    return count;
}

void script_assert_nothing_left(void) {
    static const char *const names[SCRIPT_CALLS] = {
        [SCRIPT_MALLOC] = "block of memory was not freed",
        [SCRIPT_MUTEX_INIT] = "lock was not destroyed",
        [SCRIPT_COND_INIT] = "condition was not destroyed",
        [SCRIPT_CONDATTR_INIT] = "condition's attributes were not destroyed",
        [SCRIPT_THREAD_CREATE] = "thread was neither joined nor detached",
    };
    if (live[SCRIPT_THREAD_CREATE] == 0) { /* a detached one may still wake */
        script_await_ended(thread_count,
                           "A thread that was joined or detached does not "
                           "end: once it has woken, it has to return.");
    }
    for (int i = 0; i < SCRIPT_CALLS; i++) {
        cr_assert(live[i] <= 0,
                  "A %s: what was acquired has to be released on every way "
                  "out, also when something failed.",
                  names[i]);
        cr_assert(live[i] >= 0,
                  "More was released than acquired (a %s, so to speak: it "
                  "happened %d times too often).",
                  names[i], -live[i]);
    }
}

/* Memory. Blocks that we did not hand out are freed and not counted. */
void *__wrap_malloc(size_t size) {
    if (!scripted) {
        return __real_malloc(size);
    }
    void *memory = count_call(SCRIPT_MALLOC) == 0 ? __real_malloc(size) : NULL;
    lock_gate();
    for (int i = 0; i < MOST && memory != NULL; i++) {
        if (memories[i] == NULL) {
            memories[i] = memory;
            break;
        }
    }
    unlock_gate();
    return memory;
}

void __wrap_free(void *memory) {
    if (scripted && memory != NULL) {
        lock_gate();
        for (int i = 0; i < MOST; i++) {
            if (memories[i] == memory) {
                memories[i] = NULL;
                live[SCRIPT_MALLOC] -= 1;
                break;
            }
        }
        unlock_gate();
    }
    __real_free(memory);
}

/* The clock. */
int __wrap_clock_gettime(clockid_t clock, struct timespec *time_out) {
    if (!scripted) {
        return __real_clock_gettime(clock, time_out);
    }
    latest_clock = clock;
    told_ns = now_ns;
    time_out->tv_sec = (time_t)(told_ns / NS_IN_A_SECOND);
    time_out->tv_nsec = (long)(told_ns % NS_IN_A_SECOND);
    return 0;
}

clockid_t script_latest_clock(void) {
    return latest_clock;
}

void script_advance_to(uint64_t later_ns) {
    Sleeper asleep[MOST];
    lock_gate();
    now_ns = later_ns;
    int count = sleeper_count;
    for (int i = 0; i < count; i++) {
        asleep[i] = sleepers[i];
    }
    unlock_gate();
    for (int i = 0; i < count; i++) {
        cr_assert(
            lock_in_time(asleep[i].lock),
            "The lock of a thread that sleeps until a deadline is not let "
            "go of: it is held while a waker's functions run, or was "
            "not unlocked.");
        pthread_cond_broadcast(asleep[i].condition);
        __real_pthread_mutex_unlock(asleep[i].lock);
    }
}

/* Locks. */
int __wrap_pthread_mutex_init(pthread_mutex_t *lock,
                              const pthread_mutexattr_t *attributes) {
    int error = count_call(SCRIPT_MUTEX_INIT);
    if (error != 0 || attributes != NULL) {
        return error != 0 ? error : __real_pthread_mutex_init(lock, attributes);
    }
    pthread_mutexattr_t checking; /* knows whose it is */
    pthread_mutexattr_init(&checking);
    pthread_mutexattr_settype(&checking, PTHREAD_MUTEX_ERRORCHECK);
    error = __real_pthread_mutex_init(lock, &checking);
    pthread_mutexattr_destroy(&checking);
    return error;
}

/* Fails the test on any thread: an assertion would leave the wrong one. */
static void insist(bool fine, const char *sentence) {
    cr_assert(fine || !on_test_thread, "%s", sentence);
    if (!fine) {
        fprintf(stderr, "%s\n", sentence);
        abort();
    }
}

int __wrap_pthread_mutex_destroy(pthread_mutex_t *lock) {
    count_release(SCRIPT_MUTEX_INIT);
    int error = __real_pthread_mutex_destroy(lock);
    insist(error == 0, "A lock was given up while a thread had it.");
    return error;
}

int __wrap_pthread_mutex_lock(pthread_mutex_t *lock) {
    static _Thread_local int locks;
    if (!scripted) {
        return __real_pthread_mutex_lock(lock);
    }
    locks += 1;
    insist(locks <= LOCK_BUDGET,
           "A thread took a million locks in one test: it looks, or polls, in "
           "circles without going to sleep.");
    insist(lock_in_time(lock),
           "A lock is waited for that nobody lets go of: a thread that has it "
           "took it a second time, or went on without unlocking it.");
    return 0;
}

int __wrap_pthread_mutex_unlock(pthread_mutex_t *lock) {
    int error = __real_pthread_mutex_unlock(lock);
    insist(error == 0, "A thread unlocked a lock that it had not taken.");
    if (on_test_thread && unlock_hook != NULL) {
        void (*hook)(void) = unlock_hook;
        unlock_hook = NULL;
        hook();
    }
    return error;
}

void script_after_unlock(void (*hook)(void)) {
    unlock_hook = hook;
}

/* Conditions. */
int __wrap_pthread_condattr_init(pthread_condattr_t *attributes) {
    int error = count_call(SCRIPT_CONDATTR_INIT);
    return error != 0 ? error : __real_pthread_condattr_init(attributes);
}

int __wrap_pthread_condattr_destroy(pthread_condattr_t *attributes) {
    count_release(SCRIPT_CONDATTR_INIT);
    return __real_pthread_condattr_destroy(attributes);
}

int __wrap_pthread_condattr_setclock(pthread_condattr_t *attributes,
                                     clockid_t clock) {
    latest_condition_clock = clock;
    return __real_pthread_condattr_setclock(attributes, clock);
}

clockid_t script_latest_condition_clock(void) {
    return latest_condition_clock;
}

int __wrap_pthread_cond_init(pthread_cond_t *condition,
                             const pthread_condattr_t *attributes) {
    int error = count_call(SCRIPT_COND_INIT);
    return error != 0 ? error : __real_pthread_cond_init(condition, attributes);
}

int __wrap_pthread_cond_destroy(pthread_cond_t *condition) {
    count_release(SCRIPT_COND_INIT);
    return __real_pthread_cond_destroy(condition);
}

/* Who sleeps has taken the lock: so it can be had by nobody, not even us. */
static void insist_on_the_lock(pthread_mutex_t *lock) {
    insist(pthread_mutex_trylock(lock) != 0,
           "A thread goes to sleep on a condition without having taken its "
           "lock: a call could come between the look and the sleep.");
}

/* Sleeping, on the test's own thread. */
static void about_to_sleep(void) {
    sleeps += 1;
    cr_assert(no_sleep == NULL, "%s", no_sleep);
    cr_assert(sleeps <= BUDGET,
              "The thread went to sleep %d times in one test: it runs in "
              "circles.",
              sleeps);
    if (sleep_hook != NULL) {
        void (*hook)(void) = sleep_hook;
        sleep_hook = NULL;
        hook();
    }
}

int __wrap_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *lock) {
    if (!on_test_thread) {
        return __real_pthread_cond_wait(condition, lock);
    }
    insist_on_the_lock(lock);
    about_to_sleep();
    if (early_ends > 0) {
        early_ends -= 1;
        return 0;
    }
    struct timespec end = patience();
    int error = __real_pthread_cond_timedwait(condition, lock, &end);
    cr_assert(error != ETIMEDOUT,
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

void script_end_sleeps_early(int count) {
    early_ends = count;
}

void script_before_sleep(void (*hook)(void)) {
    sleep_hook = hook;
}

static void refuse_to_wait(void) {
    cr_assert(!on_test_thread || !scripted,
              "The thread that polls was put to sleep inside the poll: a poll "
              "goes as far as it can without waiting.");
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

/* The socket in memory: a poll that never comes back looks, and looks. */
bool __wrap_socket_has_data_to_read(const Socket *socket) {
    static int looks;
    looks += 1;
    cr_assert(looks <= BUDGET,
              "The socket was asked for data %d times in one test: a poll goes "
              "round and round to wait, or somebody polls in circles without "
              "being woken.",
              looks);
    return __real_socket_has_data_to_read(socket);
}

/* Sleeping with a deadline, on the chapter's own threads. */
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
static bool add_sleeper(pthread_cond_t *condition, pthread_mutex_t *lock,
                        const struct timespec *deadline) {
    lock_gate();
    latest_deadline_ns = (uint64_t)deadline->tv_sec * NS_IN_A_SECOND +
                         (uint64_t)deadline->tv_nsec;
    timed_waits += 1;
    bool over = latest_deadline_ns <= now_ns && timed_waits <= BUDGET;
    if (!over) {
        sleepers[sleeper_count] = (Sleeper){condition, lock};
        sleeper_count += 1;
        timed_sleeps += 1;
    }
    unlock_gate();
    return over;
}

int __wrap_pthread_cond_timedwait(pthread_cond_t *condition,
                                  pthread_mutex_t *lock,
                                  const struct timespec *deadline) {
    if (!scripted) {
        return __real_pthread_cond_timedwait(condition, lock, deadline);
    }
    refuse_to_wait();
    insist_on_the_lock(lock);
    if (add_sleeper(condition, lock, deadline)) {
        return ETIMEDOUT;
    }
    int error = __real_pthread_cond_wait(condition, lock);
    lock_gate();
    remove_sleeper(condition);
    unlock_gate();
    return error;
}

#ifdef __APPLE__
int __wrap_pthread_cond_timedwait_relative_np(pthread_cond_t *condition,
                                              pthread_mutex_t *lock,
                                              const struct timespec *left) {
    uint64_t deadline_ns = told_ns + (uint64_t)left->tv_sec * NS_IN_A_SECOND +
                           (uint64_t)left->tv_nsec;
    struct timespec deadline = {(time_t)(deadline_ns / NS_IN_A_SECOND),
                                (long)(deadline_ns % NS_IN_A_SECOND)};
    latest_condition_clock = latest_clock; /* the length was measured on it */
    return scripted ? __wrap_pthread_cond_timedwait(condition, lock, &deadline)
                    : __real_pthread_cond_timedwait_relative_np(condition, lock,
                                                                left);
}
#endif

uint64_t script_latest_deadline_ns(void) {
    lock_gate();
    uint64_t deadline_ns = latest_deadline_ns;
    unlock_gate();
    return deadline_ns;
}

/* Who has noted its sleep still holds its lock: the lock says it sleeps. */
void script_await_timed_sleeps(int count, const char *sentence) {
    await(&timed_sleeps, count, sentence);
    for (int i = 0; i < sleeper_count; i++) {
        __real_pthread_mutex_lock(sleepers[i].lock);
        __real_pthread_mutex_unlock(sleepers[i].lock);
    }
}

/* Threads. */
static void *run_thread(void *argument) {
    Thread *self = argument;
    void *result = self->routine(self->argument);
    lock_gate();
    self->ended = true;
    ended_count += 1;
    unlock_gate();
    return result;
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*routine)(void *), void *argument) {
    int error = count_call(SCRIPT_THREAD_CREATE);
    if (error != 0 || !scripted) {
        return error != 0 ? error
                          : __real_pthread_create(thread, attributes, routine,
                                                  argument);
    }
    cr_assert(thread_count < MOST, "More than %d threads were started.", MOST);
    Thread *self = &threads[thread_count];
    *self = (Thread){.routine = routine, .argument = argument};
    error = __real_pthread_create(thread, attributes, run_thread, self);
    lock_gate();
    self->thread = *thread;
    thread_count += 1;
    unlock_gate();
    return error;
}

void script_await_ended(int count, const char *sentence) {
    await(&ended_count, count, sentence);
}

static bool has_ended(pthread_t thread) {
    bool ended = true;
    for (int i = 0; i < thread_count; i++) {
        if (pthread_equal(threads[i].thread, thread)) {
            ended = threads[i].ended;
        }
    }
    return ended;
}

int __wrap_pthread_join(pthread_t thread, void **result_out) {
    struct timespec end = patience();
    int error = 0;
    lock_gate();
    while (scripted && !has_ended(thread) && error != ETIMEDOUT) {
        error = __real_pthread_cond_timedwait(&changed, &gate, &end);
    }
    bool stuck = scripted && !has_ended(thread);
    unlock_gate();
    cr_assert(!stuck, "A thread is waited for that does not end: if it sleeps, "
                      "tell it that it is no longer wanted before you join "
                      "it; if it waits for a lock, let go of that; if it is "
                      "inside a waker, it may stay there as long as it likes.");
    count_release(SCRIPT_THREAD_CREATE);
    return __real_pthread_join(thread, result_out);
}

int __wrap_pthread_detach(pthread_t thread) {
    count_release(SCRIPT_THREAD_CREATE);
    return __real_pthread_detach(thread);
}
