#include "other.h"
#include "script_conditions.h"
#include "script_locks.h"
#include "script_memory.h"
#include "script_sleep.h"
#include "script_tasks.h"
#include "stage.h"

/* --- Running --------------------------------------------------------------- */

Test(executor, without_tasks_has_nothing_to_run, .timeout = 60) {
    Executor *executor = stage_open();
    int result = executor_run(executor);
    cr_assert_eq(result, 0,
                 "With no task at all, executor_run() answered %s "
                 "instead of 0.",
                 error_name(result));
    cr_assert_eq(script_parks, 0, "With no task at all, the executor slept.");
    stage_close(executor);
}

Test(executor, runs_until_the_last_task_has_completed, .timeout = 60) {
    ProbeFuture a, b;
    Executor *executor = stage_open();
    stage_spawn_probe(executor, &a, "A", 0);
    stage_spawn_probe(executor, &b, "B", 2);
    b.wakes_itself = true;
    assert_runs_to_the_end(executor);
    cr_assert_eq(a.drops + b.drops, 2,
                 "executor_run() came back with a task that was queued and "
                 "had not completed.");
    assert_trace("poll A, ready A, drop A, poll B, pending B, poll B, "
                 "pending B, poll B, ready B, drop B",
                 "A task is polled once each time it was woken.");
    stage_close(executor);
}

/* A, B and C are pending, and have kept their wakers. */
static Executor *open_for_three(ProbeFuture *a, ProbeFuture *b,
                                ProbeFuture *c) {
    Executor *executor = stage_open();
    stage_spawn_probe(executor, a, "A", 100);
    stage_spawn_probe(executor, b, "B", 100);
    stage_spawn_probe(executor, c, "C", 100);
    stage_run_batch(executor);
    return executor;
}

Test(executor, polls_in_the_order_of_the_wake_ups, .timeout = 60) {
    ProbeFuture a, b, c;
    Executor *executor = open_for_three(&a, &b, &c);
    assert_trace("poll A, pending A, poll B, pending B, poll C, pending C",
                 "Tasks are polled in the order in which they were spawned.");
    trace_clear();
    waker_wake_by_ref(&c.kept);
    waker_wake_by_ref(&a.kept);
    waker_wake_by_ref(&b.kept);
    waker_wake_by_ref(&c.kept);
    stage_run_batch(executor);
    assert_trace("poll C, pending C, poll A, pending A, poll B, pending B",
                 "Tasks are polled in the order in which they were woken.");
    stage_close(executor);
}

Test(executor, gives_a_task_that_wakes_itself_one_turn_a_batch, .timeout = 60) {
    ProbeFuture a, b;
    Executor *executor = stage_open();
    stage_spawn_probe(executor, &a, "A", 3);
    a.wakes_itself = true;
    stage_spawn_probe(executor, &b, "B", 2);
    b.wakes_itself = true;
    assert_runs_to_the_end(executor);
    assert_trace("poll A, pending A, poll B, pending B, "
                 "poll A, pending A, poll B, pending B, "
                 "poll A, pending A, poll B, ready B, drop B, "
                 "poll A, ready A, drop A",
                 "Two tasks that keep waking themselves take turns.");
    stage_close(executor);
}

Test(executor, goes_on_through_its_batch_when_a_task_is_queued_again,
     .timeout = 60) {
    ProbeFuture a, b;
    Executor *executor = stage_open();
    stage_spawn_probe(executor, &a, "A", 1);
    a.wakes_itself = true;
    stage_spawn_probe(executor, &b, "B", 0);
    executor_run(executor);
    cr_assert_eq(
        b.polls, 1,
        "B stood behind A in the batch, A woke itself in its poll, and "
        "B was polled %d times instead of once.",
        b.polls);
    stage_close(executor);
}

