#include "other.h"
#include "script_memory.h"
#include "script_tasks.h"
#include "stage.h"

/* A task that is pending after its first poll. */
static void open_with_pending(Executor **executor, ProbeFuture *a,
                              int pending) {
    *executor = stage_open();
    probe_future_init(a, "A", pending);
    stage_spawn(*executor, &a->future);
    stage_run_batch(*executor);
}

Test(task, is_polled_for_the_first_time_without_a_wake_up, .timeout = 60) {
    ProbeFuture a;
    Executor *executor = stage_open();
    stage_spawn_probe(executor, &a, "A", 0);
    assert_trace("", "Spawning polled the future: it only queues the task.");
    assert_runs_to_the_end(executor);
    assert_trace("poll A, ready A, drop A",
                 "A new task is owed one poll; its future is dropped as soon "
                 "as it is ready.");
    stage_close(executor);
}

Test(task, woken_five_times_while_queued_is_polled_once, .timeout = 60) {
    ProbeFuture a;
    Executor *executor;
    open_with_pending(&executor, &a, 100);
    for (int i = 0; i < 5; i++) {
        waker_wake_by_ref(&a.kept);
    }
    int queued = stage_queued(executor);
    cr_assert_eq(queued, 1,
                 "Woken 5 times by its own thread, the task is in the ready "
                 "queue %d times (1000: for ever) instead of once.",
                 queued);
    stage_run_batch(executor);
    stage_run_batch(executor);
    cr_assert_eq(a.polls, 2,
                 "Woken 5 times while queued, the task was polled %d times: "
                 "wake-ups coalesce, and one poll follows them all.",
                 a.polls - 1);
    stage_close(executor);
}

Test(task, woken_while_queued_keeps_its_place, .timeout = 60) {
    ProbeFuture a, b;
    Executor *executor = stage_open();
    probe_future_init(&b, "B", 100);
    stage_spawn_probe(executor, &a, "A", 100);
    stage_run_batch(executor);
    waker_wake_by_ref(&a.kept); /* queued ... */
    stage_spawn(executor, &b.future);
    waker_wake_by_ref(&a.kept); /* ... and woken where it stands */
    trace_clear();
    stage_run_batch(executor);
    assert_trace("poll A, pending A, poll B, pending B",
                 "A wake-up moves no task that is queued already.");
    stage_close(executor);
}

static void wake_twice(ProbeFuture *self) {
    if (!self->ready) {
        waker_wake_by_ref(&self->kept);
        waker_wake_by_ref(&self->kept);
    }
}

Test(task, woken_during_its_poll_is_polled_once_more, .timeout = 60) {
    ProbeFuture a;
    Executor *executor = stage_open();
    stage_spawn_probe(executor, &a, "A", 100);
    a.hook = wake_twice;
    stage_run_batch(executor);
    a.hook = NULL;
    stage_run_batch(executor);
    cr_assert_neq(a.polls, 1,
                  "Woken during its poll by its own thread, the task was not "
                  "polled again.");
    stage_run_batch(executor);
    cr_assert_eq(a.polls, 2,
                 "Woken twice during one poll, the task was polled %d times "
                 "more instead of once.",
                 a.polls - 1);
    stage_close(executor);
}

static void wake_from_elsewhere(ProbeFuture *self) {
    if (!self->ready) {
        on_another_thread(wake_by_ref, &self->kept);
    }
}

Test(task, woken_during_its_poll_by_a_thread_is_polled_once_more,
     .timeout = 60) {
    ProbeFuture a;
    Executor *executor;
    open_with_pending(&executor, &a, 100);
    on_another_thread(wake_by_ref, &a.kept); /* its note is read ... */
    a.hook = wake_from_elsewhere;
    stage_run_batch(executor); /* ... and it is woken during this poll */
    a.hook = NULL;
    stage_run_batch(executor);
    cr_assert_eq(a.polls, 3,
                 "Woken by another thread, and again during the poll that "
                 "followed, the task was polled %d times more instead of "
                 "twice.",
                 a.polls - 1);
    stage_close(executor);
}

typedef struct WokenAtTheEnd {
    ProbeFuture probe;
    Waker waker;
} WokenAtTheEnd;

