#include "stage.h"

Test(join_handle, has_no_output_before_the_task_is_ready, .timeout = 5) {
    ProbeFuture a;
    ProbeWaker w;
    probe_waker_init(&w, "W");
    Executor *executor = stage_open();
    probe_future_init(&a, "A", 1);
    JoinHandle handle = stage_spawn_with_handle(executor, &a.future);
    stage_run_batch(executor);
    cr_assert(!join_handle_is_finished(&handle),
              "The task is pending, but its handle says that it is finished.");
    cr_assert_null(join_handle_output(&handle),
                   "The handle gave out an output that is not there yet: "
                   "NULL until the task has completed.");
    cr_assert_eq(poll_for(&handle.future, &w), POLL_PENDING,
                 "The task is pending, but its handle is ready.");
    waker_wake_by_ref(&a.kept);
    assert_runs_to_the_end(executor);
    cr_assert(join_handle_is_finished(&handle),
              "The task was ready, but its handle says that it is not.");
    cr_assert_not_null(join_handle_output(&handle),
                       "The task was ready, but its handle has no output.");
    cr_assert_eq(poll_for(&handle.future, &w), POLL_READY,
                 "The task was ready, but its handle is pending.");
    drop_handle(&handle);
    assert_balanced(&w);
    stage_close(executor);
}

Test(join_handle, wakes_who_waits_when_the_task_completes, .timeout = 5) {
    ProbeFuture a;
    ProbeWaker w;
    probe_waker_init(&w, "W");
    Executor *executor = stage_open();
    probe_future_init(&a, "A", 0);
    JoinHandle handle = stage_spawn_with_handle(executor, &a.future);
    poll_for(&handle.future, &w);
    cr_assert_eq(w.held, 1,
                 "A pending handle holds %d clones of the waker "
                 "instead of one.",
                 w.held);
    assert_runs_to_the_end(executor);
    assert_trace("poll A, ready A, drop A, wake W",
                 "The task has completed: its future is dropped, then whoever "
                 "waits for the handle is woken.");
    drop_handle(&handle);
    assert_balanced(&w);
    stage_close(executor);
}

Test(join_handle, wakes_the_latest_of_those_who_polled_it, .timeout = 5) {
    ProbeFuture a;
    ProbeWaker first, latest;
    probe_waker_init(&first, "first");
    probe_waker_init(&latest, "latest");
    Executor *executor = stage_open();
    probe_future_init(&a, "A", 0);
    JoinHandle handle = stage_spawn_with_handle(executor, &a.future);
    poll_for(&handle.future, &first);
    poll_for(&handle.future, &latest);
    assert_runs_to_the_end(executor);
    cr_assert(first.wakes == 0 && latest.wakes == 1,
              "The handle was polled by one task and then by another; it woke "
              "the first %d times and the second %d times. The latest waker "
              "counts, and only that one.",
              first.wakes, latest.wakes);
    drop_handle(&handle);
    assert_balanced(&first);
    assert_balanced(&latest);
    stage_close(executor);
}

Test(join_handle, lets_one_task_wait_for_another, .timeout = 5) {
    ProbeFuture a;
    Executor *executor = stage_open();
    probe_future_init(&a, "A", 2);
    a.wakes_itself = true;
    JoinHandle handle = stage_spawn_with_handle(executor, &a.future);
    int result = executor_block_on(executor, &handle.future);
    cr_assert_eq(result, 0, "Waiting for a task's handle answered %d.", result);
    cr_assert_eq(script.parks, 0,
                 "The executor went to sleep between the task's end and the "
                 "poll of the one that waited for it.");
    cr_assert_eq(a.polls, 3, "The task was polled %d times instead of 3.",
                 a.polls);
    drop_handle(&handle);
    stage_close(executor);
}