Test(executor, is_not_held_up_by_a_task_that_wakes_itself_for_ever,
     .timeout = 60) {
    ProbeFuture busy, a;
    Executor *executor = stage_open();
    probe_future_init(&busy, "busy", 10000);
    busy.wakes_itself = true;
    busy.silent = true;
    probe_future_init(&a, "A", 1);
    a.wakes_itself = true;
    script_batches_left = 20000;
    stage_spawn(executor, &busy.future);
    executor_block_on(executor, &a.future);
    cr_assert_leq(busy.polls, 2,
                  "A task that wakes itself was polled %d times while another "
                  "one that was ready was polled %d times: what is queued "
                  "during a batch waits for the next one.",
                  busy.polls, a.polls);
    stage_close(executor);
}

Test(executor, lets_go_of_tasks_in_any_order, .timeout = 60) {
    ProbeFuture tasks[4];
    static const char *const names[] = {"A", "B", "C", "D"};
    static const int order[] = {1, 3, 0, 2}; /* middle, newest, oldest, last */
    Executor *executor = stage_open();
    for (int i = 0; i < 4; i++) {
        probe_future_init(&tasks[i], names[i], 1);
        stage_spawn(executor, &tasks[i].future);
    }
    stage_run_batch(executor);
    for (size_t left = 4; left > 0; left--) {
        cr_assert_eq(executor_pending_tasks(executor), left,
                     "%zu tasks are counted as pending instead of %zu.",
                     executor_pending_tasks(executor), left);
        waker_wake_by_ref(&tasks[order[4 - left]].kept);
        stage_run_batch(executor);
    }
    cr_assert_eq(executor_pending_tasks(executor), 0,
                 "All have completed, but a task is counted as pending.");
    stage_close(executor);
}

/* --- Nothing left that could wake ------------------------------------------ */

/* A future that is pending without leaving its waker with anybody. */
typedef struct Forgetful {
    Future future;
    int polls, drops;
} Forgetful;

static Poll forgetful_poll(Future *future, Context *context) {
    (void)context;
    ((Forgetful *)future)->polls += 1;
    return POLL_PENDING;
}

static void forgetful_drop(Future *future) {
    ((Forgetful *)future)->drops += 1;
}

static Forgetful forgetful(void) {
    static const FutureVtable vtable = {forgetful_poll, forgetful_drop};
    return (Forgetful){.future = {&vtable}};
}

Test(executor, says_so_when_nobody_can_wake_what_is_left, .timeout = 60) {
    Forgetful a = forgetful(), b = forgetful();
    Executor *executor = stage_open();
    stage_spawn(executor, &a.future);
    /* A handle is a reference too, but nothing to wake with. */
    JoinHandle handle = stage_spawn_with_handle(executor, &b.future);
    assert_runs_until_stuck(executor);
    cr_assert_eq(script_parks, 0,
                 "Nobody can wake the tasks that are left, "
                 "but the executor went to sleep.");
    cr_assert_eq(executor_pending_tasks(executor), 2,
                 "executor_run() gave up and took a task with it.");
    drop_handle(&handle);
    stage_close(executor);
    cr_assert(a.drops == 1 && b.drops == 1,
              "The tasks that nobody could wake were never dropped.");
}

static void wake_elsewhere(void *waker) {
    on_another_thread(wake_and_consume, waker);
}

Test(executor, waits_while_anybody_has_a_waker, .timeout = 60) {
    ProbeFuture a;
    Executor *executor = stage_open();
    Forgetful b = forgetful(), c = forgetful();
    stage_spawn(executor, &b.future);
    stage_spawn_probe(executor, &a, "A", 1);
    stage_spawn(executor, &c.future); /* the newest: looked at first */
    stage_run_batch(executor);
    Waker waker = clone_kept(&a);
    script_before_park = (Cue){wake_elsewhere, &waker, 0};
    assert_runs_until_stuck(executor);
    cr_assert_eq(a.polls, 2,
                 "Of three pending tasks one had a waker, which woke it when "
                 "the executor slept; it was polled %d times instead of twice.",
                 a.polls);
    stage_close(executor);
    cr_assert(b.drops == 1 && c.drops == 1,
              "The tasks that nobody could wake were dropped %d and %d times.",
              b.drops, c.drops);
}

