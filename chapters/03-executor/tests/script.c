#include "script.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "parker.h"
#include "platform.h"
#include "ready_queue.h"

Script script = {
    .batches_left = 1000,
    .batches_sentence =
        "The executor takes one batch after the other and does not come to an "
        "end: it counts a task that has completed, or sees a wake-up where "
        "there was none.",
};

/* Guards what threads tell each other here; `changed` says that they did. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static void fire(Cue *cue) {
    Cue now = *cue;
    if (now.act != NULL && now.skip > 0) {
        cue->skip -= 1;
    } else if (now.act != NULL) {
        *cue = (Cue){0};
        now.act(now.argument);
    }
}

/* Counts down to the call that is to fail. */
static bool is_the_one(int *countdown) {
    return *countdown > 0 && --*countdown == 0;
}

/*
 * Memory. A block has a header; when it is freed it may be kept in a list.
 *
 * The paint is chosen so that a late wake-up of a painted task finds it
 * completed and shows nevertheless, because it sets a bit.
 */

enum { PAINT = 0xDA };

typedef union Block {
    struct {
        size_t size;
        bool freed;
        union Block *next;
    } is;
    max_align_t align;
} Block;

static Block *freed_blocks; /* under the lock */

void *__real_malloc(size_t size);
void __real_free(void *memory);

void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size) {
    atomic_fetch_add(&script.allocations, 1);
    if (is_the_one(&script.refuse_allocation)) {
        return NULL;
    }
    Block *block = __real_malloc(sizeof *block + size);
    if (block == NULL) {
        return NULL;
    }
    *block = (Block){.is = {.size = size}};
    atomic_fetch_add(&script.live_blocks, 1);
    return block + 1;
}

void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size) {
    void *memory = __wrap_malloc(count * size);
    return memory == NULL ? NULL : memset(memory, 0, count * size);
}

void __wrap_free(void *memory);
void __wrap_free(void *memory) {
    if (memory == NULL) {
        return;
    }
    Block *block = (Block *)memory - 1;
    if (block->is.freed) {
        atomic_fetch_add(&script.freed_twice, 1);
        return;
    }
    atomic_fetch_sub(&script.live_blocks, 1);
    if (!script.keep_freed) {
        __real_free(block);
        return;
    }
    memset(memory, PAINT, block->is.size);
    pthread_mutex_lock(&lock);
    block->is.freed = true;
    block->is.next = freed_blocks;
    freed_blocks = block;
    pthread_mutex_unlock(&lock);
}

static bool paint_is_whole(const Block *block) {
    const unsigned char *bytes = (const unsigned char *)(block + 1);
    for (size_t i = 0; i < block->is.size; i++) {
        if (bytes[i] != PAINT) {
            return false;
        }
    }
    return true;
}

int script_used_after_free(void) {
    int used = atomic_load(&script.calls_into_freed);
    pthread_mutex_lock(&lock);
    for (Block *block = freed_blocks; block != NULL; block = block->is.next) {
        used += !paint_is_whole(block);
    }
    pthread_mutex_unlock(&lock);
    return used;
}

static bool is_in(const Block *block, const void *place) {
    uintptr_t from = (uintptr_t)(block + 1);
    uintptr_t at = (uintptr_t)place;
    return at >= from && at < from + block->is.size;
}

/* Notes a call that was given freed memory; the real one would run amok. */
static bool was_freed(const void *place) {
    bool freed = false;
    pthread_mutex_lock(&lock);
    for (Block *block = freed_blocks; block != NULL; block = block->is.next) {
        freed |= is_in(block, place);
    }
    pthread_mutex_unlock(&lock);
    atomic_fetch_add(&script.calls_into_freed, freed);
    return freed;
}

/*
 * Threads of the sources: counted while they live, so that a sleep that
 * nobody can end is seen at once.
 */

typedef struct Start {
    void *(*run)(void *);
    void *argument;
    char *stack; /* somewhere near its top */
} Start;

static int live_threads; /* under the lock */
static _Thread_local bool may_block;

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *), void *argument);

/*
 * A thread that is cancelled leaves its functions without returning. The
 * address sanitizer does not see that, takes their frames for live ones, and
 * reports the C library's own use of that stack.
 */
