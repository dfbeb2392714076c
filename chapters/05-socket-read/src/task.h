/**
 * @file
 * A future that an executor polls for you, and the wakers that name it.
 *
 * A task is one block of memory: the bookkeeping below, and behind it the
 * future itself. The executor holds one reference to it until it has
 * completed; each waker and a join handle hold one more. The last reference
 * to go frees the block. The future in it is dropped earlier: as soon as the
 * task completes, on the executor's thread.
 */
#ifndef TASK_H
#define TASK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "future.h"

/** See executor.h. */
typedef struct Executor Executor;

/** See join_handle.h. */
typedef struct JoinHandle JoinHandle;

/** A future under an executor's care. Its members are task.c's business. */
typedef struct Task {
    /** The ready queue's, while QUEUED stands: the task behind this one. */
    struct Task *next;

    /** Any thread: wakers, join handle, and the executor's own. */
    atomic_uint references;
    /** Any thread: QUEUED and COMPLETED, see the diagram in task.c. */
    atomic_uchar state;

    /** Executor's thread: a join handle holds one of the references. */
    bool has_handle;
    /** Executor's thread: completed without being ready. */
    bool cancelled;
    /** Executor's thread: its future is being polled at this moment. */
    bool running;

    /** Never changes; holds one of the executor's references. */
    Executor *executor;
    /** Executor's thread: neighbours among the tasks not yet completed. */
    struct Task *newer, *older;
    /** Executor's thread: who waits for the end; `NULL` if nobody. */
    JoinHandle *joiner;

    /** The future, moved here by task_new(). */
    _Alignas(max_align_t) unsigned char future[];
} Task;

/**
 * Moves a future into a new task, queued for its first poll. Executor's
 * thread.
 *
 * @param[in,out] executor  borrowed; takes care of the task from now on.
 * @param[in] future        not polled yet; moved away, unless this fails.
 * @param[in] size          of the concrete future, in bytes.
 * @param[out] task_out     borrowed from the executor.
 * @return 0, or `-ENOMEM`: then the future is still the caller's.
 */
int task_new(Executor *executor, const Future *future, size_t size,
             Task **task_out);

/**
 * Polls a task that came out of the ready queue. Executor's thread.
 *
 * @param[in,out] task  QUEUED stands; may be freed by this.
 */
void task_run(Task *task);

/**
 * Ends a task that has not completed: its future is dropped now, whether it
 * waits or is queued. Executor's thread, not from within its own poll.
 *
 * @param[in,out] task  borrowed; may be freed by this.
 */
void task_cancel(Task *task);

/**
 * Whether the future is gone: ready, or cancelled.
 *
 * @param[in] task  borrowed.
 * @return true once it is; no other thread's work can undo it.
 */
bool task_is_completed(const Task *task);

/**
 * Whether anybody has a waker of this task. Executor's thread.
 *
 * @param[in] task  borrowed; not completed.
 * @return false if no thread can wake it any more.
 */
bool task_has_waker(const Task *task);

/**
 * Adds a reference. Any thread that has one.
 *
 * @param[in,out] task  borrowed.
 */
void task_retain(Task *task);

/**
 * Gives a reference back; the last one frees the task. Any thread.
 *
 * @param[in,out] task  consumed.
 */
void task_release(Task *task);

#endif