static int waker_counts;

static void count_waker_counts(void *argument) {
    (void)argument;
    waker_counts += 1;
    script_before_waker_count = (Cue){count_waker_counts, NULL, 0};
}

static void wake_self_from_elsewhere(ProbeFuture *self) {
    if (!self->ready) {
        on_another_thread(wake_by_ref, &self->kept);
    }
}

/* A thousand tasks have no waker; the one that has is found once. */
Test(executor, does_not_look_through_all_tasks_before_each_wait,
     .timeout = 60) {
    enum { CROWD = 1000, WAITS = 100 };
    static Forgetful crowd[CROWD];
    ProbeFuture a;
    Executor *executor = stage_open();
    stage_spawn_probe(executor, &a, "A", WAITS);
    a.silent = true;
    a.hook = wake_self_from_elsewhere;
    for (int i = 0; i < CROWD; i++) {
        crowd[i] = forgetful();
        stage_spawn(executor, &crowd[i].future);
    }
    script_before_waker_count = (Cue){count_waker_counts, NULL, 0};
    assert_runs_until_stuck(executor);
    cr_assert_leq(waker_counts, 4 * CROWD,
                  "One task of %d had a waker and was woken %d times; tasks "
                  "were asked for wakers %d times: about %d for each wait.",
                  CROWD + 1, WAITS, waker_counts, waker_counts / WAITS);
    stage_close(executor);
}

/* The last waker wakes and is gone, between two looks. */
static void consume_last_waker(void *argument) {
    ProbeFuture *a = argument;
    on_another_thread(wake_and_consume, &a->kept);
}

Test(executor, sees_the_note_that_the_last_waker_left_before_it_went,
     .timeout = 60) {
    ProbeFuture a;
    Executor *executor = stage_open();
    stage_spawn_probe(executor, &a, "A", 1);
    stage_run_batch(executor);
    script_before_waker_count = (Cue){consume_last_waker, &a, 0};
    int result = executor_run(executor);
    cr_assert_eq(result, 0,
                 "The last waker left a note and was gone before the executor "
                 "counted wakers, and executor_run() answered %s instead of 0.",
                 error_name(result));
    stage_close(executor);
}

/* --- Sleeping and waking --------------------------------------------------- */

Test(executor, sleeps_until_it_is_woken, .timeout = 60) {
    ProbeFuture a;
    Executor *executor = stage_open();
    stage_spawn_probe(executor, &a, "A", 1);
    stage_run_batch(executor);
    Waker waker = clone_kept(&a);
    script_before_park = (Cue){wake_elsewhere, &waker, 0};
    assert_runs_to_the_end(executor);
    cr_assert_eq(a.polls, 2,
                 "A task was woken by another thread after executor_run() had "
                 "nothing to do; it was polled %d times instead of twice, and "
                 "executor_run() came back.",
                 a.polls);
    cr_assert_eq(script_parks, 1,
                 "There was one wait, and the executor went to sleep %d times.",
                 script_parks);
    stage_close(executor);
}

/*
 * The famous gap: a note comes right before the executor announces its sleep,
 * right after, or just before it sleeps.
 */
static ProbeFuture *woken_in_the_gap(Cue *place, Executor *executor) {
    static ProbeFuture a;
    stage_spawn_probe(executor, &a, "A", 1);
    stage_run_batch(executor);
    script_parks = 0;
    script_unparks = 0;
    *place = (Cue){consume_last_waker, &a, 0};
    assert_runs_to_the_end(executor);
    return &a;
}

Test(executor, sees_a_note_that_comes_before_the_announcement, .timeout = 60) {
    Executor *executor = stage_open();
    woken_in_the_gap(&script_before_announce, executor);
    cr_assert_eq(script_parks, 0,
                 "A note was left right before the executor announced its "
                 "sleep, and it slept.");
    cr_assert_eq(script_unparks, 0,
                 "A note was left right before the executor announced its "
                 "sleep, and its thread called the executor %d times instead "
                 "of not at all.",
                 script_unparks);
    stage_close(executor);
}

