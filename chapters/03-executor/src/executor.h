/**
 * @file
 * Polls tasks when they are woken, and sleeps when none is.
 *
 * One thread makes an executor, runs it and frees it. It spawns, cancels and
 * joins its tasks; any other thread may wake them. What is done on another
 * thread is refused: it is a mistake, so it fails an assertion, and with
 * `NDEBUG` returns `-EPERM` or does nothing.
 */
#ifndef EXECUTOR_H
#define EXECUTOR_H

#include <stddef.h>

#include "spawner.h"

/**
 * Makes an executor without tasks: this thread's, so it has no other.
 *
 * @param[out] executor_out  to be given to executor_free().
 * @return 0, `-ENOMEM`, or the error of whatever it sleeps with; `-EPERM` if
 *         this thread has one.
 */
int executor_new(Executor **executor_out);

/**
 * Cancels all tasks that are left and gives the executor up. Not while it runs
 * or cancels, and not from within the poll of a future.
 *
 * Wakers of its tasks may go on to be used, on any thread: they do nothing. Its
 * join handles may be dropped before or after it.
 *
 * @param[in,out] executor  consumed.
 */
void executor_free(Executor *executor);

/** What local_executor() returns; only executor.c changes it. */
extern _Thread_local Executor *executor_of_thread;

/**
 * The executor of this thread.
 *
 * @return borrowed; `NULL` if this thread has none.
 */
static inline Executor *local_executor(void) {
    return executor_of_thread;
}

/**
 * What spawns tasks here.
 *
 * @param[in] executor  borrowed for as long as the spawner is used.
 * @return a spawner; it owns nothing.
 */
Spawner executor_spawner(Executor *executor);

/**
 * How many tasks have not completed. Executor's thread.
 *
 * @param[in] executor  borrowed.
 * @return their number.
 */
size_t executor_pending_tasks(const Executor *executor);

/**
 * Runs until no task is left. Not from within a poll.
 *
 * @param[in,out] executor  borrowed.
 * @return 0 once all have completed; `-EDEADLK` if no task can run, and no
 *         waker of any of them is left; or the error of whatever it sleeps
 *         with. Tasks that wait for each other in a circle have wakers of each
 *         other: that is not noticed, and sleeps for ever. Nor is it noticed
 *         when another thread drops the last waker during a sleep.
 */
int executor_run(Executor *executor);

/**
 * Runs until one future is ready; other tasks run meanwhile. Not from within a
 * poll.
 *
 * @param[in,out] executor  borrowed.
 * @param[in,out] future    borrowed; not ready yet. It is not dropped.
 * @return 0 once it is ready; `-ENOMEM`; `-EDEADLK` if no waker of it is left;
 *         `-ECANCELED` if a waker or a drop called executor_cancel_all();
 *         or the error of whatever the executor sleeps with. With an error, it
 *         is still pending.
 */
int executor_block_on(Executor *executor, Future *future);

/**
 * Cancels all tasks that are left: when this returns, their futures have been
 * dropped. Not from within a poll.
 *
 * @param[in,out] executor  borrowed; may be used again.
 */
void executor_cancel_all(Executor *executor);

#endif
