/**
 * @file
 * The tasks that want to be polled: many threads push, one takes.
 *
 * It has two doors. Any thread may push, which takes an atomic step; the
 * consumer, who is nearly always the one who wakes, appends to a list that
 * nobody else can see.
 *
 * Intrusive: the links stand in the tasks, so pushing allocates nothing and
 * cannot fail. The consumer takes all there is in one go, and gets it in the
 * order in which it came in by either door: first what it appended itself.
 * What comes in while it works through that batch waits for the next one, so
 * a task that keeps waking itself has one turn a batch, like everybody else.
 */
#ifndef READY_QUEUE_H
#define READY_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "task.h"

/** Many producers, one consumer. It must not be moved. */
typedef struct ReadyQueue {
    /** The task pushed last; each one's `next` is the one pushed before. */
    _Atomic(Task *) newest;
    /** Consumer's thread: the tasks it appended, the oldest first. */
    Task *first;
    /** Consumer's thread: the last one's `next`, or `first` itself. */
    Task **end;
} ReadyQueue;

/**
 * Makes an empty queue that is open.
 *
 * @param[out] queue  memory of the caller's; holds nothing to release.
 */
void ready_queue_init(ReadyQueue *queue);

/**
 * Puts a task at the end of what the consumer itself puts in. Consumer's
 * thread; the queue is not closed.
 *
 * @param[in,out] queue  borrowed.
 * @param[in,out] task   in no queue; its `next` is the queue's from now on.
 */
void ready_queue_append(ReadyQueue *queue, Task *task);

/**
 * Puts a task at the end. Any thread.
 *
 * @param[in,out] queue  borrowed.
 * @param[in,out] task   in no queue; its `next` is the queue's from now on.
 * @return false if the queue was closed: then the task is not in it.
 */
bool ready_queue_push(ReadyQueue *queue, Task *task);

/**
 * Whether there is nothing to take. Consumer's thread.
 *
 * @param[in] queue  borrowed.
 * @return true if all that came in before has been taken.
 */
bool ready_queue_is_empty(const ReadyQueue *queue);

/**
 * Takes everything. Consumer's thread.
 *
 * @param[in,out] queue  left empty.
 * @return the oldest task, linked by `next` to the one behind; or `NULL`.
 */
Task *ready_queue_take_all(ReadyQueue *queue);

/**
 * Takes everything, and refuses all that is pushed later. Consumer's thread.
 *
 * @param[in,out] queue  left closed.
 * @return as ready_queue_take_all().
 */
Task *ready_queue_close(ReadyQueue *queue);

#endif
