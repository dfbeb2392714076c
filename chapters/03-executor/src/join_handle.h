/**
 * @file
 * The future of a task's end.
 *
 * Everything here happens on the executor's thread. A handle may be dropped
 * before or after its executor is freed.
 */
#ifndef JOIN_HANDLE_H
#define JOIN_HANDLE_H

#include <stdbool.h>

#include "task.h"

/** Waits for a task; also its output's owner. Rust: `JoinHandle`. */
typedef struct JoinHandle {
    /** Ready when the task has completed or was cancelled. Dropping it leaves
     * the task to itself, and drops an output that was not taken. */
    Future future;
    /** Holds one reference. */
    Task *task;
    /** Our node in the task's list. */
    Waiter waiter;
} JoinHandle;

/**
 * Makes the handle of a new task; spawner_spawn() does it for you.
 *
 * @param[out] self      memory of the caller's; to be dropped as a future.
 * @param[in,out] task   gets one more reference. It has no other handle.
 */
void join_handle_init(JoinHandle *self, Task *task);

/**
 * Whether the task has completed or was cancelled.
 *
 * @param[in] self  borrowed.
 * @return true if its future will not be polled any more.
 */
bool join_handle_is_finished(const JoinHandle *self);

/**
 * The future that has become ready, with its output in it.
 *
 * @param[in] self  borrowed.
 * @return the concrete future, dropped together with the handle; `NULL` while
 *         it is pending, and if it was cancelled.
 */
Future *join_handle_output(const JoinHandle *self);

/**
 * Cancels the task, if it is not finished: when this returns, its future has
 * been dropped. Not from within the task's own poll: return there instead.
 *
 * @param[in,out] self  borrowed; still to be dropped.
 */
void join_handle_cancel(JoinHandle *self);

#endif