static void wake_at_the_end(ProbeFuture *self) {
    if (self->ready) {
        waker_wake_by_ref(&((WokenAtTheEnd *)self)->waker);
    }
}

Test(task, woken_during_its_last_poll_is_not_polled_again, .timeout = 60) {
    WokenAtTheEnd a = {0};
    Executor *executor = stage_open();
    script_keep_freed = true;
    probe_future_init(&a.probe, "A", 1);
    a.probe.hook = wake_at_the_end;
    stage_spawn(executor, &a.probe.future);
    stage_run_batch(executor);
    a.waker = clone_kept(&a.probe);
    waker_wake_by_ref(&a.waker);
    /* It wakes itself and is ready: queued for nothing. */
    stage_run_batch(executor);
    waker_drop(&a.waker);
    cr_assert_eq(stage_tasks(), 1,
                 "A task woke itself during its last poll and has no waker any "
                 "more: it is in the ready queue, so it has to stay in memory "
                 "until it comes out (tasks in memory expected: 1; seen: %d).",
                 stage_tasks());
    stage_run_batch(executor);
    cr_assert_eq(a.probe.polls, 2, "A task that had completed was polled.");
    stage_close(executor);
}

Test(task, polls_are_never_nested_however_often_it_wakes_itself,
     .timeout = 60) {
    ProbeFuture a;
    Executor *executor = stage_open();
    probe_future_init(&a, "A", 100000);
    a.wakes_itself = true;
    a.silent = true;
    script_batches_left = 200000;
    stage_spawn(executor, &a.future);
    assert_runs_to_the_end(executor);
    cr_assert_eq(a.polls, 100001,
                 "The task woke itself 100,000 times and was polled %d times.",
                 a.polls);
    stage_close(executor);
}

Test(task, woken_after_it_completed_does_nothing, .timeout = 60) {
    ProbeFuture a;
    Executor *executor;
    open_with_pending(&executor, &a, 1);
    script_keep_freed = true;
    Waker late = clone_kept(&a);
    waker_wake_by_ref(&late);
    assert_runs_to_the_end(executor);
    cr_assert_eq(a.drops, 1,
                 "The future was ready and has no handle, and it was dropped "
                 "%d times: a waker keeps the task's memory, not its future.",
                 a.drops);
    script_pushes = 0;
    waker_wake_by_ref(&late);
    on_another_thread(wake_by_ref, &late);
    cr_assert_eq(script_used_after_free(), 0,
                 "A waker touched the memory of its task after it had been "
                 "freed: each waker holds a reference to the task.");
    cr_assert_eq(stage_queued(executor), 0,
                 "Woken by its own thread after it had completed, the task was "
                 "put into the ready queue.");
    cr_assert_eq(script_pushes, 0,
                 "Woken by another thread after it had completed, the task had "
                 "a note left for it (%d): NOTED has to stand then.",
                 script_pushes);
    stage_run_batch(executor);
    cr_assert_eq(a.polls, 2,
                 "Woken after it had completed, the task was polled again.");
    waker_drop(&late);
    stage_close(executor);
}

Test(task, is_freed_by_the_last_reference, .timeout = 60) {
    ProbeFuture a;
    Executor *executor;
    open_with_pending(&executor, &a, 1);
    int alive = script_blocks;
    Waker one = clone_kept(&a);
    Waker two = waker_clone(&one);
    Waker three = waker_clone(&two);
    cr_assert_eq(script_blocks, alive,
                 "Cloning a waker allocated memory: it only adds a reference.");
    waker_wake_by_ref(&one);
    assert_runs_to_the_end(executor);
    waker_drop(&one);
    waker_wake(&two);
    cr_assert_eq(
        script_blocks, alive,
        "One waker woke by reference and was dropped, one was consumed "
        "by wake; there is a third, and the task was freed: wake and "
        "drop give back one reference each, wake_by_ref none.");
    waker_drop(&three);
    cr_assert_eq(script_blocks, alive - 1,
                 "The last waker is gone and the task is still in memory: wake "
                 "and drop give back one reference each.");
    stage_close(executor);
}

