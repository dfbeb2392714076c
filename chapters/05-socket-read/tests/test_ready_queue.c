#include <criterion/criterion.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>

#include "ready_queue.h"
#include "script.h"

enum { PRODUCERS = 4, EACH = 2000 };

/* Tasks for the sake of their links; nobody runs them. */
static Task *make_tasks(size_t count) {
    Task *tasks = calloc(count, sizeof *tasks);
    cr_assert_not_null(tasks, "The test got no memory.");
    return tasks;
}

Test(ready_queue, is_empty_until_a_task_is_pushed, .timeout = 5) {
    ReadyQueue queue;
    Task *task = make_tasks(1);
    ready_queue_init(&queue);
    cr_assert(ready_queue_is_empty(&queue), "A new queue is not empty.");
    cr_assert_null(ready_queue_take_all(&queue),
                   "A task came out of an empty queue.");
    cr_assert(ready_queue_push(&queue, task),
              "An open queue refused a task: only a closed one may.");
    cr_assert(!ready_queue_is_empty(&queue),
              "A task was pushed, but the queue says that it is empty.");
    free(task);
}

Test(ready_queue, gives_tasks_out_in_the_order_they_came, .timeout = 5) {
    ReadyQueue queue;
    Task *tasks = make_tasks(3);
    ready_queue_init(&queue);
    for (int i = 0; i < 3; i++) {
        ready_queue_push(&queue, &tasks[i]);
    }
    const Task *taken = ready_queue_take_all(&queue);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(taken, &tasks[i],
                     "Task %d of 3 was not number %d to come out: first in, "
                     "first out. A stack has to be turned round.",
                     i + 1, i + 1);
        taken = taken->next;
    }
    cr_assert_null(taken, "The last task's `next` is not NULL: whoever walks "
                          "the batch runs off its end.");
    free(tasks);
}

Test(ready_queue, is_taken_as_a_whole, .timeout = 5) {
    ReadyQueue queue;
    Task *early = make_tasks(2), *late = early + 1;
    ready_queue_init(&queue);
    ready_queue_push(&queue, early);
    Task *batch = ready_queue_take_all(&queue);
    cr_assert(ready_queue_is_empty(&queue),
              "All was taken, but the queue is not empty: the same tasks "
              "would come out again.");
    ready_queue_push(&queue, late);
    cr_assert_null(batch->next,
                   "A task that was pushed after the batch had been taken "
                   "became part of it: it has to wait for the next batch.");
    cr_assert_eq(ready_queue_take_all(&queue), late,
                 "The task that was pushed later is not in the next batch.");
    free(early);
}

Test(ready_queue, refuses_tasks_once_it_is_closed, .timeout = 5) {
    ReadyQueue queue;
    Task *first = make_tasks(3), *second = first + 1, *refused = first + 2;
    ready_queue_init(&queue);
    ready_queue_push(&queue, first);
    ready_queue_push(&queue, second);
    const Task *left = ready_queue_close(&queue);
    cr_assert(left == first && left->next == second && second->next == NULL,
              "Closing a queue gives out all that was in it, in order.");
    cr_assert(!ready_queue_push(&queue, refused),
              "A closed queue took a task that nobody will ever take out.");
    cr_assert(!ready_queue_push(&queue, refused),
              "A closed queue refused once and then took a task: it stays "
              "closed.");
    free(first);
}

typedef struct Producer {
    ReadyQueue *queue;
    Task *tasks;
    pthread_t thread;
    int seen;
} Producer;

static Producer producers[PRODUCERS];

static void *produce(void *argument) {
    Producer *self = argument;
    for (int i = 0; i < EACH; i++) {
        ready_queue_push(self->queue, &self->tasks[i]);
    }
    return NULL;
}

/* Whose task it is; and it has to be the one after the last one seen. */
static void see(const Task *task) {
    for (int i = 0; i < PRODUCERS; i++) {
        Producer *self = &producers[i];
        if (task >= self->tasks && task < self->tasks + EACH) {
            cr_assert_eq(task - self->tasks, self->seen,
                         "Tasks of one thread came out in another order than "
                         "they were pushed in, or twice.");
            self->seen += 1;
            return;
        }
    }
    cr_assert_fail("What came out of the queue was never pushed.");
}

Test(ready_queue, loses_nothing_when_four_threads_push, .timeout = 5) {
    ReadyQueue queue;
    ready_queue_init(&queue);
    script.batches_left = INT_MAX;
    for (int i = 0; i < PRODUCERS; i++) {
        producers[i].queue = &queue;
        producers[i].tasks = make_tasks(EACH);
        pthread_create(&producers[i].thread, NULL, produce, &producers[i]);
    }
    int seen = 0;
    bool all_pushed = false;
    while (!all_pushed || !ready_queue_is_empty(&queue)) {
        const Task *task = ready_queue_take_all(&queue);
        for (; task != NULL; task = task->next) {
            see(task);
            seen += 1;
        }
        /* The threads are joined in the middle; what they left comes after. */
        if (!all_pushed && seen > EACH / 2) {
            for (int i = 0; i < PRODUCERS; i++) {
                pthread_join(producers[i].thread, NULL);
            }
            all_pushed = true;
        }
    }
    cr_assert_eq(seen, PRODUCERS * EACH,
                 "%d tasks were pushed and %d came out: between reading "
                 "`newest` and replacing it another thread had pushed.",
                 PRODUCERS * EACH, seen);
    for (int i = 0; i < PRODUCERS; i++) {
        free(producers[i].tasks);
    }
}
