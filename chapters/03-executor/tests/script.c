#include "script.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <criterion/criterion.h>

#include "executor.h"
#include "mailbox.h"
#include "parker.h"
#include "platform.h"
#include "probe.h"
#include "ready_queue.h"
#include "socket.h"

/*
 * The address sanitizer looks after freed memory by itself, and wants it freed.
 */
#if defined(__SANITIZE_ADDRESS__)
#define UNDER_ADDRESS_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNDER_ADDRESS_SANITIZER
#endif
#endif

Script script = {
    .batches_left = 1000,
#ifndef UNDER_ADDRESS_SANITIZER
    .keep_freed = true,
#endif
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
 * The paint is chosen so that whatever counts, sets a bit or writes a link in a
 * painted task changes it.
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

#ifndef UNDER_ADDRESS_SANITIZER /* which explains it better */
static void explain_crash(int signal_number) {
    fprintf(stderr,
            "Memory was used that is not there: by a pointer that is NULL, or "
            "was never set, or stood in something that had been freed. "
            "`make test SANITIZE=address` shows where.\n");
    fflush(stderr);
    signal(signal_number, SIG_DFL); /* and it happens once more */
}

__attribute__((constructor)) static void prepare_for_crashes(void) {
    signal(SIGSEGV, explain_crash);
}
#endif

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
    pthread_t thread;
    struct Start *next;
} Start;

/* Under the lock. */
static int live_threads;
static Start *started; /* and not ended */

static _Thread_local bool may_block;

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *), void *argument);

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
    forget_cancelled_frames(start);
    pthread_mutex_lock(&lock);
    Start **link = &started;
    while (*link != start) {
        link = &(*link)->next;
    }
    *link = (*link)->next;
    live_threads -= 1;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    __real_free(start);
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
    pthread_mutex_lock(&lock);
    *start = (Start){.run = run, .argument = argument, .next = started};
    started = start;
    live_threads += 1;
    int error =
        __real_pthread_create(&start->thread, attributes, run_counted, start);
    cr_assert_eq(error, 0, "The system has no more threads.");
    *thread = start->thread;
    pthread_mutex_unlock(&lock);
    script.threads_started += 1;
    return 0;
}

int __real_pthread_cancel(pthread_t thread);
int __wrap_pthread_cancel(pthread_t thread);
int __wrap_pthread_cancel(pthread_t thread) {
    int result = __real_pthread_cancel(thread);
    atomic_fetch_add(&script.cancels, 1);
    return result;
}

/*
 * What another thread is to do has its time, under any load: after that it is a
 * mistake with a sentence, and not a hang.
 */
enum { PATIENCE_S = 30 };

static struct timespec patience(void) {
    struct timespec until;
    timespec_get(&until, TIME_UTC);
    until.tv_sec += PATIENCE_S;
    return until;
}

/* Under the lock. Returns false when that was the last time. */
static bool await_change(const struct timespec *until) {
    return pthread_cond_timedwait(&changed, &lock, until) == 0;
}

void script_await_threads(void) {
    struct timespec until = patience();
    pthread_mutex_lock(&lock);
    while (live_threads > 0 && await_change(&until)) {
    }
    int left = live_threads;
    pthread_mutex_unlock(&lock);
    cr_assert_eq(left, 0,
                 "%d watching threads were to wake and end, and have not ended "
                 "in %d seconds.",
                 left, PATIENCE_S);
}

static bool has_ended(pthread_t thread) {
    for (const Start *start = started; start != NULL; start = start->next) {
        if (pthread_equal(start->thread, thread)) {
            return false;
        }
    }
    return true;
}

int __real_pthread_join(pthread_t thread, void **result_out);
int __wrap_pthread_join(pthread_t thread, void **result_out);
int __wrap_pthread_join(pthread_t thread, void **result_out) {
    struct timespec until = patience();
    pthread_mutex_lock(&lock);
    while (!has_ended(thread) && await_change(&until)) {
    }
    bool ended = has_ended(thread);
    pthread_mutex_unlock(&lock);
    cr_assert(ended,
              "A thread was to end and is waited for, and has not ended in %d "
              "seconds (threads cancelled so far: %d).",
              PATIENCE_S, script.cancels);
    return __real_pthread_join(thread, result_out);
}