Test(executor, is_called_for_a_note_that_comes_after_the_announcement,
     .timeout = 60) {
    Executor *executor = stage_open();
    ProbeFuture *a = woken_in_the_gap(&script_after_announce, executor);
    cr_assert_eq(script_unparks, 1,
                 "A note was left right after the executor had announced its "
                 "sleep, and its thread called the executor %d times instead "
                 "of once (the task was polled %d times).",
                 script_unparks, a->polls);
    stage_close(executor);
}

Test(executor, is_called_for_a_note_that_comes_right_before_it_sleeps,
     .timeout = 60) {
    Executor *executor = stage_open();
    ProbeFuture *a = woken_in_the_gap(&script_before_park, executor);
    cr_assert_eq(
        script_unparks, 1,
        "A note was left when the executor was about to sleep, and its "
        "thread called the executor %d times instead of once (the "
        "task was polled %d times).",
        script_unparks, a->polls);
    stage_close(executor);
}

/* A note that is read may be left again before the next one is looked at. */
Test(executor, reads_all_notes_also_when_one_is_left_again, .timeout = 60) {
    ProbeFuture a, b, c;
    Executor *executor = open_for_three(&a, &b, &c);
    on_another_thread(wake_by_ref, &a.kept);
    on_another_thread(wake_by_ref, &b.kept);
    on_another_thread(wake_by_ref, &c.kept);
    Waker again = clone_kept(&a);
    script_after_note_read = (Cue){wake_elsewhere, &again, 0};
    stage_run_batch(executor);
    cr_assert(b.polls == 2 && c.polls == 2,
              "A, B and C had notes. A's was read, A was woken again at once, "
              "and B and C were polled %d and %d times more instead of once.",
              b.polls - 1, c.polls - 1);
    stage_close(executor);
}

Test(executor, polls_in_the_order_of_the_notes, .timeout = 60) {
    ProbeFuture a, b, c;
    Executor *executor = open_for_three(&a, &b, &c);
    trace_clear();
    on_another_thread(wake_by_ref, &c.kept);
    on_another_thread(wake_by_ref, &a.kept);
    on_another_thread(wake_by_ref, &b.kept);
    stage_run_batch(executor);
    assert_trace("poll C, pending C, poll A, pending A, poll B, pending B",
                 "Tasks are polled in the order in which threads woke them.");
    stage_close(executor);
}

typedef struct Crowd {
    ProbeFuture tasks[5];
    Waker wakers[5];
} Crowd;

static void wake_crowd(void *argument) {
    Crowd *crowd = argument;
    for (int i = 0; i < 5; i++) {
        wake_elsewhere(&crowd->wakers[i]);
    }
}

Test(executor, asleep_is_called_once_for_many_wake_ups, .timeout = 60) {
    static const char *const names[] = {"A", "B", "C", "D", "E"};
    Crowd crowd;
    Executor *executor = stage_open();
    for (int i = 0; i < 5; i++) {
        probe_future_init(&crowd.tasks[i], names[i], 1);
        stage_spawn(executor, &crowd.tasks[i].future);
    }
    stage_run_batch(executor);
    for (int i = 0; i < 5; i++) {
        crowd.wakers[i] = clone_kept(&crowd.tasks[i]);
    }
    script_before_park = (Cue){wake_crowd, &crowd, 0};
    assert_runs_to_the_end(executor);
    cr_assert_eq(script_unparks, 1,
                 "Five threads woke five tasks of a sleeping executor, and "
                 "called it %d times instead of once: the first note takes the "
                 "place of the mark.",
                 script_unparks);
    cr_assert_eq(script_parks, 1,
                 "Five wake-ups came before one sleep; the executor slept %d "
                 "times.",
                 script_parks);
    stage_close(executor);
}

