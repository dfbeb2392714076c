/*
 * Most wake-ups come from the executor's own thread and take a shorter way:
 * a door of their own into the ready queue, and no atomic step for QUEUED if
 * nobody else has a waker. Nobody may notice, except by the clock.
 */
#include <stdlib.h>

#include "ready_queue.h"
#include "stage.h"

/* Tasks for the sake of their links; nobody runs them. */
static Task *make_tasks(size_t count) {
    Task *tasks = calloc(count, sizeof *tasks);
    cr_assert_not_null(tasks, "The test got no memory.");
    return tasks;
}

/* Fails unless these come out, in this order. */
static void assert_batch(const Task *batch, const Task *const *expected,
                         size_t count, const char *sentence) {
    for (size_t i = 0; i < count; i++) {
        cr_assert_eq(batch, expected[i], "%s (number %zu of %zu is wrong)",
                     sentence, i + 1, count);
        batch = batch->next;
    }
    cr_assert_null(batch, "%s (there are more than %zu)", sentence, count);
}

Test(own_thread, a_task_that_was_appended_is_in_the_queue, .timeout = 5) {
    ReadyQueue queue;
    Task *task = make_tasks(1);
    ready_queue_init(&queue);
    ready_queue_append(&queue, task);
    cr_assert(!ready_queue_is_empty(&queue),
              "A task was appended, but the queue says that it is empty: the "
              "executor would sleep. A look goes to both doors.");
    assert_batch(ready_queue_take_all(&queue), (const Task *[]){task}, 1,
                 "A task was appended, and something else came out.");
    cr_assert(ready_queue_is_empty(&queue),
              "All was taken, but the queue is not empty: the same task would "
              "come out again.");
    free(task);
}

Test(own_thread, both_doors_keep_their_order, .timeout = 5) {
    ReadyQueue queue;
    Task *t = make_tasks(4);
    ready_queue_init(&queue);
    ready_queue_append(&queue, &t[0]);
    ready_queue_push(&queue, &t[2]);
    ready_queue_append(&queue, &t[1]);
    ready_queue_push(&queue, &t[3]);
    assert_batch(ready_queue_take_all(&queue),
                 (const Task *[]){&t[0], &t[1], &t[2], &t[3]}, 4,
                 "One batch is what the consumer appended, first in, first "
                 "out, and behind it what others pushed, first in, first out.");
    ready_queue_append(&queue, &t[3]);
    assert_batch(ready_queue_take_all(&queue), (const Task *[]){&t[3]}, 1,
                 "After a batch from both doors the next one is wrong: the "
                 "list ends where the batch began.");
    free(t);
}

Test(own_thread, closing_gives_out_both_doors, .timeout = 5) {
    ReadyQueue queue;
    Task *t = make_tasks(2);
    ready_queue_init(&queue);
    ready_queue_push(&queue, &t[1]);
    ready_queue_append(&queue, &t[0]);
    assert_batch(ready_queue_close(&queue), (const Task *[]){&t[0], &t[1]}, 2,
                 "The queue was closed, and not all came out that was in it: "
                 "a task that stays behind is never freed.");
    cr_assert(!ready_queue_push(&queue, &t[0]),
              "A closed queue took a task that nobody will ever take out.");
    free(t);
}

static void wake_the_kept(void *future) {
    waker_wake_by_ref(&((ProbeFuture *)future)->kept);
}

Test(own_thread, is_served_in_the_same_batch_as_others, .timeout = 5) {
    ProbeFuture own, other;
    Executor *executor = stage_open();
    probe_future_init(&own, "own", 100);
    probe_future_init(&other, "other", 100);
    stage_spawn(executor, &own.future);
    stage_spawn(executor, &other.future);
    stage_run_batch(executor);
    on_another_thread(wake_the_kept, &other);
    waker_wake_by_ref(&own.kept);
    trace_clear();
    stage_run_batch(executor);
    assert_trace("poll own, pending own, poll other, pending other",
                 "One task was woken on the executor's thread and one on "
                 "another; one batch serves both.");
    stage_close(executor);
}

static void assert_queued_once(const ProbeFuture *future) {
    cr_assert_eq(script.pushes, 1,
                 "Woken on two threads, a task was queued %d times: both doors "
                 "look at the same QUEUED, or it is in the queue twice.",
                 script.pushes);
    cr_assert_eq(future->polls, 1, "It was polled by a wake-up.");
}