#if defined(__SANITIZE_ADDRESS__)
#define UNDER_ADDRESS_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNDER_ADDRESS_SANITIZER
#endif
#endif

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
    forget_cancelled_frames(start);
    __real_free(start);
    pthread_mutex_lock(&lock);
    live_threads -= 1;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
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
    may_block = true;
    pthread_once(&once, make_key);
    pthread_setspecific(at_the_end, start);
    return start->run(start->argument);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *), void *argument) {
    if (script.thread_error != 0) {
        return script.thread_error;
    }
    Start *start = __real_malloc(sizeof *start);
    *start = (Start){run, argument, NULL};
    pthread_mutex_lock(&lock);
    live_threads += 1;
    pthread_mutex_unlock(&lock);
    script.threads_started += 1;
    return __real_pthread_create(thread, attributes, run_counted, start);
}

void script_await_threads(void) {
    pthread_mutex_lock(&lock);
    while (live_threads > 0) {
        pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);
}

int __real_pthread_mutex_init(pthread_mutex_t *mutex,
                              const pthread_mutexattr_t *attributes);
int __wrap_pthread_mutex_init(pthread_mutex_t *mutex,
                              const pthread_mutexattr_t *attributes);
int __wrap_pthread_mutex_init(pthread_mutex_t *mutex,
                              const pthread_mutexattr_t *attributes) {
    return script.mutex_error != 0
               ? script.mutex_error
               : __real_pthread_mutex_init(mutex, attributes);
}

int __real_pthread_cond_init(pthread_cond_t *condition,
                             const pthread_condattr_t *attributes);
int __wrap_pthread_cond_init(pthread_cond_t *condition,
                             const pthread_condattr_t *attributes);
int __wrap_pthread_cond_init(pthread_cond_t *condition,
                             const pthread_condattr_t *attributes) {
    return script.condition_error != 0
               ? script.condition_error
               : __real_pthread_cond_init(condition, attributes);
}

int __real_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex);
int __wrap_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex);
int __wrap_pthread_cond_wait(pthread_cond_t *condition,
                             pthread_mutex_t *mutex) {
    if (condition != &changed && atomic_load(&script.early_ends) > 0) {
        atomic_fetch_sub(&script.early_ends, 1);
        return 0;
    }
    return __real_pthread_cond_wait(condition, mutex);
}

/* Files. */

int __real_fcntl(int descriptor, int command, ...);
int __wrap_fcntl(int descriptor, int command, ...);
int __wrap_fcntl(int descriptor, int command, ...) {
    va_list arguments;
    va_start(arguments, command);
    int flags = command == F_SETFL ? va_arg(arguments, int) : 0;
    va_end(arguments);
    if (is_the_one(&script.refuse_fcntl)) {
        errno = EBADF;
        return -1;
    }
    return __real_fcntl(descriptor, command, flags);
}

ssize_t __real_read(int descriptor, void *buffer, size_t capacity);
ssize_t __wrap_read(int descriptor, void *buffer, size_t capacity);
ssize_t __wrap_read(int descriptor, void *buffer, size_t capacity) {
    if ((__real_fcntl(descriptor, F_GETFL) & O_NONBLOCK) == 0) {
        script.blocking_reads += 1;
        errno = EAGAIN;
        return -1;
    }
    if (script.interrupted_reads > 0) {
        script.interrupted_reads -= 1;
        errno = EINTR;
        return -1;
    }
    if (script.read_error != 0) {
        errno = script.read_error;
        return -1;
    }
    return __real_read(descriptor, buffer, capacity);
}

int __real_poll(struct pollfd *looks, nfds_t count, int timeout_ms);
int __wrap_poll(struct pollfd *looks, nfds_t count, int timeout_ms);
int __wrap_poll(struct pollfd *looks, nfds_t count, int timeout_ms) {
    if (may_block) {
        if (atomic_fetch_sub(&script.interrupted_watches, 1) > 0) {
            errno = EINTR;
            return -1;
        }
        if (script.watch_error != 0) {
            errno = script.watch_error;
            return -1;
        }
        return __real_poll(looks, count, timeout_ms);
    }
    if (timeout_ms != 0) {
        script.blocking_looks += 1;
    }
    if (script.false_readiness > 0) {
        script.false_readiness -= 1;
        looks->revents = POLLIN;
        return 1;
    }
    return __real_poll(looks, count, 0);
}

/* Our own functions: places where a test can step in. */

static _Thread_local Other *myself;

