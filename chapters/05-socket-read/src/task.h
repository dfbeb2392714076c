/** @file
 * A future that an executor polls for you, and the wakers that name it. A task
 * is one block of memory: the bookkeeping below, and behind it the future. The
 * executor until it has completed, each waker, each note and the join handle
 * hold a reference; the last one to go frees the block. The future is dropped
 * earlier: when it is cancelled, or has completed and has no join handle.
 * Pointers are borrowed, unless said to be owned. Rules: docs/headers.md. */
#ifndef TASK_H
#define TASK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "future.h"
#include "waiter.h"

typedef struct Executor Executor; /**< See executor.h. */

/** A future under an executor's care. Its members are task.c's business. */
typedef struct Task {
    atomic_uint references; /**< Any thread. */
    atomic_bool noted;      /**< Any thread: NOTED, see task.c. */

    bool queued : 1;     /**< QUEUED, see the diagram in task.c. */
    bool completed : 1;  /**< COMPLETED, see there. */
    bool cancelled : 1;  /**< Completed without being ready. */
    bool has_handle : 1; /**< A join handle holds one of the references. */

    struct Task *next_note;   /**< The mailbox's while NOTED stands. */
    struct Task *next_ready;  /**< The ready queue's while QUEUED stands. */
    struct Task *prev, *next; /**< Among the tasks that have not completed. */
    WaiterList joiners; /**< The join handle, while it waits for the end. */
    Executor *executor; /**< Never changes; keeps the executor's memory. */

    _Alignas(max_align_t) unsigned char future[]; /**< Moved here. */
} Task;

/** Moves a future into a new task of the executor's, to be polled first.
 * `task_out` is borrowed: the one reference is the executor's. Errors:
 * `-ENOMEM`. */
int task_new(Executor *executor, const Future *future, size_t size,
             Task **task_out);

/** Polls a task that came out of the ready queue; may free it. */
void task_run(Task *task);

/** Queues a task whose note was taken; consumes the note's reference. */
void task_take_note(Task *task);

/** Ends a task, dropping its future; may free it. Not from within its poll. */
void task_cancel(Task *task);

/** Whether a waker, or a note that has not been read, can still wake it. */
bool task_has_waker(const Task *task);

/** The future in a task. */
static inline Future *task_future(Task *task) {
    return (Future *)(void *)task->future;
}

/** Adds a reference. Any thread that has one. */
void task_retain(Task *task);

/** Gives a reference back; the last one frees the task. Any thread. */
void task_release(Task *task);

#endif
