#include <criterion/criterion.h>

#include "ready_queue.h"

/* Tasks for the sake of their links; nobody runs them. */
static Task a, b, c;

Test(ready_queue, is_empty_until_a_task_is_appended, .timeout = 60) {
    ReadyQueue queue;
    ready_queue_init(&queue);
    cr_assert(ready_queue_is_empty(&queue),
              "A new queue says that it is not empty.");
    cr_assert_null(ready_queue_take_all(&queue),
                   "A task came out of an empty queue.");
    ready_queue_append(&queue, &a);
    cr_assert(!ready_queue_is_empty(&queue),
              "A task was appended, and the queue says that it is empty.");
}

Test(ready_queue, gives_tasks_out_in_the_order_they_came, .timeout = 60) {
    ReadyQueue queue;
    Task *const tasks[] = {&a, &b, &c};
    ready_queue_init(&queue);
    for (int i = 0; i < 3; i++) {
        tasks[i]->next_ready = &a; /* of another time */
    }
    for (int i = 0; i < 3; i++) {
        ready_queue_append(&queue, tasks[i]);
    }
    const Task *taken = ready_queue_take_all(&queue);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(taken, tasks[i],
                     "Task %d of 3 was not number %d to come out: first in, "
                     "first out.",
                     i + 1, i + 1);
        taken = taken->next_ready;
    }
    cr_assert_null(taken, "The last task's `next_ready` is not NULL: who walks "
                          "the batch runs off its end.");
}

Test(ready_queue, is_taken_as_a_whole, .timeout = 60) {
    ReadyQueue queue;
    ready_queue_init(&queue);
    ready_queue_append(&queue, &a);
    const Task *batch = ready_queue_take_all(&queue);
    cr_assert(ready_queue_is_empty(&queue),
              "All was taken, and the queue says that it is not empty.");
    ready_queue_append(&queue, &b);
    cr_assert(batch == &a && batch->next_ready == NULL,
              "A task that was appended after the batch had been taken became "
              "part of it: it has to wait for the next batch.");
    cr_assert_eq(ready_queue_take_all(&queue), &b,
                 "The task that was appended after a batch had been taken is "
                 "not in the next batch.");
}