Test(task, wakers_of_one_task_are_the_same_and_of_two_are_not, .timeout = 60) {
    ProbeFuture a, b;
    Executor *executor = stage_open();
    stage_spawn_probe(executor, &a, "A", 1);
    stage_spawn_probe(executor, &b, "B", 1);
    stage_run_batch(executor);
    Waker clone = clone_kept(&a);
    cr_assert(waker_will_wake(&clone, &a.kept),
              "A clone of a waker does not wake the same task.");
    cr_assert(!waker_will_wake(&a.kept, &b.kept),
              "The wakers of two tasks say that they wake the same one: the "
              "data of a waker has to name its task.");
    waker_drop(&clone);
    stage_close(executor);
}

Test(task, cancelled_while_it_waits_is_dropped_at_once, .timeout = 60) {
    ProbeFuture a;
    Executor *executor = stage_open();
    script_keep_freed = true;
    JoinHandle handle = stage_spawn_probe_with_handle(executor, &a, "A", 100);
    stage_run_batch(executor);
    Waker late = clone_kept(&a);
    join_handle_cancel(&handle);
    cr_assert_eq(a.drops, 1,
                 "The task was cancelled while it waited, but its "
                 "future was not dropped before the cancel came "
                 "back.");
    waker_wake_by_ref(&late);
    on_another_thread(wake_by_ref, &late);
    stage_run_batch(executor);
    assert_trace("poll A, pending A, drop A",
                 "A cancelled task is never polled again, woken or not.");
    waker_drop(&late);
    drop_handle(&handle);
    stage_close(executor);
}

Test(task, cancelled_while_queued_is_never_polled, .timeout = 60) {
    ProbeFuture a;
    Executor *executor = stage_open();
    script_keep_freed = true;
    JoinHandle handle = stage_spawn_probe_with_handle(executor, &a, "A", 100);
    join_handle_cancel(&handle);
    drop_handle(&handle);
    cr_assert_eq(script_used_after_free(), 0,
                 "The task was freed while it was in the ready queue.");
    cr_assert_eq(stage_tasks(), 1,
                 "A task that is cancelled in the ready queue stays in memory "
                 "until it has come out: its neighbours' links lead through "
                 "it.");
    stage_run_batch(executor);
    assert_trace("drop A", "A task was cancelled in the ready queue, and came "
                           "out of it.");
    stage_close(executor);
}

Test(task, woken_and_then_cancelled_is_not_polled, .timeout = 60) {
    ProbeFuture a;
    Executor *executor = stage_open();
    JoinHandle handle = stage_spawn_probe_with_handle(executor, &a, "A", 100);
    stage_run_batch(executor);
    waker_wake_by_ref(&a.kept);
    join_handle_cancel(&handle);
    drop_handle(&handle);
    stage_run_batch(executor);
    cr_assert_eq(a.polls, 1, "The task was cancelled, and then polled.");
    stage_close(executor);
}

/* A future that, when dropped, wakes its own task: a socket may do that. */
typedef struct LastWord {
    Future future;
    Waker waker;
    int polls;
} LastWord;

static Poll last_word_poll(Future *future, Context *context) {
    LastWord *self = (LastWord *)future;
    self->polls += 1;
    waker_clone_from(&self->waker, context->waker);
    return POLL_PENDING;
}

static void last_word_drop(Future *future) {
    waker_wake(&((LastWord *)future)->waker);
}

Test(task, ignores_a_wake_up_that_its_own_drop_sets_off, .timeout = 60) {
    static const FutureVtable vtable = {last_word_poll, last_word_drop};
    LastWord last = {.future = {&vtable}};
    Executor *executor = stage_open();
    script_keep_freed = true;
    JoinHandle handle = stage_spawn_with_handle(executor, &last.future);
    stage_run_batch(executor);
    join_handle_cancel(&handle);
    cr_assert_eq(stage_queued(executor), 0,
                 "The drop of a cancelled future woke its own task, which was "
                 "put into the ready queue: it has completed by then.");
    stage_run_batch(executor);
    cr_assert_eq(last.polls, 1,
                 "The drop of a cancelled future woke its own task, and the "
                 "future was polled after it had been dropped.");
    drop_handle(&handle);
    stage_close(executor);
}

/* --- Woken by other threads: notes ----------------------------------------- */