Test(own_thread, wakes_first_and_another_second, .timeout = 5) {
    ProbeFuture a;
    Executor *executor = stage_open();
    probe_future_init(&a, "A", 100);
    stage_spawn(executor, &a.future);
    stage_run_batch(executor);
    script.pushes = 0;
    waker_wake_by_ref(&a.kept);
    on_another_thread(wake_the_kept, &a);
    assert_queued_once(&a);
    stage_close(executor);
}

Test(own_thread, wakes_second_and_another_first, .timeout = 5) {
    ProbeFuture a;
    Executor *executor = stage_open();
    probe_future_init(&a, "A", 100);
    stage_spawn(executor, &a.future);
    stage_run_batch(executor);
    script.pushes = 0;
    on_another_thread(wake_the_kept, &a);
    waker_wake_by_ref(&a.kept);
    assert_queued_once(&a);
    stage_close(executor);
}

Test(own_thread, does_not_queue_what_another_is_about_to_push, .timeout = 5) {
    ProbeFuture a;
    Other other;
    Executor *executor = stage_open();
    probe_future_init(&a, "A", 100);
    stage_spawn(executor, &a.future);
    stage_run_batch(executor);
    Waker waker = clone_kept(&a);
    script.pushes = 0;
    other_start_to_push(&other, wake_and_consume, &waker);
    cr_assert(other_stands_before_push(&other),
              "A thread woke a task that was waiting, and pushed nothing.");
    waker_wake_by_ref(&a.kept);
    cr_assert_eq(script.pushes, 0,
                 "A thread had set QUEUED and was about to push the task, and "
                 "the executor's thread queued it as well: it is in the queue "
                 "twice.");
    other_finish(&other);
    stage_run_batch(executor);
    cr_assert_eq(a.polls, 2, "Woken twice before it was polled: %d polls.",
                 a.polls - 1);
    stage_close(executor);
}

/* It looks at the executor that is not its own, and takes the other door. */
static void wake_and_run_its_own(void *waker) {
    Executor *own = stage_open();
    wake_and_consume(waker);
    cr_assert_eq(executor_run(own), 0, "An empty executor did not come back.");
    executor_free(own);
}

static void wake_elsewhere_with_executor(void *waker) {
    on_another_thread(wake_and_run_its_own, waker);
}

Test(own_thread, has_one_executor_and_wakes_those_of_others, .timeout = 5) {
    ProbeFuture a;
    Executor *executor = stage_open();
    probe_future_init(&a, "A", 1);
    stage_spawn(executor, &a.future);
    stage_run_batch(executor);
    Waker waker = clone_kept(&a);
    script.before_park = (Cue){wake_elsewhere_with_executor, &waker, 0};
    assert_runs_to_the_end(executor);
    assert_trace("poll A, pending A, poll A, ready A, drop A",
                 "A thread that has an executor of its own woke a task of this "
                 "one.");
    stage_close(executor);
}

Test(own_thread, works_on_when_the_executor_was_freed, .timeout = 5) {
    ProbeFuture a;
    Executor *executor = stage_open();
    script.keep_freed = true;
    probe_future_init(&a, "A", 100);
    stage_spawn(executor, &a.future);
    stage_run_batch(executor);
    Waker late = clone_kept(&a);
    waker_wake_by_ref(&late); /* in the queue, by its own door */
    executor_free(executor);
    waker_wake_by_ref(&late);
    cr_assert_eq(script_used_after_free(), 0,
                 "A late waker on the executor's own thread touched memory "
                 "that had been freed.");
    waker_drop(&late);
    stage_assert_nothing_left();
}

/* Its task comes out of the queue, and with it the last that it holds. */
Test(own_thread, frees_the_executor_when_another_has_pushed, .timeout = 5) {
    ProbeFuture a;
    Other other;
    Executor *executor = stage_open();
    script.keep_freed = true;
    probe_future_init(&a, "A", 100);
    stage_spawn(executor, &a.future);
    stage_run_batch(executor);
    Waker waker = clone_kept(&a);
    other_start_and_push(&other, wake_and_consume, &waker);
    cr_assert(other_stands_before_push(&other),
              "A thread woke a task that was waiting, and pushed nothing.");
    executor_free(executor);
    other_finish(&other);
    cr_assert_eq(script_used_after_free(), 0,
                 "A thread had pushed a task and was about to look whether the "
                 "executor sleeps, and the executor was freed under it: who is "
                 "not on the executor's thread holds a reference to it from "
                 "before the push until after the look.");
    stage_assert_nothing_left();
}