static _Atomic(pthread_mutex_t *) destroyed; /* the latest */

/* As for other threads: a lock that nobody lets go is no hang. */
int __real_pthread_mutex_lock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex) {
    if (mutex == &lock) {
        return __real_pthread_mutex_lock(mutex);
    }
    if (mutex == atomic_load(&destroyed)) {
        fprintf(stderr,
                "A lock was taken that had been destroyed (so far: "
                "%s).\n",
                trace_or_nothing(trace_text()));
        abort();
    }
    time_t until = time(NULL) + PATIENCE_S;
    while (pthread_mutex_trylock(mutex) == EBUSY) {
        if (time(NULL) > until) {
            fprintf(stderr,
                    "A lock was waited for, and not let go in %d seconds (so "
                    "far: %s).\n",
                    PATIENCE_S, trace_or_nothing(trace_text()));
            abort();
        }
        sched_yield();
    }
    return 0;
}

int __real_pthread_mutex_init(pthread_mutex_t *mutex,
                              const pthread_mutexattr_t *attributes);
int __wrap_pthread_mutex_init(pthread_mutex_t *mutex,
                              const pthread_mutexattr_t *attributes);
int __wrap_pthread_mutex_init(pthread_mutex_t *mutex,
                              const pthread_mutexattr_t *attributes) {
    if (script.mutex_error != 0) {
        return script.mutex_error;
    }
    atomic_store(&destroyed, NULL);
    atomic_fetch_add(&script.locks, 1);
    return __real_pthread_mutex_init(mutex, attributes);
}

