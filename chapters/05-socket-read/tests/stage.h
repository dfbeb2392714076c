/*
 * An executor to test with, and the few steps that every test here takes.
 */
#ifndef STAGE_H
#define STAGE_H

#include <criterion/criterion.h>
#include <errno.h>

#include "executor.h"
#include "probe.h"
#include "script.h"

/* An executor without tasks. */
Executor *stage_open(void);

/* Frees it; fails unless all memory of the chapter's code came back. */
void stage_close(Executor *executor);

/* Fails unless all memory of the chapter's code came back. */
void stage_assert_nothing_left(void);

/* A task that polls and drops `future`, which stays where it is. */
void stage_spawn(Executor *executor, Future *future);

/* The same, with a handle; `drop_handle` ends it. */
JoinHandle stage_spawn_with_handle(Executor *executor, Future *future);
void drop_handle(JoinHandle *handle);

/* Polls each task that is queued now, once; then comes back. */
void stage_run_batch(Executor *executor);

/* A clone of the waker that a pending future kept. */
Waker clone_kept(const ProbeFuture *future);

/* For on_another_thread(); the argument is a Waker. */
void wake_by_ref(void *waker);
void wake_and_consume(void *waker);

/* Runs the executor while its tasks wait for nobody in this test. */
#define assert_runs_to_the_end(executor)                                       \
    do {                                                                       \
        int result_of_run = executor_run(executor);                            \
        cr_assert_eq(result_of_run, 0,                                         \
                     "executor_run() gave up (%d) although a task was queued " \
                     "or a waker was held: it returns 0 once all tasks have "  \
                     "completed.",                                             \
                     result_of_run);                                           \
    } while (0)

/* Runs it until what is left waits for somebody whom nobody knows. */
#define assert_runs_until_stuck(executor)                                      \
    do {                                                                       \
        int result_of_run = executor_run(executor);                            \
        cr_assert_eq(result_of_run, -EDEADLK,                                  \
                     "A task is pending and nobody has a waker of it, yet "    \
                     "executor_run() answered %d instead of -EDEADLK.",        \
                     result_of_run);                                           \
    } while (0)

#endif
