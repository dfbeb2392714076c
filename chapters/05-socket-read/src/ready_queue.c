/*
 * The door for all threads is a stack that is emptied in one exchange and then
 * turned round. The consumer's own door is a plain list.
 *
 * Pushing replaces `newest` by a compare-and-exchange. The usual trouble of
 * such a stack (the head is popped and pushed back between somebody's look
 * and his exchange) cannot happen: nobody pops one; all are taken at once.
 */
#include "ready_queue.h"

#include <stddef.h>

/* Stands in `newest` once the queue is closed. Only its address matters. */
static Task closed_mark;

void ready_queue_init(ReadyQueue *queue) {
    atomic_init(&queue->newest, NULL);
    queue->first = NULL;
    queue->end = &queue->first;
}

//! [append]
void ready_queue_append(ReadyQueue *queue, Task *task) {
    task->next = NULL;
    *queue->end = task;
    queue->end = &task->next;
}
//! [append]

//! [push]
/*
 * Sequentially consistent, not only release: executor_enqueue() looks next
 * whether the executor sleeps, and that look must not come before this push.
 */
bool ready_queue_push(ReadyQueue *queue, Task *task) {
    Task *newest = atomic_load_explicit(&queue->newest, memory_order_relaxed);
    do {
        if (newest == &closed_mark) {
            return false;
        }
        task->next = newest;
    } while (!atomic_compare_exchange_weak(&queue->newest, &newest, task));
    return true;
}
//! [push]

/* Sequentially consistent, for the same reason, in executor_sleep(). */
bool ready_queue_is_empty(const ReadyQueue *queue) {
    return queue->first == NULL && atomic_load(&queue->newest) == NULL;
}

//! [take_all]
static Task *reverse(Task *newest) {
    Task *oldest = NULL;
    while (newest != NULL) {
        Task *older = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = older;
    }
    return oldest;
}

/* Acquire: pairs with the pushes, so that the links can be read. */
static Task *take_all(ReadyQueue *queue, Task *left_behind) {
    *queue->end = reverse(atomic_exchange_explicit(&queue->newest, left_behind,
                                                   memory_order_acquire));
    Task *oldest = queue->first;
    queue->first = NULL;
    queue->end = &queue->first;
    return oldest;
}

Task *ready_queue_take_all(ReadyQueue *queue) {
    return take_all(queue, NULL);
}
//! [take_all]

Task *ready_queue_close(ReadyQueue *queue) {
    return take_all(queue, &closed_mark);
}