Test(executor, busy_is_never_called, .timeout = 60) {
    ProbeFuture a, b;
    Executor *executor = stage_open();
    stage_spawn_probe(executor, &a, "A", 3);
    a.hook = wake_self_from_elsewhere;
    stage_spawn_probe(executor, &b, "B", 3);
    b.wakes_itself = true;
    assert_runs_to_the_end(executor);
    cr_assert_eq(script_unparks, 0,
                 "A busy executor was called %d times: it reads its mailbox "
                 "anyway, and each call may cost a system call.",
                 script_unparks);
    cr_assert_eq(script_parks, 0, "A busy executor slept %d times.",
                 script_parks);
    stage_close(executor);
}

/* --- Blocking on one future ------------------------------------------------ */

Test(executor, block_on_runs_other_tasks_and_leaves_them_pending,
     .timeout = 60) {
    ProbeFuture a, b, c;
    Executor *executor = stage_open();
    probe_future_init(&c, "C", 1);
    c.wakes_itself = true;
    stage_spawn_probe(executor, &a, "A", 1);
    stage_spawn_probe(executor, &b, "B", 1);
    b.wakes_itself = true;
    int result = executor_block_on(executor, &c.future);
    cr_assert_eq(result, 0, "executor_block_on() answered %s instead of 0.",
                 error_name(result));
    assert_trace("poll A, pending A, poll B, pending B, poll C, pending C, "
                 "poll B, ready B, drop B, poll C, ready C",
                 "Other tasks run meanwhile; it ends with its own future, "
                 "which it does not drop.");
    cr_assert_eq(executor_pending_tasks(executor), 1,
                 "A is still pending, but %zu tasks are counted.",
                 executor_pending_tasks(executor));
    future_drop(&c.future);
    stage_close(executor);
}

Test(executor, block_on_sleeps_while_its_future_is_pending, .timeout = 60) {
    ProbeFuture a;
    Executor *executor = stage_open();
    probe_future_init(&a, "A", 1);
    script_before_park = (Cue){consume_last_waker, &a, 0};
    int result = executor_block_on(executor, &a.future);
    cr_assert_eq(result, 0, "executor_block_on() answered %s instead of 0.",
                 error_name(result));
    cr_assert_eq(script_parks, 1, "One wait, but %d sleeps.", script_parks);
    future_drop(&a.future);
    stage_close(executor);
}

Test(executor, block_on_gives_up_when_nobody_can_wake, .timeout = 60) {
    Forgetful a = forgetful();
    Executor *executor = stage_open();
    int result = executor_block_on(executor, &a.future);
    cr_assert_eq(result, -EDEADLK,
                 "A future is pending and no waker of it is left, and "
                 "executor_block_on() answered %s instead of -EDEADLK.",
                 error_name(result));
    cr_assert_eq(a.drops, 0,
                 "executor_block_on() dropped a future that it "
                 "only borrows.");
    cr_assert_eq(executor_pending_tasks(executor), 0,
                 "executor_block_on() gave up and left its task behind.");
    stage_close(executor);
}

/* What others wait for does not help a future that nobody can wake. */
Test(executor, block_on_gives_up_although_another_task_has_a_waker,
     .timeout = 60) {
    ProbeFuture b;
    Forgetful a = forgetful();
    Executor *executor = stage_open();
    stage_spawn_probe(executor, &b, "B", 100);
    int result = executor_block_on(executor, &a.future);
    cr_assert_eq(result, -EDEADLK,
                 "A future is pending and no waker of it is left; another task "
                 "has one, and executor_block_on() answered %s instead of "
                 "-EDEADLK.",
                 error_name(result));
    cr_assert_eq(executor_pending_tasks(executor), 1,
                 "executor_block_on() gave up, and %zu tasks are pending "
                 "instead of the other one.",
                 executor_pending_tasks(executor));
    stage_close(executor);
}

