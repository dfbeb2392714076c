#include "stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ready_queue.h"
#include "script_memory.h"

static int blocks_of_executor;

Executor *stage_open(void) {
    int before = script_blocks;
    Executor *executor = NULL;
    int result = executor_new(&executor);
    cr_assert_eq(result, 0,
                 "executor_new() answered %s, and nothing was "
                 "refused.",
                 error_name(result));
    blocks_of_executor = script_blocks - before;
    return executor;
}

int stage_tasks(void) {
    return script_blocks - blocks_of_executor;
}

void stage_assert_nothing_left(void) {
    cr_assert_eq(script_freed_twice, 0,
                 "A block of memory was freed twice: one reference was given "
                 "back two times.");
    cr_assert_eq(script_used_after_free(), 0,
                 "Memory of a task or of the executor was used after it had "
                 "been freed (blocks and calls: %d).",
                 script_used_after_free());
    cr_assert_eq(script_blocks, 0,
                 "All is over and %d blocks of memory are left, of tasks or "
                 "of the executor: a reference was not given back.",
                 script_blocks);
}

void stage_close(Executor *executor) {
    executor_free(executor);
    stage_assert_nothing_left();
}

/* A task moves its future; the tests' futures are looked at from outside. */
typedef struct Lent {
    Future future;
    Future *lent;
} Lent;

static Poll lent_poll(Future *future, Context *context) {
    return future_poll(((Lent *)future)->lent, context);
}

static void lent_drop(Future *future) {
    future_drop(((Lent *)future)->lent);
}

static void spawn(Executor *executor, Future *future, JoinHandle *handle) {
    static const FutureVtable vtable = {lent_poll, lent_drop};
    Lent lent = {{&vtable}, future};
    Spawner spawner = executor_spawner(executor);
    int result = spawner_spawn(&spawner, &lent.future, sizeof lent, handle);
    cr_assert_eq(result, 0,
                 "spawner_spawn() answered %s, and nothing was refused.",
                 error_name(result));
}

void stage_spawn(Executor *executor, Future *future) {
    spawn(executor, future, NULL);
}

JoinHandle stage_spawn_with_handle(Executor *executor, Future *future) {
    JoinHandle handle;
    spawn(executor, future, &handle);
    return handle;
}

void stage_spawn_probe(Executor *executor, ProbeFuture *probe, const char *name,
                       int pending) {
    probe_future_init(probe, name, pending);
    stage_spawn(executor, &probe->future);
}

JoinHandle stage_spawn_probe_with_handle(Executor *executor, ProbeFuture *probe,
                                         const char *name, int pending) {
    probe_future_init(probe, name, pending);
    return stage_spawn_with_handle(executor, &probe->future);
}

void drop_handle(JoinHandle *handle) {
    future_drop(&handle->future);
}

/* A future that is ready at once comes behind all that is queued. */
void stage_run_batch(Executor *executor) {
    ProbeFuture last;
    probe_future_init(&last, "last", 0);
    last.silent = true;
    int result = executor_block_on(executor, &last.future);
    cr_assert_eq(result, 0,
                 "executor_block_on() answered %s for a future that is ready "
                 "at its first poll, which it got %d times.",
                 error_name(result), last.polls);
    cr_assert_eq(last.polls, 1,
                 "A future that is ready at its first poll was "
                 "polled %d times.",
                 last.polls);
}

int stage_queued(Executor *executor) {
    enum { MOST = 1000 };
    const ReadyQueue *queue = (const ReadyQueue *)(const void *)executor;
    int queued = 0;
    const Task *task = queue->first;
    for (; task != NULL && queued < MOST; task = task->next_ready) {
        queued += 1;
    }
    return queued;
}

Waker clone_kept(const ProbeFuture *future) {
    cr_assert(!waker_is_empty(&future->kept),
              "Future %s keeps no waker: it was not polled, or it was not "
              "pending.",
              future->name);
    return waker_clone(&future->kept);
}

void wake_by_ref(void *waker) {
    waker_wake_by_ref(waker);
}

void wake_and_consume(void *waker) {
    waker_wake(waker);
}

/* --- Misuse ---------------------------------------------------------------- */

#ifndef NDEBUG
static const char *expected_sentence;
static FILE *said;

/* Windows says it in characters of two bytes: leaves out the zeroes. */
static void read_what_was_said(char *text, size_t capacity) {
    size_t length = 0;
    fflush(stderr);
    rewind(said);
    for (int c = getc(said); c != EOF && length < capacity - 1;
         c = getc(said)) {
        if (c != '\0') {
            text[length++] = (char)c;
        }
    }
    text[length] = '\0';
}

/* Passes the signal on if the assertion was the one that was meant. */
static void look_at_what_was_said(int signal_number) {
    static char text[4096];
    read_what_was_said(text, sizeof text);
    signal(signal_number, SIG_DFL);
    if (strstr(text, expected_sentence) == NULL) {
        printf("The assertion that stopped this was expected to say '%s'. It "
               "said: %s\n",
               expected_sentence, text);
        fflush(stdout);
        _exit(1);
    }
}

void expect_assertion(const char *sentence) {
    expected_sentence = sentence;
    said = tmpfile();
    cr_assert(said != NULL && dup2(fileno(said), fileno(stderr)) >= 0,
              "What the assertion says could not be sent to a file.");
    signal(SIGABRT, look_at_what_was_said);
}

void assert_without_assertions(const char *what) {
    printf("%s, and no assertion stopped it.\n", what);
    fflush(stdout);
    _exit(1);
}
#else
void expect_assertion(const char *sentence) {
    (void)sentence;
}

void assert_without_assertions(const char *what) {
    (void)what;
}
#endif

void assert_refused(int answer, const char *what) {
    assert_without_assertions(what);
    cr_assert_eq(answer, -EPERM, "%s: it answered %s instead of -EPERM.", what,
                 error_name(answer));
}
