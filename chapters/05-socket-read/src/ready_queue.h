/**
 * @file
 * The tasks that are to be polled. Only the executor's thread touches it.
 *
 * Intrusive: the links stand in the tasks, so that queueing a task allocates
 * nothing and cannot fail. The executor takes all there is in one go, in the
 * order in which it came in. What comes in while it works through that batch
 * waits for the next one, so a task that keeps waking itself has one turn a
 * batch, like every other.
 */
#ifndef READY_QUEUE_H
#define READY_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "task.h"

/** A list of tasks, the first one in front. It must not be moved. */
typedef struct ReadyQueue {
    /** The task to be polled first. */
    Task *first;
    /** The last one's `next_ready`, or `first` itself. */
    Task **end;
} ReadyQueue;

//! [queue]
/**
 * Makes an empty queue.
 *
 * @param[out] queue  memory of the caller's; holds nothing to release.
 */
static inline void ready_queue_init(ReadyQueue *queue) {
    queue->first = NULL;
    queue->end = &queue->first;
}

/**
 * Whether there is nothing to take.
 *
 * @param[in] queue  borrowed.
 * @return true if all that came in has been taken.
 */
static inline bool ready_queue_is_empty(const ReadyQueue *queue) {
    return queue->first == NULL;
}

/**
 * Puts a task at the end.
 *
 * @param[in,out] queue  borrowed.
 * @param[in,out] task   in no queue; its `next_ready` is the queue's from now
 *                       on.
 */
static inline void ready_queue_append(ReadyQueue *queue, Task *task) {
    task->next_ready = NULL;
    *queue->end = task;
    queue->end = &task->next_ready;
}

/**
 * Takes everything.
 *
 * @param[in,out] queue  left empty.
 * @return the first task, linked by `next_ready` to the one behind; or `NULL`.
 */
static inline Task *ready_queue_take_all(ReadyQueue *queue) {
    Task *first = queue->first;
    ready_queue_init(queue);
    return first;
}
//! [queue]

#endif