/* A queue into which a task was pushed twice would never end. */
static bool is_in_queue(const ReadyQueue *queue, const Task *task) {
    pthread_mutex_lock(&lock);
    bool alone = live_threads == 0 && myself == NULL;
    pthread_mutex_unlock(&lock);
    const Task *at = alone ? atomic_load(&queue->newest) : NULL;
    while (at != NULL && at != task) {
        at = at->next;
    }
    return at != NULL;
}

static void stand_before_push(Other *other) {
    pthread_mutex_lock(&lock);
    other->standing = true;
    pthread_cond_broadcast(&changed);
    while (!other->released) {
        pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);
}

bool __real_ready_queue_push(ReadyQueue *queue, Task *task);
bool __wrap_ready_queue_push(ReadyQueue *queue, Task *task);
bool __wrap_ready_queue_push(ReadyQueue *queue, Task *task) {
    if (myself != NULL && myself->stops_before_push) {
        stand_before_push(myself);
    }
    if (was_freed(queue)) {
        return false;
    }
    atomic_fetch_add(&script.pushes, 1);
    return is_in_queue(queue, task) || __real_ready_queue_push(queue, task);
}

bool __real_ready_queue_is_empty(const ReadyQueue *queue);
bool __wrap_ready_queue_is_empty(const ReadyQueue *queue);
bool __wrap_ready_queue_is_empty(const ReadyQueue *queue) {
    bool empty = __real_ready_queue_is_empty(queue);
    fire(&script.after_look);
    return empty;
}

Task *__real_ready_queue_take_all(ReadyQueue *queue);
struct Task *__wrap_ready_queue_take_all(ReadyQueue *queue);
struct Task *__wrap_ready_queue_take_all(ReadyQueue *queue) {
    cr_assert(script.batches_left > 0, "%s", script.batches_sentence);
    script.batches_left -= 1;
    return __real_ready_queue_take_all(queue);
}

bool __real_task_has_waker(const Task *task);
bool __wrap_task_has_waker(const Task *task);
bool __wrap_task_has_waker(const Task *task) {
    fire(&script.before_waker_count);
    return __real_task_has_waker(task);
}

static bool was_called(Parker *parker) {
    pthread_mutex_lock(&parker->lock);
    bool called = parker->unparked;
    pthread_mutex_unlock(&parker->lock);
    return called;
}

/* Sleeps only if the sleep has an end: a call, or a thread that may call. */
void __real_parker_park(Parker *parker);
void __wrap_parker_park(Parker *parker);
void __wrap_parker_park(Parker *parker) {
    script.parks += 1;
    fire(&script.before_park);
    pthread_mutex_lock(&lock);
    while (!was_called(parker) && live_threads > 0) {
        pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);
    cr_assert(was_called(parker),
              "The executor sleeps for ever: a wake-up was lost, or there was "
              "nobody to wait for. Announce the sleep, THEN look at the queue, "
              "then park; a waker pushes, THEN looks whether you sleep.");
    __real_parker_park(parker);
}

void __real_parker_unpark(Parker *parker);
void __wrap_parker_unpark(Parker *parker);
void __wrap_parker_unpark(Parker *parker) {
    atomic_fetch_add(&script.unparks, 1);
    if (was_freed(parker)) {
        return;
    }
    __real_parker_unpark(parker);
    pthread_mutex_lock(&lock);
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

/* The test's own second thread. */

static void *run_other(void *argument) {
    Other *other = argument;
    myself = other;
    other->act(other->argument);
    pthread_mutex_lock(&lock);
    other->ended = true;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    return NULL;
}

static void start_other(Other *other) {
    int error = __real_pthread_create(&other->thread, NULL, run_other, other);
    cr_assert_eq(error, 0, "The test needs a second thread and got none.");
}

void other_start_to_push(Other *other, void (*act)(void *), void *argument) {
    *other =
        (Other){.act = act, .argument = argument, .stops_before_push = true};
    start_other(other);
}

bool other_stands_before_push(Other *other) {
    pthread_mutex_lock(&lock);
    while (!other->standing && !other->ended) {
        pthread_cond_wait(&changed, &lock);
    }
    bool standing = other->standing;
    pthread_mutex_unlock(&lock);
    return standing;
}

void other_finish(Other *other) {
    pthread_mutex_lock(&lock);
    other->released = true;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    pthread_join(other->thread, NULL);
}

void on_another_thread(void (*act)(void *), void *argument) {
    Other other = {.act = act, .argument = argument};
    start_other(&other);
    pthread_join(other.thread, NULL);
}
