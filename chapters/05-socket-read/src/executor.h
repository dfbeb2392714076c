/**
 * @file
 * Polls tasks when they are woken, and sleeps in the kernel when none is.
 *
 * One thread makes an executor, runs it and frees it. It spawns, cancels and
 * joins its tasks, and owns its sockets and timers; any other thread may wake
 * the tasks. What is done on another thread is refused: it is a mistake, so it
 * fails an assertion, and with `NDEBUG` returns `-EPERM` or does nothing.
 */
#ifndef EXECUTOR_H
#define EXECUTOR_H

#include <stddef.h>

#include "event_map.h"
#include "io_blocker.h"
#include "spawner.h"
#include "timer_future.h"

/**
 * Makes an executor without tasks: this thread's, so it has no other.
 *
 * @param[out] executor_out  to be given to executor_free().
 * @return 0, `-ENOMEM`, or the error of io_blocker_new(); `-EPERM` if
 *         this thread has one.
 */
int executor_new(Executor **executor_out);

/**
 * Cancels all tasks that are left and gives the executor up. Not while it runs
 * or cancels, and not from within the poll of a future.
 *
 * Wakers of its tasks may go on to be used, on any thread: they do nothing. Its
 * join handles, sockets and timers may be dropped before or after it; who polls
 * one that was pending is told `-ECANCELED`.
 *
 * @param[in,out] executor  consumed.
 */
void executor_free(Executor *executor);

/** What local_executor() returns; only executor.c changes it. */
extern _Thread_local Executor *executor_of_thread;

/**
 * The executor of this thread.
 *
 * A socket could be given its executor when it is made. As in many runtimes,
 * it finds it in thread-local storage instead.
 *
 * @return borrowed; `NULL` if this thread has none.
 */
static inline Executor *local_executor(void) {
    return executor_of_thread;
}

/**
 * Who waits for which socket. Executor's thread.
 *
 * @param[in] executor  borrowed.
 * @return borrowed.
 */
EventMap *executor_event_map(Executor *executor);

/**
 * Who waits for which moment. Executor's thread.
 *
 * @param[in] executor  borrowed.
 * @return borrowed.
 */
TimerHeap *executor_timers(Executor *executor);

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
 *         waker of any of them is left; or the error of
 *         io_blocker_block_until(). Tasks that wait for each other in a circle
 *         have wakers of each other: that is not noticed, and sleeps for ever.
 *         Nor is it noticed when another thread drops the last waker during a
 *         sleep.
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
 *         or the error of io_blocker_block_until(). With an error, it is still
 *         pending.
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
