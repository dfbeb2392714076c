/** @file
 * The tasks that are to be polled, linked in themselves, so that queueing one
 * cannot fail. The executor takes all there is in one go, in order. What comes
 * in meanwhile waits for the next batch, so a task that keeps waking itself has
 * one turn a batch.
 * Pointers are borrowed, unless said to be owned. Rules: docs/headers.md. */
#ifndef READY_QUEUE_H
#define READY_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "task.h"

/** A list of tasks. */
typedef struct ReadyQueue {
    Task *first; /**< To be polled first. */
    Task **end;  /**< The last one's `next_ready`, or `first` itself. */
} ReadyQueue;

//! [queue]
/** Makes an empty queue. */
static inline void ready_queue_init(ReadyQueue *queue) {
    queue->first = NULL;
    queue->end = &queue->first;
}

/** Whether there is nothing to take. */
static inline bool ready_queue_is_empty(const ReadyQueue *queue) {
    return queue->first == NULL;
}

/** Puts a task that is in no queue at the end. */
static inline void ready_queue_append(ReadyQueue *queue, Task *task) {
    task->next_ready = NULL;
    *queue->end = task;
    queue->end = &task->next_ready;
}

/** Takes all tasks, the first in front, linked by `next_ready`; or `NULL`. */
static inline Task *ready_queue_take_all(ReadyQueue *queue) {
    Task *first = queue->first;
    ready_queue_init(queue);
    return first;
}
//! [queue]

#endif