int __real_pthread_mutex_destroy(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_destroy(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_destroy(pthread_mutex_t *mutex) {
    atomic_store(&destroyed, mutex);
    atomic_fetch_sub(&script.locks, 1);
    return __real_pthread_mutex_destroy(mutex);
}

int __real_pthread_cond_destroy(pthread_cond_t *condition);
int __wrap_pthread_cond_destroy(pthread_cond_t *condition);
int __wrap_pthread_cond_destroy(pthread_cond_t *condition) {
    atomic_fetch_sub(&script.locks, 1);
    return __real_pthread_cond_destroy(condition);
}

int __real_pthread_cond_init(pthread_cond_t *condition,
                             const pthread_condattr_t *attributes);
int __wrap_pthread_cond_init(pthread_cond_t *condition,
                             const pthread_condattr_t *attributes);
int __wrap_pthread_cond_init(pthread_cond_t *condition,
                             const pthread_condattr_t *attributes) {
    if (script.condition_error != 0) {
        return script.condition_error;
    }
    atomic_fetch_add(&script.locks, 1);
    return __real_pthread_cond_init(condition, attributes);
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
    enum { MOST = 10000 };
    static int reads;
    reads += 1;
    cr_assert(reads <= MOST,
              "A socket was read %d times: it is read again and again, "
              "whatever the read answers.",
              MOST);
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

static void stand(Other *other) {
    pthread_mutex_lock(&lock);
    other->standing = true;
    pthread_cond_broadcast(&changed);
    while (!other->released) {
        pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);
}

static size_t tasks_pending(void) {
    Executor *executor = local_executor();
    return executor == NULL ? 0 : executor_pending_tasks(executor);
}

/* The executor's thread: what it does between taking its notes and the next
 * time, counted against loops without an end. */
static int notes_of_batch, runs_of_batch;
static int asked_since_batch, announced_since_batch;

static void begin_batch(void) {
    notes_of_batch = runs_of_batch = 0;
    asked_since_batch = announced_since_batch = 0;
}

static Mailbox *mailbox_in_use; /* the executor's thread */

Note __real_mailbox_push(Mailbox *mailbox, Task *task);
unsigned __wrap_mailbox_push(Mailbox *mailbox, Task *task);
unsigned __wrap_mailbox_push(Mailbox *mailbox, Task *task) {
    if (myself != NULL && myself->stops_before_push) {
        stand(myself);
    }
    if (was_freed(mailbox) || was_freed(task)) {
        return NOTE_LEFT;
    }
    atomic_fetch_add(&script.pushes, 1);
    Note note = __real_mailbox_push(mailbox, task);
    if (myself != NULL && myself->stops_after_push) {
        stand(myself);
    }
    fire(&script.after_push);
    return note;
}

static bool announced; /* by the latest answer */

bool __real_mailbox_announce_sleep(Mailbox *mailbox);
bool __wrap_mailbox_announce_sleep(Mailbox *mailbox);
bool __wrap_mailbox_announce_sleep(Mailbox *mailbox) {
    enum { MOST = 10000 };
    announced_since_batch += 1;
    cr_assert(announced_since_batch <= MOST,
              "The executor has announced a sleep %d times without taking its "
              "notes in between (tasks pending: %zu; so far: %s).",
              MOST, tasks_pending(), trace_or_nothing(trace_text()));
    fire(&script.before_announce);
    announced = __real_mailbox_announce_sleep(mailbox);
    if (announced) {
        fire(&script.after_announce);
    }
    return announced;
}

/* The list in a socket, as its watching thread has it. */
static _Thread_local Socket *socket_of_thread;

static void assert_guarded(void) {
    if (socket_of_thread != NULL &&
        pthread_mutex_trylock(&socket_of_thread->lock) == 0) {
        atomic_fetch_add(&script.unguarded, 1);
        pthread_mutex_unlock(&socket_of_thread->lock);
    }
}

void __real_waiter_list_move(WaiterList *from, WaiterList *to);
void __wrap_waiter_list_move(WaiterList *from, WaiterList *to);
void __wrap_waiter_list_move(WaiterList *from, WaiterList *to) {
    if (may_block) {
        char *list = (char *)from;
        socket_of_thread = (Socket *)(void *)(list - offsetof(Socket, readers));
    }
    assert_guarded();
    __real_waiter_list_move(from, to);
}

Waker __real_waiter_list_take_first(WaiterList *list);
struct Waker __wrap_waiter_list_take_first(WaiterList *list);
struct Waker __wrap_waiter_list_take_first(WaiterList *list) {
    assert_guarded();
    return __real_waiter_list_take_first(list);
}

Task *__real_mailbox_take_all(Mailbox *mailbox);
struct Task *__wrap_mailbox_take_all(Mailbox *mailbox);
struct Task *__wrap_mailbox_take_all(Mailbox *mailbox) {
    cr_assert(script.batches_left > 0,
              "The executor takes one batch after the other and does not come "
              "to an end (tasks pending: %zu; so far: %s).",
              tasks_pending(), trace_or_nothing(trace_text()));
    script.batches_left -= 1;
    begin_batch();
    mailbox_in_use = mailbox;
    Task *taken = __real_mailbox_take_all(mailbox);
    fire(&script.after_take);
    return taken;
}

Task *__real_mailbox_close(Mailbox *mailbox);
struct Task *__wrap_mailbox_close(Mailbox *mailbox);
struct Task *__wrap_mailbox_close(Mailbox *mailbox) {
    begin_batch();
    mailbox_in_use = mailbox;
    return __real_mailbox_close(mailbox);
}

Mailbox *script_mailbox(void) {
    return mailbox_in_use;
}

/* How many notes are in it. The marks of mailbox.c are known by what they do. */
static int count_notes(void) {
    enum { MANY = 1000 };
    Mailbox *mailbox = mailbox_in_use;
    if (mailbox == NULL || mailbox_is_closed(mailbox)) {
        return 0;
    }
    if (__real_mailbox_announce_sleep(mailbox)) {
        __real_mailbox_take_all(mailbox);
        return 0;
    }
    int notes = 0;
    const Task *task = atomic_load(&mailbox->newest);
    while (task != NULL && notes < MANY && task->executor != NULL) {
        notes += 1;
        task = task->next_note;
    }
    return notes;
}

void __real_task_take_note(Task *task);
void __wrap_task_take_note(Task *task);
void __wrap_task_take_note(Task *task) {
    enum { MOST = 50000 };
    notes_of_batch += 1;
    cr_assert(notes_of_batch <= MOST,
              "The executor has read %d notes that it took at once: the walk "
              "over them has no end.",
              MOST);
    cr_assert(!was_freed(task),
              "A note was read whose task had been freed: the note came out "
              "of the mailbox, and had kept its task no longer.");
    cr_assert(task->executor == local_executor(),
              "What was read from the mailbox is no task of this executor.");
    __real_task_take_note(task);
    fire(&script.after_note_read);
}

/* A task that is queued twice makes a ring of its batch. */
void __real_task_run(Task *task);
void __wrap_task_run(Task *task);
void __wrap_task_run(Task *task) {
    enum { MOST = 50000 };
    runs_of_batch += 1;
    cr_assert(runs_of_batch <= MOST,
              "The executor has run tasks %d times without a look at its "
              "mailbox: its batch is a ring, or has no end.",
              MOST);
    cr_assert(!was_freed(task),
              "A task that came out of the ready queue had been freed while it "
              "was in it.");
    __real_task_run(task);
}

/* All are cancelled until none is left. */
void __real_task_cancel(Task *task);
void __wrap_task_cancel(Task *task);
void __wrap_task_cancel(Task *task) {
    enum { MOST = 100000 };
    static int cancelled;
    cancelled += 1;
    cr_assert(cancelled <= MOST,
              "Tasks were cancelled %d times, and that is no end: a task that "
              "was cancelled stays among those that have not completed (tasks "
              "pending: %zu).",
              MOST, tasks_pending());
    __real_task_cancel(task);
}

bool __real_task_has_waker(const Task *task);
bool __wrap_task_has_waker(const Task *task);
bool __wrap_task_has_waker(const Task *task) {
    enum { MOST = 100000 };
    asked_since_batch += 1;
    cr_assert(asked_since_batch <= MOST,
              "Between two batches tasks were asked %d times whether they have "
              "a waker: the executor's list of them is a ring (tasks pending: "
              "%zu).",
              MOST, tasks_pending());
    fire(&script.before_waker_count);
    return __real_task_has_waker(task);
}

static bool was_called(Parker *parker) {
    pthread_mutex_lock(&parker->lock);
    bool called = parker->unparked;
    pthread_mutex_unlock(&parker->lock);
    return called;
}

static void assert_somebody_called(Parker *parker) {
    if (was_called(parker)) {
        return;
    }
    const ReadyQueue *queue = (const ReadyQueue *)(void *)local_executor();
    const char *so_far = trace_or_nothing(trace_text());
    cr_assert(ready_queue_is_empty(queue),
              "The executor went to sleep for ever although a task is in its "
              "ready queue (tasks pending: %zu; so far: %s).",
              tasks_pending(), so_far);
    int notes = count_notes();
    cr_assert(notes == 0 || announced,
              "The executor went to sleep for ever although its mailbox had "
              "refused the announcement: there was a note (tasks pending: %zu; "
              "so far: %s).",
              tasks_pending(), so_far);
    cr_assert(notes == 0,
              "The executor sleeps for ever: it had announced that, and was "
              "not called for the note that came then (notes: %d; tasks "
              "pending: %zu; so far: %s).",
              notes, tasks_pending(), so_far);
    cr_assert_fail("The executor went to sleep for ever: its ready queue and "
                   "its mailbox are empty, and no thread is left that could "
                   "leave a note (tasks pending: %zu; so far: %s).",
                   tasks_pending(), so_far);
}

/* Sleeps only if the sleep has an end: a call, or a thread that may call. */
void __real_parker_park(Parker *parker);
void __wrap_parker_park(Parker *parker);
void __wrap_parker_park(Parker *parker) {
    script.parks += 1;
    fire(&script.before_park);
    struct timespec until = patience();
    pthread_mutex_lock(&lock);
    while (!was_called(parker) && live_threads > 0 && await_change(&until)) {
    }
    int watching = live_threads;
    pthread_mutex_unlock(&lock);
    cr_assert(watching == 0 || was_called(parker),
              "The executor has slept for %d seconds; %d threads watch sockets "
              "and do not wake it (tasks pending: %zu; so far: %s).",
              PATIENCE_S, watching, tasks_pending(),
              trace_or_nothing(trace_text()));
    assert_somebody_called(parker);
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

void other_start_and_push(Other *other, void (*act)(void *), void *argument) {
    *other =
        (Other){.act = act, .argument = argument, .stops_after_push = true};
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
