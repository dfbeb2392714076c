/**
 * @file
 * What a task asks of its executor. For task.c and join_handle.c only.
 */
#ifndef EXECUTOR_INTERNAL_H
#define EXECUTOR_INTERNAL_H

#include "ready_queue.h"
#include "task.h"

/**
 * Takes a new task into care. Executor's thread.
 *
 * @param[in,out] executor  gets one more reference: the task's.
 * @param[in,out] task      borrowed until executor_disown().
 */
void executor_adopt(Executor *executor, Task *task);

/**
 * Lets a completed task go. Executor's thread.
 *
 * @param[in,out] executor  borrowed.
 * @param[in,out] task      adopted by it.
 */
void executor_disown(Executor *executor, Task *task);

/**
 * Puts a task into the ready queue. Executor's thread.
 *
 * @param[in,out] executor  borrowed.
 * @param[in,out] task      its QUEUED bit has just been set.
 */
static inline void executor_queue(Executor *executor, Task *task) {
    ReadyQueue *queue = (ReadyQueue *)(void *)executor; /* its first member */
    ready_queue_append(queue, task);
}

/**
 * Leaves a note in the mailbox, and calls the executor if it sleeps. Any thread
 * but the executor's.
 *
 * @param[in,out] executor  kept by the caller's waker.
 * @param[in,out] task      its NOTED bit has just been set. The note's
 *                          reference is given back if the executor is gone.
 */
void executor_leave_note(Executor *executor, Task *task);

/**
 * Whether a task is being polled at this moment. Executor's thread.
 *
 * @param[in] executor  borrowed.
 * @param[in] task      borrowed; `NULL` for any task.
 * @return true from within its poll.
 */
bool executor_is_polling(const Executor *executor, const Task *task);

/**
 * Whether a handle may be used here: on the executor's thread, or after the
 * executor has been freed.
 *
 * @param[in] executor  borrowed; kept by a task.
 * @return false on another thread.
 */
bool executor_is_here(const Executor *executor);

/**
 * Gives back a reference to the executor; the last one frees its memory. Any
 * thread.
 *
 * @param[in,out] executor  consumed.
 */
void executor_release(Executor *executor);

#endif