Test(executor, block_on_gives_up_with_its_future_alone, .timeout = 60) {
    ProbeFuture c;
    Forgetful a = forgetful();
    Executor *executor = stage_open();
    executor_block_on(executor, &a.future);
    probe_future_init(&c, "C", 1);
    c.wakes_itself = true;
    int result = executor_block_on(executor, &c.future);
    cr_assert_eq(result, 0,
                 "executor_block_on() gave up on one future; for the next, "
                 "which wakes itself, it answered %s.",
                 error_name(result));
    future_drop(&c.future);
    stage_close(executor);
}

Test(executor, block_on_reports_refused_memory, .timeout = 60) {
    ProbeFuture a;
    Executor *executor = stage_open();
    probe_future_init(&a, "A", 0);
    script_refuse_allocation = 1;
    int result = executor_block_on(executor, &a.future);
    cr_assert_eq(result, -ENOMEM,
                 "There was no memory, and executor_block_on() answered %s.",
                 error_name(result));
    cr_assert_eq(a.polls, 0, "It failed, but the future was polled.");
    stage_close(executor);
}

/* --- Beginning and end ----------------------------------------------------- */

Test(executor, cannot_be_made_without_memory_or_locks, .timeout = 60) {
    Executor *executor = NULL;
    script_refuse_allocation = 1;
    cr_assert_eq(executor_new(&executor), -ENOMEM,
                 "No memory, but executor_new() did not answer -ENOMEM.");
    script_fail_always(&script_mutex_init, EAGAIN);
    cr_assert_eq(executor_new(&executor), -EAGAIN,
                 "No lock, but executor_new() did not answer -EAGAIN.");
    script_mutex_init.fail_in = 0;
    script_fail_always(&script_cond_init, ENOMEM);
    cr_assert_eq(executor_new(&executor), -ENOMEM,
                 "No condition, but executor_new() did not answer -ENOMEM.");
    cr_assert_null(executor, "executor_new() failed and wrote its result.");
    cr_assert_null(local_executor(),
                   "executor_new() failed, and the thread has an executor.");
    cr_assert_eq(script_locks + script_conditions, 0,
                 "executor_new() failed, and %d locks or conditions are left.",
                 script_locks + script_conditions);
    stage_assert_nothing_left();
}

Test(executor, freed_gives_its_locks_back, .timeout = 60) {
    stage_close(stage_open());
    cr_assert_eq(script_locks + script_conditions, 0,
                 "An executor was freed, and %d locks or conditions are left.",
                 script_locks + script_conditions);
}

Test(executor, freed_drops_all_that_is_left_once, .timeout = 60) {
    ProbeFuture waiting, queued, fresh;
    Executor *executor = stage_open();
    probe_future_init(&fresh, "fresh", 100);
    stage_spawn_probe(executor, &waiting, "waiting", 100);
    JoinHandle handle =
        stage_spawn_probe_with_handle(executor, &queued, "queued", 100);
    stage_run_batch(executor);
    waker_wake_by_ref(&queued.kept);
    stage_spawn(executor, &fresh.future);
    executor_free(executor);
    cr_assert(waiting.drops == 1 && queued.drops == 1 && fresh.drops == 1,
              "An executor was freed with a waiting task, one that was queued "
              "and one that was new; they were dropped %d, %d and %d times.",
              waiting.drops, queued.drops, fresh.drops);
    cr_assert(queued.polls == 1 && fresh.polls == 0,
              "An executor was freed, and a task in its ready queue was polled "
              "again.");
    cr_assert(join_handle_is_finished(&handle) &&
                  join_handle_output(&handle) == NULL,
              "The executor of a pending task was freed, and the task's handle "
              "does not say that it was cancelled.");
    drop_handle(&handle);
    stage_assert_nothing_left();
}

Test(executor, freed_leaves_the_notes_read, .timeout = 60) {
    ProbeFuture a;
    Executor *executor = stage_open();
    stage_spawn_probe(executor, &a, "A", 100);
    stage_run_batch(executor);
    on_another_thread(wake_by_ref, &a.kept);
    stage_close(executor);
    cr_assert_eq(a.polls, 1,
                 "An executor was freed with a note in its mailbox, and the "
                 "task was polled.");
}

