/*
 * An executor to test with, and the few steps that every test here takes.
 */
#ifndef STAGE_H
#define STAGE_H

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>

#include "error_name.h"
#include "executor.h"
#include "probe.h"

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

/* Either, of a probe's future that is pending `pending` times. */
void stage_spawn_probe(Executor *executor, ProbeFuture *probe, const char *name,
                       int pending);
JoinHandle stage_spawn_probe_with_handle(Executor *executor, ProbeFuture *probe,
                                         const char *name, int pending);

/* Polls each task that is queued now, once; then comes back. */
void stage_run_batch(Executor *executor);

/* How many tasks are in the ready queue; at most 1000, for it may be a ring. */
int stage_queued(Executor *executor);

/* How many tasks are in memory: the executor's own blocks do not count. */
int stage_tasks(void);

/* A clone of the waker that a pending future kept. */
Waker clone_kept(const ProbeFuture *future);

/* For on_another_thread(); the argument is a Waker. */
void wake_by_ref(void *waker);
void wake_and_consume(void *waker);

/*
 * Misuse, which an assertion is to stop with this sentence: the test has
 * `.signal = SIGABRT`. With NDEBUG nothing stops it; see STOPS.
 */
void expect_assertion(const char *sentence);

/*
 * A test of misuse goes to its end with NDEBUG only, and looks there at what the
 * misuse has done: Test(misuse, name, .timeout = 60, STOPS).
 */
#ifdef NDEBUG
#define STOPS .signal = 0
#else
#define STOPS .signal = SIGABRT
#endif

/* What was misused has come back: fails unless this is an NDEBUG build. */
void assert_without_assertions(const char *what);

/* The same; and there the answer has to be -EPERM. */
void assert_refused(int answer, const char *what);

/* Runs the executor while its tasks wait for nobody in this test. */
#define assert_runs_to_the_end(executor)                                       \
    do {                                                                       \
        int result_of_run = executor_run(executor);                            \
        cr_assert_eq(result_of_run, 0,                                         \
                     "executor_run() answered %s instead of 0 (tasks "         \
                     "pending: %zu).",                                         \
                     error_name(result_of_run),                                \
                     executor_pending_tasks(executor));                        \
    } while (0)

/* Runs it until what is left waits for somebody whom nobody knows. */
#define assert_runs_until_stuck(executor)                                      \
    do {                                                                       \
        int result_of_run = executor_run(executor);                            \
        cr_assert_eq(result_of_run, -EDEADLK,                                  \
                     "No waker of the tasks that are pending is left, and "    \
                     "executor_run() answered %s instead of -EDEADLK (tasks "  \
                     "pending: %zu).",                                         \
                     error_name(result_of_run),                                \
                     executor_pending_tasks(executor));                        \
    } while (0)

#endif
