#include "stage.h"

Executor *stage_open(void) {
    Executor *executor = NULL;
    int result = executor_new(&executor);
    cr_assert_eq(result, 0, "executor_new() failed (%d), with nothing refused.",
                 result);
    return executor;
}

void stage_assert_nothing_left(void) {
    cr_assert_eq(script.live_blocks, 0,
                 "%d blocks of memory are left: each reference to a task has "
                 "to be given back once, and the last one frees it.",
                 script.live_blocks);
    cr_assert_eq(script.freed_twice, 0,
                 "A block of memory was freed twice: one reference was given "
                 "back two times.");
    cr_assert_eq(script_used_after_free(), 0,
                 "Memory was used after it had been freed: a task has to stay "
                 "until its last waker is gone, and the executor as long as "
                 "any of its tasks.");
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
    cr_assert_eq(result, 0, "spawner_spawn() failed (%d), nothing was refused.",
                 result);
}

void stage_spawn(Executor *executor, Future *future) {
    spawn(executor, future, NULL);
}

JoinHandle stage_spawn_with_handle(Executor *executor, Future *future) {
    JoinHandle handle;
    spawn(executor, future, &handle);
    return handle;
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
                 "executor_block_on() answered %d for a future that is ready "
                 "at its first poll.",
                 result);
    cr_assert_eq(last.polls, 1,
                 "A future that is ready at its first poll was "
                 "polled %d times.",
                 last.polls);
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
