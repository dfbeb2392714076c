#include "script_threads.h"

#include <stdlib.h>

Scripted script_pthread_create;
atomic_int script_threads_started;
atomic_int script_threads_cancelled;
atomic_int script_threads_kept;
_Thread_local bool script_lets_pass;

int __real_pthread_mutex_lock(pthread_mutex_t *mutex);
int __real_pthread_mutex_unlock(pthread_mutex_t *mutex);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *), void *argument);
int __real_pthread_join(pthread_t thread, void **result_out);
int __real_pthread_detach(pthread_t thread);
int __real_pthread_cancel(pthread_t thread);
void *__real_malloc(size_t size);
void __real_free(void *memory);

/* --- What threads tell each other here ------------------------------------ */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

void script_lock(void) {
    __real_pthread_mutex_lock(&lock);
}

void script_unlock(void) {
    pthread_cond_broadcast(&changed);
    __real_pthread_mutex_unlock(&lock);
}

struct timespec script_patience(void) {
    return (struct timespec){.tv_sec = time(NULL) + SCRIPT_PATIENCE_S};
}

int script_real_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex,
                          const struct timespec *until) {
    script_lets_pass = true;
    int error = pthread_cond_timedwait(condition, mutex, until);
    script_lets_pass = false;
    return error;
}

bool script_await_change(const struct timespec *until) {
    return script_real_timedwait(&changed, &lock, until) == 0;
}

/* --- Threads of the sources ----------------------------------------------- */

typedef struct Start {
    void *(*run)(void *);
    void *argument;
    char *stack; /* somewhere near its top */
    pthread_t thread;
    struct Start *next;
    bool listed, over;
} Start;

/* Under the lock. */
static int alive, ended;
static Start *started; /* and not ended */

int script_threads_alive(void) {
    return alive;
}

/* The address sanitizer's name differs from compiler to compiler. */
#if defined(__SANITIZE_ADDRESS__)
#define UNDER_ADDRESS_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNDER_ADDRESS_SANITIZER
#endif
#endif

/*
 * A thread that is cancelled leaves its functions without returning. The
 * address sanitizer does not see that, takes their frames for live ones, and
 * reports the C library's own use of that stack.
 */
static void forget_cancelled_frames(const Start *start) {
#ifdef UNDER_ADDRESS_SANITIZER
    void __asan_unpoison_memory_region(void const volatile *, size_t);
    enum { ABOVE = 256, BELOW = 16384 };
    __asan_unpoison_memory_region(start->stack - BELOW, BELOW + ABOVE);
#else
    (void)start;
#endif
}

/* Runs when the thread ends, also when it was cancelled. */
static void tell_that_it_ends(void *start) {
    Start *self = start;
    forget_cancelled_frames(self);
    script_lock();
    bool listed = self->listed;
    self->over = true;
    for (Start **link = &started; listed; link = &(*link)->next) {
        if (*link == self) {
            *link = self->next;
            break;
        }
    }
    alive -= 1;
    ended += 1;
    script_unlock();
    if (listed) {
        __real_free(self);
    }
}

static pthread_key_t at_the_end;

static void make_key(void) {
    pthread_key_create(&at_the_end, tell_that_it_ends);
}

static void *run_counted(void *argument) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    Start *start = argument;
    char here;
    start->stack = &here;
    script_second_thread = true;
    pthread_once(&once, make_key);
    pthread_setspecific(at_the_end, start);
    return start->run(start->argument);
}

/*
 * The system's own call is made without the lock: on Windows it waits for threads
 * that end, which want ours. So a thread may be over before it is listed.
 */
static int create(pthread_t *thread, const pthread_attr_t *attributes,
                  Start *start) {
    script_lock();
    alive += 1;
    script_unlock();
    int error = __real_pthread_create(thread, attributes, run_counted, start);
    script_lock();
    bool over = error != 0 || start->over;
    if (error != 0) {
        alive -= 1;
    } else if (!over) {
        start->thread = *thread;
        start->listed = true;
        start->next = started;
        started = start;
    }
    script_unlock();
    if (over) {
        __real_free(start);
    }
    return error;
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *), void *argument) {
    if (script_fails(&script_pthread_create)) {
        return script_pthread_create.error;
    }
    Start *start = __real_malloc(sizeof *start);
    *start = (Start){.run = run, .argument = argument};
    int error = create(thread, attributes, start);
    script_insist(error == 0, "The system has no more threads.");
    atomic_fetch_add(&script_threads_started, 1);
    atomic_fetch_add(&script_threads_kept, 1);
    return 0;
}

void script_await_ended(int count, const char *sentence) {
    struct timespec until = script_patience();
    script_lock();
    while (ended < count && script_await_change(&until)) {
    }
    bool came = ended >= count;
    script_unlock();
    script_insist(came, "%s", sentence);
}

void script_await_threads(void) {
    struct timespec until = script_patience();
    script_lock();
    while (alive > 0 && script_await_change(&until)) {
    }
    int left = alive;
    script_unlock();
    script_insist(left == 0,
                  "%d threads were to end, and have not ended in %d seconds: "
                  "once a thread has woken, it has to return.",
                  left, SCRIPT_PATIENCE_S);
}

static bool has_ended(pthread_t thread) {
    for (const Start *start = started; start != NULL; start = start->next) {
        if (pthread_equal(start->thread, thread)) {
            return false;
        }
    }
    return true;
}

int __wrap_pthread_join(pthread_t thread, void **result_out) {
    struct timespec until = script_patience();
    script_lock();
    while (!has_ended(thread) && script_await_change(&until)) {
    }
    bool over = has_ended(thread);
    script_unlock();
    script_insist(
        over,
        "A thread was to end and is waited for, and has not ended in %d "
        "seconds (threads cancelled so far: %d). If it sleeps, tell it that it "
        "is no longer wanted before you join it; if it waits for a lock, let "
        "go of that; if it is inside a waker, it may stay there as long as it "
        "likes.",
        SCRIPT_PATIENCE_S, script_threads_cancelled);
    atomic_fetch_sub(&script_threads_kept, 1);
    return __real_pthread_join(thread, result_out);
}

int __wrap_pthread_detach(pthread_t thread) {
    atomic_fetch_sub(&script_threads_kept, 1);
    return __real_pthread_detach(thread);
}

int __wrap_pthread_cancel(pthread_t thread) {
    int result = __real_pthread_cancel(thread);
    atomic_fetch_add(&script_threads_cancelled, 1);
    return result;
}
