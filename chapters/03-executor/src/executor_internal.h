/** @file
 * What a task asks of its executor. For task.c and join_handle.c only.
 * Pointers are borrowed, unless said to be owned. Rules: docs/headers.md. */
#ifndef EXECUTOR_INTERNAL_H
#define EXECUTOR_INTERNAL_H

#include "ready_queue.h"
#include "task.h"

/** Takes a new task into care; it is one more reference to the executor. */
void executor_adopt(Executor *executor, Task *task);

/** Lets a completed task go. */
void executor_disown(Executor *executor, Task *task);

/** Puts a task, whose QUEUED bit has just been set, into the ready queue. */
static inline void executor_queue(Executor *executor, Task *task) {
    ReadyQueue *queue = (ReadyQueue *)(void *)executor; /* its first member */
    ready_queue_append(queue, task);
}

/** Leaves a note of a task, whose NOTED bit has just been set, and calls the
 * executor if it sleeps; gives the note back if it is gone. Another thread. */
void executor_leave_note(Executor *executor, Task *task);

/** Whether a task, or any if `NULL`, is being polled at this moment. */
bool executor_is_polling(const Executor *executor, const Task *task);

/** Whether this is the executor's thread, or it has been freed. Any thread. */
bool executor_is_here(const Executor *executor);

/** Gives back a reference; the last one frees the memory. Any thread. */
void executor_release(Executor *executor);

#endif