Test(task, woken_by_two_threads_before_one_poll_is_polled_once, .timeout = 60) {
    ProbeFuture a;
    Executor *executor;
    open_with_pending(&executor, &a, 100);
    waker_wake_by_ref(&a.kept);
    on_another_thread(wake_by_ref, &a.kept);
    stage_run_batch(executor);
    stage_run_batch(executor);
    cr_assert_eq(a.polls, 2,
                 "Woken by its own thread and by another one before one poll, "
                 "the task was polled %d times more instead of once.",
                 a.polls - 1);
    stage_close(executor);
}

Test(task, woken_five_times_by_threads_leaves_one_note, .timeout = 60) {
    ProbeFuture a;
    Executor *executor;
    open_with_pending(&executor, &a, 100);
    script_pushes = 0;
    for (int i = 0; i < 5; i++) {
        on_another_thread(wake_by_ref, &a.kept);
    }
    cr_assert_eq(script_pushes, 1,
                 "Woken 5 times by other threads, the task had %d notes left "
                 "for it instead of one: a note has one link in its task.",
                 script_pushes);
    stage_run_batch(executor);
    stage_run_batch(executor);
    cr_assert_eq(a.polls, 2,
                 "Woken 5 times by other threads before one poll, the task was "
                 "polled %d times more instead of once.",
                 a.polls - 1);
    stage_close(executor);
}

Test(task, woken_by_a_thread_again_and_again_leaves_a_note_each_time,
     .timeout = 60) {
    ProbeFuture a;
    Executor *executor;
    open_with_pending(&executor, &a, 100);
    for (int i = 1; i <= 3; i++) {
        on_another_thread(wake_by_ref, &a.kept);
        stage_run_batch(executor);
        cr_assert_eq(a.polls, 1 + i,
                     "Another thread woke the task %d times, with a poll after "
                     "each; it was polled %d times more.",
                     i, a.polls - 1);
    }
    stage_close(executor);
}

/* A note has its own reference: the waker's goes as soon as it has woken. */
Test(task, stays_while_its_note_is_in_the_mailbox, .timeout = 60) {
    ProbeFuture a;
    Executor *executor = stage_open();
    script_keep_freed = true;
    JoinHandle handle = stage_spawn_probe_with_handle(executor, &a, "A", 100);
    stage_run_batch(executor);
    on_another_thread(wake_and_consume, &a.kept);
    join_handle_cancel(&handle);
    drop_handle(&handle);
    cr_assert_eq(stage_tasks(), 1,
                 "A task has no waker, no handle and was cancelled, and its "
                 "note is in the mailbox: it has to stay until that is read "
                 "(tasks in memory expected: 1; seen: %d).",
                 stage_tasks());
    stage_run_batch(executor);
    assert_trace(
        "poll A, pending A, drop A",
        "A task was cancelled after a note had been left for it: it is "
        "not polled.");
    cr_assert_eq(stage_tasks(), 0,
                 "The note of a cancelled task was read, and nobody refers to "
                 "the task any more (tasks in memory expected: 0; seen: %d).",
                 stage_tasks());
    stage_close(executor);
}

Test(task, cancelled_with_a_note_in_the_mailbox_gets_no_other, .timeout = 60) {
    ProbeFuture a;
    Executor *executor = stage_open();
    JoinHandle handle = stage_spawn_probe_with_handle(executor, &a, "A", 100);
    stage_run_batch(executor);
    Waker late = clone_kept(&a);
    on_another_thread(wake_by_ref, &late);
    join_handle_cancel(&handle);
    stage_run_batch(executor);
    script_pushes = 0;
    on_another_thread(wake_by_ref, &late);
    cr_assert_eq(script_pushes, 0,
                 "A task was cancelled, its last note was read, and a late "
                 "waker left another one: NOTED has to stand from the end on.");
    waker_drop(&late);
    drop_handle(&handle);
    stage_close(executor);
}

/* --- Memory ---------------------------------------------------------------- */

Test(task, waking_and_running_allocate_nothing, .timeout = 60) {
    ProbeFuture a;
    Executor *executor;
    open_with_pending(&executor, &a, 50);
    a.wakes_itself = true;
    on_another_thread(wake_by_ref, &a.kept);
    int before = script_allocations();
    assert_runs_to_the_end(executor);
    cr_assert_eq(script_allocations(), before,
                 "Memory was allocated %d times while tasks were woken and "
                 "run: then waking could fail.",
                 script_allocations() - before);
    stage_close(executor);
}