Test(join_handle, may_be_dropped_while_the_task_is_pending, .timeout = 5) {
    ProbeFuture a;
    ProbeWaker w;
    probe_waker_init(&w, "W");
    Executor *executor = stage_open();
    probe_future_init(&a, "A", 1);
    JoinHandle handle = stage_spawn_with_handle(executor, &a.future);
    stage_run_batch(executor);
    poll_for(&handle.future, &w);
    drop_handle(&handle);
    cr_assert_eq(w.held, 0,
                 "The handle was dropped while it waited, and kept "
                 "a waker.");
    cr_assert_eq(a.drops, 0,
                 "Dropping the handle cancelled the task: it only "
                 "leaves the task to itself.");
    waker_wake_by_ref(&a.kept);
    assert_runs_to_the_end(executor);
    cr_assert_eq(w.wakes, 0, "A handle that was dropped woke somebody.");
    cr_assert_eq(a.polls, 2, "A task whose handle is gone was not run on.");
    stage_close(executor);
}

Test(join_handle, of_a_cancelled_task_is_finished_without_output,
     .timeout = 5) {
    ProbeFuture a;
    ProbeWaker w;
    probe_waker_init(&w, "W");
    Executor *executor = stage_open();
    probe_future_init(&a, "A", 100);
    JoinHandle handle = stage_spawn_with_handle(executor, &a.future);
    poll_for(&handle.future, &w);
    join_handle_cancel(&handle);
    cr_assert_eq(w.wakes, 1,
                 "Who waits for a task is woken as well when that "
                 "is cancelled; it was woken %d times.",
                 w.wakes);
    cr_assert(join_handle_is_finished(&handle),
              "A cancelled task will never be polled again: it is finished.");
    cr_assert_null(join_handle_output(&handle),
                   "A cancelled task was never ready, but its handle gave out "
                   "an output.");
    cr_assert_eq(poll_for(&handle.future, &w), POLL_READY,
                 "The handle of a cancelled task is pending for ever.");
    join_handle_cancel(&handle);
    cr_assert_eq(a.drops, 1, "Cancelled twice, its future was dropped twice.");
    drop_handle(&handle);
    assert_balanced(&w);
    stage_close(executor);
}

Test(join_handle, cancelling_a_task_that_is_ready_changes_nothing,
     .timeout = 5) {
    ProbeFuture a;
    Executor *executor = stage_open();
    probe_future_init(&a, "A", 0);
    JoinHandle handle = stage_spawn_with_handle(executor, &a.future);
    assert_runs_to_the_end(executor);
    join_handle_cancel(&handle);
    cr_assert_not_null(join_handle_output(&handle),
                       "A task was ready, was cancelled too late, and lost its "
                       "output.");
    drop_handle(&handle);
    stage_close(executor);
}

static JoinHandle victim;

static void cancel_victim(ProbeFuture *self) {
    (void)self;
    join_handle_cancel(&victim);
}

Test(join_handle, lets_one_task_cancel_another, .timeout = 5) {
    ProbeFuture a, b, c;
    Executor *executor = stage_open();
    probe_future_init(&a, "A", 0);
    probe_future_init(&b, "B", 100);
    probe_future_init(&c, "C", 0);
    a.hook = cancel_victim;
    stage_spawn(executor, &a.future);
    victim = stage_spawn_with_handle(executor, &b.future); /* next in line */
    stage_spawn(executor, &c.future);
    assert_runs_to_the_end(executor);
    assert_trace("poll A, drop B, ready A, drop A, poll C, ready C, drop C",
                 "A task cancelled the one behind it in the batch: that one "
                 "comes out of the queue and is not polled.");
    drop_handle(&victim);
    stage_close(executor);
}

Test(join_handle, keeps_the_output_when_the_executor_is_freed, .timeout = 5) {
    ProbeFuture a;
    Executor *executor = stage_open();
    script.keep_freed = true;
    probe_future_init(&a, "A", 0);
    JoinHandle handle = stage_spawn_with_handle(executor, &a.future);
    assert_runs_to_the_end(executor);
    executor_free(executor);
    cr_assert_not_null(join_handle_output(&handle),
                       "The output belongs to the handle, and it went with the "
                       "executor.");
    drop_handle(&handle);
    stage_assert_nothing_left();
}