Test(executor, can_be_used_again_when_all_was_cancelled, .timeout = 60) {
    ProbeFuture waiting, queued, later;
    Executor *executor = stage_open();
    probe_future_init(&queued, "queued", 100);
    probe_future_init(&later, "later", 0);
    stage_spawn_probe(executor, &waiting, "waiting", 100);
    stage_run_batch(executor);
    stage_spawn(executor, &queued.future);
    executor_cancel_all(executor);
    cr_assert(waiting.drops == 1 && queued.drops == 1,
              "All was cancelled: a waiting task was dropped %d times and a "
              "queued one %d times, before the call came back.",
              waiting.drops, queued.drops);
    cr_assert_eq(executor_pending_tasks(executor), 0,
                 "All was cancelled, and %zu tasks are pending.",
                 executor_pending_tasks(executor));
    stage_spawn(executor, &later.future);
    assert_runs_to_the_end(executor);
    cr_assert_eq(later.drops, 1,
                 "All was cancelled, and a task that was "
                 "spawned later did not run.");
    cr_assert_eq(queued.polls, 0,
                 "A task that was cancelled in the queue was "
                 "polled.");
    stage_close(executor);
}

Test(executor, freed_leaves_wakers_that_do_nothing, .timeout = 60) {
    ProbeFuture a;
    Executor *executor = stage_open();
    script_keep_freed = true;
    stage_spawn_probe(executor, &a, "A", 100);
    stage_run_batch(executor);
    Waker late = clone_kept(&a);
    executor_free(executor);
    cr_assert_eq(a.drops, 1,
                 "The executor was freed, and its task's future was dropped %d "
                 "times.",
                 a.drops);
    cr_assert_null(local_executor(),
                   "The executor was freed, and the thread has it still.");
    waker_wake_by_ref(&late);
    Waker later = waker_clone(&late);
    on_another_thread(wake_by_ref, &later);
    on_another_thread(wake_and_consume, &later);
    cr_assert_eq(script_used_after_free(), 0,
                 "A waker outlived its executor and touched freed memory: "
                 "each task holds a reference to the executor, too.");
    waker_drop(&late);
    stage_assert_nothing_left();
}

/* A waker of an executor that is gone, while the thread has another one. */
Test(executor, freed_leaves_the_next_one_alone, .timeout = 60) {
    ProbeFuture a, b;
    Executor *executor = stage_open();
    probe_future_init(&b, "B", 1);
    JoinHandle handle = stage_spawn_probe_with_handle(executor, &a, "A", 100);
    stage_run_batch(executor);
    Waker late = clone_kept(&a);
    executor_free(executor);
    Executor *next = stage_open();
    stage_spawn(next, &b.future);
    stage_run_batch(next);
    waker_wake_by_ref(&late);
    on_another_thread(wake_by_ref, &late);
    waker_drop(&late);
    drop_handle(&handle);
    cr_assert(stage_queued(next) == 0 && executor_pending_tasks(next) == 1,
              "A waker and a handle of an executor that is gone were used; the "
              "thread's next one has %d tasks queued and %zu pending, instead "
              "of 0 and 1.",
              stage_queued(next), executor_pending_tasks(next));
    stage_close(next);
}

Test(executor, freed_while_a_thread_is_about_to_push_refuses_the_note,
     .timeout = 60) {
    ProbeFuture a;
    Other other;
    Executor *executor = stage_open();
    script_keep_freed = true;
    stage_spawn_probe(executor, &a, "A", 100);
    stage_run_batch(executor);
    Waker waker = clone_kept(&a);
    other_start_to_push(&other, wake_and_consume, &waker);
    cr_assert(other_stands_before_push(&other),
              "A thread woke a task that was waiting, and left no note.");
    /* NOTED is set, and the note is not in the mailbox yet. */
    executor_free(executor);
    cr_assert_eq(a.drops, 1,
                 "The executor was freed, and its task's future was dropped %d "
                 "times.",
                 a.drops);
    other_finish(&other);
    cr_assert_eq(script_used_after_free(), 0,
                 "A thread was about to leave a note when the executor was "
                 "freed, and left it in freed memory.");
    cr_assert_eq(script_blocks, 0,
                 "A thread was about to leave a note when the executor was "
                 "freed, and %d blocks of memory are left: the mailbox did not "
                 "refuse the note, or its reference was not given back.",
                 script_blocks);
    stage_assert_nothing_left();
}

