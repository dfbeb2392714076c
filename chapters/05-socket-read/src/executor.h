/**
 * @file
 * Polls tasks when they are woken, and sleeps in the kernel when none is.
 *
 * One thread makes and runs an executor: its local executor. It spawns,
 * cancels and joins its tasks, and owns its sockets and timers; any other
 * thread may wake the tasks.
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
 * @return 0, `-ENOMEM`, or the error of io_blocker_new().
 */
int executor_new(Executor **executor_out);

/**
 * Cancels all tasks that are left and gives the executor up. Its thread.
 *
 * Wakers of its tasks may go on to be used, on any thread: they do nothing.
 *
 * @param[in,out] executor  consumed; no handle or spawner is used afterwards,
 *                          except that handles may still be dropped.
 */
void executor_free(Executor *executor);

/**
 * The executor of this thread.
 *
 * A socket could be given its executor when it is made. As in many runtimes,
 * it finds it in thread-local storage instead.
 *
 * @return borrowed; `NULL` if this thread has made none.
 */
Executor *local_executor(void);

/**
 * What the executor sleeps with. Executor's thread.
 *
 * @param[in] executor  borrowed.
 * @return borrowed.
 */
IoBlocker *executor_io_blocker(Executor *executor);

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
TimerList *executor_timers(Executor *executor);

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
 * Runs until no task is left. Executor's thread.
 *
 * @param[in,out] executor  borrowed.
 * @return 0 once all have completed; `-EDEADLK` if those that are left can
 *         never be woken, because nobody has a waker of any of them; or the
 *         error of io_blocker_block_until().
 */
int executor_run(Executor *executor);

/**
 * Runs until one future is ready; other tasks run meanwhile. Executor's
 * thread.
 *
 * @param[in,out] executor  borrowed.
 * @param[in,out] future    borrowed; not ready yet. It is not dropped.
 * @return 0 once it is ready, `-ENOMEM`, or as executor_run(): then it is
 *         still pending.
 */
int executor_block_on(Executor *executor, Future *future);

/**
 * Cancels all tasks that are left: when this returns, their futures have been
 * dropped. Executor's thread, not from within a poll.
 *
 * @param[in,out] executor  borrowed; may be used again.
 */
void executor_cancel_all(Executor *executor);

#endif
