/** @file
 * The future of a task's end. It may be dropped before or after the executor.
 * Pointers are borrowed, unless said to be owned. Rules: docs/headers.md. */
#ifndef JOIN_HANDLE_H
#define JOIN_HANDLE_H

#include <stdbool.h>

#include "task.h"

/** Ready when a task has ended; owns its output. Rust: `JoinHandle`. */
typedef struct JoinHandle {
    Future future; /**< Dropping it leaves the task to itself. */
    Task *task;    /**< Holds one reference. */
    Waiter waiter;
} JoinHandle;

/** Makes the one handle of a new task; spawner_spawn() does it for you. */
void join_handle_init(JoinHandle *self, Task *task);

/** Whether the task has completed or was cancelled. */
bool join_handle_is_finished(const JoinHandle *self);

/** The future that is ready, dropped with the handle; `NULL` without one. */
Future *join_handle_output(const JoinHandle *self);

/** Cancels the task, if it is not finished, and drops its future. Not from
 * within the task's own poll: return there instead. */
void join_handle_cancel(JoinHandle *self);

#endif
