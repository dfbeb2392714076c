#include "other.h"
#include "script_memory.h"
#include "script_sleep.h"
#include "stage.h"

/* Polls the handle for this waker, before the task has completed. */
static void assert_waits(JoinHandle *handle, ProbeWaker *waker) {
    cr_assert_eq(poll_for(&handle->future, waker), POLL_PENDING,
                 "The task is pending, and its handle is ready.");
}

Test(join_handle, has_no_output_before_the_task_is_ready, .timeout = 60) {
    ProbeFuture a;
    ProbeWaker w;
    probe_waker_init(&w, "W");
    Executor *executor = stage_open();
    JoinHandle handle = stage_spawn_probe_with_handle(executor, &a, "A", 1);
    stage_run_batch(executor);
    cr_assert(!join_handle_is_finished(&handle),
              "The task is pending, but its handle says that it is finished.");
    cr_assert_null(join_handle_output(&handle),
                   "The task is pending, and its handle gave out an output.");
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

Test(join_handle, wakes_who_waits_when_the_task_completes, .timeout = 60) {
    ProbeFuture a;
    ProbeWaker w;
    probe_waker_init(&w, "W");
    Executor *executor = stage_open();
    JoinHandle handle = stage_spawn_probe_with_handle(executor, &a, "A", 0);
    assert_waits(&handle, &w);
    cr_assert_eq(w.held, 1,
                 "A pending handle holds %d clones of the waker "
                 "instead of one.",
                 w.held);
    assert_runs_to_the_end(executor);
    assert_trace("poll A, ready A, wake W",
                 "A task completes: who waits for its handle is woken, and the "
                 "future stays, for its output is the handle's.");
    drop_handle(&handle);
    assert_balanced(&w);
    stage_close(executor);
}

static JoinHandle *joined;
static bool was_finished, had_output;

static void look_at_the_end(ProbeWaker *self, const char *what) {
    (void)self;
    if (what[0] == 'w') { /* wake */
        was_finished = join_handle_is_finished(joined);
        had_output = join_handle_output(joined) != NULL;
    }
}

Test(join_handle, is_finished_when_it_wakes, .timeout = 60) {
    ProbeFuture a;
    ProbeWaker w;
    probe_waker_init(&w, "W");
    w.hook = look_at_the_end;
    Executor *executor = stage_open();
    JoinHandle handle = stage_spawn_probe_with_handle(executor, &a, "A", 0);
    joined = &handle;
    assert_waits(&handle, &w);
    assert_runs_to_the_end(executor);
    cr_assert(was_finished && had_output,
              "The waker that a task's end called asked the handle: it said "
              "%sfinished, with %s output.",
              was_finished ? "" : "not ", had_output ? "an" : "no");
    drop_handle(&handle);
    stage_close(executor);
}

Test(join_handle, wakes_the_latest_of_those_who_polled_it, .timeout = 60) {
    ProbeFuture a;
    ProbeWaker first, latest;
    probe_waker_init(&first, "first");
    probe_waker_init(&latest, "latest");
    Executor *executor = stage_open();
    JoinHandle handle = stage_spawn_probe_with_handle(executor, &a, "A", 0);
    assert_waits(&handle, &first);
    assert_waits(&handle, &latest);
    assert_runs_to_the_end(executor);
    cr_assert(
        first.wakes == 0 && latest.wakes == 1,
        "The handle was polled by one task and then by another; at the "
        "task's end the first was woken %d times instead of 0, the latest "
        "%d times instead of 1.",
        first.wakes, latest.wakes);
    drop_handle(&handle);
    assert_balanced(&first);
    assert_balanced(&latest);
    stage_close(executor);
}

Test(join_handle, polled_again_for_the_same_task_keeps_its_waker,
     .timeout = 60) {
    ProbeFuture a;
    ProbeWaker w;
    probe_waker_init(&w, "W");
    Executor *executor = stage_open();
    JoinHandle handle = stage_spawn_probe_with_handle(executor, &a, "A", 0);
    for (int i = 0; i < 10; i++) {
        assert_waits(&handle, &w);
    }
    cr_assert_eq(w.clones, 1,
                 "A handle was polled 10 times for one task, and its waker was "
                 "cloned %d times instead of once.",
                 w.clones);
    drop_handle(&handle);
    assert_balanced(&w);
    stage_close(executor);
}

Test(join_handle, lets_one_task_wait_for_another, .timeout = 60) {
    ProbeFuture a;
    Executor *executor = stage_open();
    JoinHandle handle = stage_spawn_probe_with_handle(executor, &a, "A", 2);
    a.wakes_itself = true;
    int result = executor_block_on(executor, &handle.future);
    cr_assert_eq(result, 0,
                 "executor_block_on() of a task's handle answered %s: the task "
                 "was polled %d times and its end should wake the handle.",
                 error_name(result), a.polls);
    cr_assert_eq(script_parks, 0,
                 "The executor went to sleep between the task's end and the "
                 "poll of the one that waited for it.");
    cr_assert_eq(a.polls, 3, "The task was polled %d times instead of 3.",
                 a.polls);
    drop_handle(&handle);
    stage_close(executor);
}

Test(join_handle, may_be_dropped_while_the_task_is_pending, .timeout = 60) {
    ProbeFuture a;
    ProbeWaker w;
    probe_waker_init(&w, "W");
    Executor *executor = stage_open();
    JoinHandle handle = stage_spawn_probe_with_handle(executor, &a, "A", 1);
    stage_run_batch(executor);
    assert_waits(&handle, &w);
    drop_handle(&handle);
    cr_assert_eq(w.held, 0,
                 "A handle was dropped while it waited, and %d of its wakers "
                 "were not dropped.",
                 w.held);
    cr_assert_eq(a.drops, 0,
                 "Dropping the handle cancelled the task: it only "
                 "leaves the task to itself.");
    waker_wake_by_ref(&a.kept);
    assert_runs_to_the_end(executor);
    cr_assert_eq(a.releases, 1,
                 "A task without a handle was ready, and its output was "
                 "released %d times instead of once.",
                 a.releases);
    cr_assert_eq(w.wakes, 0, "A handle that was dropped woke somebody.");
    cr_assert_eq(a.polls, 2, "A task whose handle is gone was not run on.");
    stage_close(executor);
}

Test(join_handle, of_a_cancelled_task_is_finished_without_output,
     .timeout = 60) {
    ProbeFuture a;
    ProbeWaker w;
    probe_waker_init(&w, "W");
    Executor *executor = stage_open();
    JoinHandle handle = stage_spawn_probe_with_handle(executor, &a, "A", 100);
    assert_waits(&handle, &w);
    join_handle_cancel(&handle);
    cr_assert_eq(w.wakes, 1,
                 "Who waits for a task is woken as well when that "
                 "is cancelled; it was woken %d times.",
                 w.wakes);
    cr_assert(join_handle_is_finished(&handle),
              "A cancelled task will never be polled again: it is finished.");
    cr_assert_null(join_handle_output(&handle),
                   "A cancelled task was never ready, and its handle gave out "
                   "an output.");
    cr_assert_eq(a.drops, 1,
                 "A task was cancelled, and its future was dropped %d times "
                 "before the cancel came back.",
                 a.drops);
    cr_assert_eq(poll_for(&handle.future, &w), POLL_READY,
                 "The handle of a cancelled task is pending for ever.");
    join_handle_cancel(&handle);
    cr_assert_eq(a.drops, 1, "Cancelled twice, its future was dropped twice.");
    drop_handle(&handle);
    assert_balanced(&w);
    stage_close(executor);
}

Test(join_handle, cancelling_a_task_that_is_ready_changes_nothing,
     .timeout = 60) {
    ProbeFuture a;
    Executor *executor = stage_open();
    JoinHandle handle = stage_spawn_probe_with_handle(executor, &a, "A", 0);
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

Test(join_handle, lets_one_task_cancel_another, .timeout = 60) {
    ProbeFuture a, b, c;
    Executor *executor = stage_open();
    stage_spawn_probe(executor, &a, "A", 0);
    a.hook = cancel_victim;
    /* Next in line. */
    victim = stage_spawn_probe_with_handle(executor, &b, "B", 100);
    stage_spawn_probe(executor, &c, "C", 0);
    assert_runs_to_the_end(executor);
    assert_trace("poll A, drop B, ready A, drop A, poll C, ready C, drop C",
                 "A task cancelled the one behind it in the batch: that one "
                 "comes out of the queue and is not polled.");
    drop_handle(&victim);
    stage_close(executor);
}

/* --- The output belongs to its future until it is taken -------------------- */

Test(join_handle, dropped_releases_an_output_that_was_not_taken,
     .timeout = 60) {
    ProbeFuture a;
    Executor *executor = stage_open();
    JoinHandle handle = stage_spawn_probe_with_handle(executor, &a, "A", 0);
    assert_runs_to_the_end(executor);
    cr_assert_eq(a.drops, 0,
                 "A task is ready and has a handle, and its future was dropped "
                 "before the handle: nobody could take the output.");
    drop_handle(&handle);
    cr_assert_eq(a.releases, 1,
                 "A handle was dropped, and the output that nobody had taken "
                 "was released %d times instead of once.",
                 a.releases);
    stage_close(executor);
    cr_assert_eq(a.drops, 1, "The task's future was dropped %d times.",
                 a.drops);
}

Test(join_handle, dropped_leaves_an_output_that_was_taken, .timeout = 60) {
    ProbeFuture a;
    Executor *executor = stage_open();
    JoinHandle handle = stage_spawn_probe_with_handle(executor, &a, "A", 0);
    assert_runs_to_the_end(executor);
    probe_future_take_output(&a);
    drop_handle(&handle);
    cr_assert_eq(
        a.drops, 1,
        "The handle of a ready task was dropped, and the future in the "
        "task %d times.",
        a.drops);
    stage_close(executor);
}

Test(join_handle, cancelled_too_late_releases_the_output_with_its_drop,
     .timeout = 60) {
    ProbeFuture a;
    Executor *executor = stage_open();
    JoinHandle handle = stage_spawn_probe_with_handle(executor, &a, "A", 0);
    assert_runs_to_the_end(executor);
    join_handle_cancel(&handle);
    cr_assert_not_null(join_handle_output(&handle),
                       "A task was ready and was cancelled too late, and its "
                       "output is gone.");
    drop_handle(&handle);
    cr_assert_eq(a.releases, 1,
                 "A handle was cancelled, too late, and dropped; the output "
                 "that nobody had taken was released %d times.",
                 a.releases);
    stage_close(executor);
}

Test(join_handle, keeps_the_output_when_the_executor_is_freed, .timeout = 60) {
    ProbeFuture a;
    Executor *executor = stage_open();
    script_keep_freed = true;
    JoinHandle handle = stage_spawn_probe_with_handle(executor, &a, "A", 0);
    assert_runs_to_the_end(executor);
    executor_free(executor);
    cr_assert(join_handle_is_finished(&handle) &&
                  join_handle_output(&handle) != NULL && a.drops == 0,
              "A task was ready, its executor was freed, and the handle has no "
              "output any more.");
    drop_handle(&handle);
    cr_assert_eq(a.releases, 1,
                 "A handle was dropped after its executor, and the output that "
                 "nobody had taken was released %d times.",
                 a.releases);
    stage_assert_nothing_left();
}

Test(join_handle, may_be_dropped_after_its_executor_while_it_waits,
     .timeout = 60) {
    ProbeFuture a;
    ProbeWaker w;
    probe_waker_init(&w, "W");
    Executor *executor = stage_open();
    script_keep_freed = true;
    JoinHandle handle = stage_spawn_probe_with_handle(executor, &a, "A", 100);
    cr_assert_eq(poll_for(&handle.future, &w), POLL_PENDING,
                 "The task was not polled yet, and its handle is ready.");
    executor_free(executor);
    cr_assert(w.wakes == 1 && a.drops == 1,
              "An executor was freed with a task that a handle waits for: the "
              "handle's task was woken %d times, the future dropped %d times, "
              "instead of once each.",
              w.wakes, a.drops);
    cr_assert_eq(poll_for(&handle.future, &w), POLL_READY,
                 "The handle of a task whose executor is gone is pending.");
    drop_handle(&handle);
    assert_balanced(&w);
    stage_assert_nothing_left();
}

/* --- Its end --------------------------------------------------------------- */

Test(join_handle, dropped_leaves_nothing_that_counts_as_a_waker,
     .timeout = 60) {
    ProbeFuture a;
    Executor *executor = stage_open();
    JoinHandle handle = stage_spawn_probe_with_handle(executor, &a, "A", 1);
    stage_run_batch(executor);
    drop_handle(&handle);
    Waker last = waker_take(&a.kept);
    on_another_thread(wake_and_consume, &last);
    assert_runs_to_the_end(executor);
    cr_assert_eq(a.polls, 2,
                 "A task whose handle was dropped had one waker left, which "
                 "woke it; it was polled %d times instead of twice.",
                 a.polls);
    stage_close(executor);
}

static ProbeFuture *spawned_by_waker;
static Executor *executor_of_waker;

/* What a waker may do: spawn, wake, and drop the handle that woke it. */
static JoinHandle *dropped_by_waker;

static void spawn_and_drop(ProbeWaker *self, const char *what) {
    (void)self;
    if (what[0] == 'w') { /* wake */
        stage_spawn(executor_of_waker, &spawned_by_waker->future);
        drop_handle(dropped_by_waker);
    }
}

Test(join_handle, may_be_dropped_by_the_waker_that_its_end_calls,
     .timeout = 60) {
    ProbeFuture a, b;
    ProbeWaker w;
    probe_waker_init(&w, "W");
    w.hook = spawn_and_drop;
    Executor *executor = executor_of_waker = stage_open();
    script_keep_freed = true;
    probe_future_init(&a, "A", 0);
    probe_future_init(&b, "B", 0);
    spawned_by_waker = &b;
    JoinHandle handle = stage_spawn_with_handle(executor, &a.future);
    dropped_by_waker = &handle;
    cr_assert_eq(poll_for(&handle.future, &w), POLL_PENDING,
                 "The task was not polled yet, and its handle is ready.");
    assert_runs_to_the_end(executor);
    assert_trace("poll A, ready A, wake W, drop A, poll B, ready B, drop B",
                 "The end of A woke a waker that spawned B and dropped A's "
                 "handle.");
    assert_balanced(&w);
    stage_close(executor);
}

/* And it may wake, spawn and cancel. */
static ProbeFuture *woken_by_waker;
static JoinHandle *cancelled_by_waker;

static void wake_spawn_and_cancel(ProbeWaker *self, const char *what) {
    (void)self;
    if (what[0] == 'w') { /* wake */
        waker_wake_by_ref(&woken_by_waker->kept);
        stage_spawn(executor_of_waker, &spawned_by_waker->future);
        join_handle_cancel(cancelled_by_waker);
    }
}

Test(join_handle, whose_waker_wakes_spawns_and_cancels, .timeout = 60) {
    ProbeFuture a, b, c, d;
    ProbeWaker w;
    probe_waker_init(&w, "W");
    w.hook = wake_spawn_and_cancel;
    Executor *executor = executor_of_waker = stage_open();
    probe_future_init(&a, "A", 0);
    probe_future_init(&b, "B", 1);
    probe_future_init(&c, "C", 100);
    probe_future_init(&d, "D", 0);
    woken_by_waker = &b;
    spawned_by_waker = &d;
    stage_spawn(executor, &b.future);
    JoinHandle of_a = stage_spawn_with_handle(executor, &a.future);
    JoinHandle of_c = stage_spawn_with_handle(executor, &c.future);
    cancelled_by_waker = &of_c;
    cr_assert_eq(poll_for(&of_a.future, &w), POLL_PENDING,
                 "The task was not polled yet, and its handle is ready.");
    assert_runs_to_the_end(executor);
    assert_trace("poll B, pending B, poll A, ready A, wake W, drop C, "
                 "poll B, ready B, drop B, poll D, ready D, drop D",
                 "The end of A woke a waker that woke B, spawned D and "
                 "cancelled C, which stood behind A in the batch.");
    drop_handle(&of_a);
    drop_handle(&of_c);
    stage_close(executor);
}