/* The note is in the mailbox; its thread has yet to look at the answer. */
Test(executor, freed_while_a_thread_is_about_to_call_it_stays, .timeout = 60) {
    ProbeFuture a;
    Other other;
    Executor *executor = stage_open();
    script_keep_freed = true;
    stage_spawn_probe(executor, &a, "A", 1);
    stage_run_batch(executor);
    Waker waker = waker_take(&a.kept);
    mailbox_announce_sleep(script_mailbox());
    other_start_and_push(&other, wake_and_consume, &waker);
    cr_assert(other_stands_before_push(&other),
              "A thread woke a task that was waiting, and left no note.");
    assert_runs_to_the_end(executor);
    executor_free(executor);
    other_finish(&other);
    cr_assert_eq(script_used_after_free(), 0,
                 "A thread had left a note and was about to call the executor, "
                 "which ran and was freed; the call went into freed memory.");
    stage_assert_nothing_left();
}

/* The same, while the executor goes on. */
Test(executor, cancels_a_task_that_a_thread_is_about_to_note, .timeout = 60) {
    ProbeFuture a, b;
    Other other;
    Executor *executor = stage_open();
    script_keep_freed = true;
    probe_future_init(&b, "B", 0);
    JoinHandle handle = stage_spawn_probe_with_handle(executor, &a, "A", 100);
    stage_run_batch(executor);
    Waker waker = clone_kept(&a);
    other_start_to_push(&other, wake_and_consume, &waker);
    cr_assert(other_stands_before_push(&other),
              "A thread woke a task that was waiting, and left no note.");
    join_handle_cancel(&handle);
    drop_handle(&handle);
    stage_run_batch(executor);
    other_finish(&other);
    cr_assert_eq(
        stage_tasks(), 1,
        "A task was cancelled while a thread was about to leave a note "
        "for it; now the note is in the mailbox, and the task has to stay "
        "(tasks in memory expected: 1; seen: %d).",
        stage_tasks());
    stage_spawn(executor, &b.future);
    stage_run_batch(executor);
    assert_trace("poll A, pending A, drop A, poll B, ready B, drop B",
                 "A task was cancelled just before its note was left: the note "
                 "is read later, and it is not polled.");
    stage_close(executor);
}

/* A future that, when it is dropped, looks at what is counted, and wakes. */
typedef struct Mourner {
    Future future;
    Executor *executor;
    Waker waker;
    size_t pending_in_drop;
} Mourner;

static Poll mourner_poll(Future *future, Context *context) {
    waker_clone_from(&((Mourner *)future)->waker, context->waker);
    return POLL_PENDING;
}

static void mourner_drop(Future *future) {
    Mourner *self = (Mourner *)future;
    self->pending_in_drop = executor_pending_tasks(self->executor);
    on_another_thread(wake_by_ref, &self->waker);
    waker_wake(&self->waker);
}

Test(executor, freed_counts_and_closes_in_order, .timeout = 60) {
    static const FutureVtable vtable = {mourner_poll, mourner_drop};
    Executor *executor = stage_open();
    Mourner mourner = {.future = {&vtable}, .executor = executor};
    script_keep_freed = true;
    stage_spawn(executor, &mourner.future);
    stage_run_batch(executor);
    executor_free(executor);
    cr_assert_eq(mourner.pending_in_drop, 0,
                 "The last task's future was dropped when the executor was "
                 "freed, and its drop saw %zu tasks pending: it is none any "
                 "more.",
                 mourner.pending_in_drop);
    stage_assert_nothing_left();
}
