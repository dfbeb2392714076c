#include "stage.h"

/* --- Running --------------------------------------------------------------- */

Test(executor, without_tasks_has_nothing_to_run, .timeout = 5) {
    Executor *executor = stage_open();
    int result = executor_run(executor);
    cr_assert_eq(result, 0,
                 "With no task at all, executor_run() answered %d "
                 "instead of 0.",
                 result);
    cr_assert_eq(script.parks, 0, "With no task at all, the executor slept.");
    stage_close(executor);
}

Test(executor, runs_until_the_last_task_has_completed, .timeout = 5) {
    ProbeFuture a, b;
    Executor *executor = stage_open();
    probe_future_init(&a, "A", 0);
    probe_future_init(&b, "B", 2);
    b.wakes_itself = true;
    stage_spawn(executor, &a.future);
    stage_spawn(executor, &b.future);
    assert_runs_to_the_end(executor);
    cr_assert_eq(a.drops + b.drops, 2,
                 "executor_run() came back with a task that was queued and "
                 "had not completed.");
    assert_trace("poll A, ready A, drop A, poll B, pending B, poll B, "
                 "pending B, poll B, ready B, drop B",
                 "A task is polled once each time it was woken.");
    stage_close(executor);
}

Test(executor, polls_in_the_order_of_the_wake_ups, .timeout = 5) {
    ProbeFuture a, b, c;
    Executor *executor = stage_open();
    probe_future_init(&a, "A", 100);
    probe_future_init(&b, "B", 100);
    probe_future_init(&c, "C", 100);
    stage_spawn(executor, &a.future);
    stage_spawn(executor, &b.future);
    stage_spawn(executor, &c.future);
    stage_run_batch(executor);
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

Test(executor, gives_a_task_that_wakes_itself_one_turn_a_batch, .timeout = 5) {
    ProbeFuture a, b;
    Executor *executor = stage_open();
    probe_future_init(&a, "A", 3);
    probe_future_init(&b, "B", 2);
    a.wakes_itself = true;
    b.wakes_itself = true;
    stage_spawn(executor, &a.future);
    stage_spawn(executor, &b.future);
    assert_runs_to_the_end(executor);
    assert_trace("poll A, pending A, poll B, pending B, "
                 "poll A, pending A, poll B, pending B, "
                 "poll A, pending A, poll B, ready B, drop B, "
                 "poll A, ready A, drop A",
                 "Two tasks that keep waking themselves take turns.");
    stage_close(executor);
}

Test(executor, goes_on_through_its_batch_when_a_task_is_queued_again,
     .timeout = 5) {
    ProbeFuture a, b;
    Executor *executor = stage_open();
    probe_future_init(&a, "A", 1);
    probe_future_init(&b, "B", 0);
    a.wakes_itself = true;
    stage_spawn(executor, &a.future);
    stage_spawn(executor, &b.future);
    executor_run(executor);
    cr_assert_eq(b.polls, 1,
                 "B stood behind A in the batch. A woke itself, so its `next` "
                 "became the queue's again, and B was forgotten: take a "
                 "task's `next` before you run it.");
    stage_close(executor);
}

Test(executor, is_not_held_up_by_a_task_that_wakes_itself_for_ever,
     .timeout = 5) {
    ProbeFuture busy, a;
    Executor *executor = stage_open();
    probe_future_init(&busy, "busy", 10000);
    busy.wakes_itself = true;
    busy.silent = true;
    probe_future_init(&a, "A", 1);
    a.wakes_itself = true;
    script.batches_left = 20000;
    stage_spawn(executor, &busy.future);
    executor_block_on(executor, &a.future);
    cr_assert_leq(busy.polls, 2,
                  "A task that wakes itself was polled %d times while another "
                  "one was ready: what is pushed during a batch waits for the "
                  "next one.",
                  busy.polls);
    stage_close(executor);
}

Test(executor, lets_go_of_tasks_in_any_order, .timeout = 5) {
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

Test(executor, says_so_when_nobody_can_wake_what_is_left, .timeout = 5) {
    Forgetful a = forgetful(), b = forgetful();
    Executor *executor = stage_open();
    stage_spawn(executor, &a.future);
    /* A handle is a reference too, but nothing to wake with. */
    JoinHandle handle = stage_spawn_with_handle(executor, &b.future);
    assert_runs_until_stuck(executor);
    cr_assert_eq(script.parks, 0,
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

Test(executor, waits_while_anybody_has_a_waker, .timeout = 5) {
    ProbeFuture a;
    Executor *executor = stage_open();
    Forgetful b = forgetful();
    probe_future_init(&a, "A", 1);
    stage_spawn(executor, &a.future);
    stage_spawn(executor, &b.future); /* the newest: looked at first */
    stage_run_batch(executor);
    Waker waker = clone_kept(&a);
    script.before_park = (Cue){wake_elsewhere, &waker, 0};
    assert_runs_until_stuck(executor);
    cr_assert_eq(a.polls, 2,
                 "One task could still be woken, and was, but the "
                 "executor gave up before: it has to look at all "
                 "the tasks that are left.");
    stage_close(executor);
}

/* The last waker wakes and is gone, between the two looks. */
static void consume_last_waker(void *argument) {
    ProbeFuture *a = argument;
    on_another_thread(wake_and_consume, &a->kept);
}

Test(executor, sees_what_the_last_waker_pushed_before_it_went, .timeout = 5) {
    ProbeFuture a;
    Executor *executor = stage_open();
    probe_future_init(&a, "A", 1);
    stage_spawn(executor, &a.future);
    stage_run_batch(executor);
    script.before_waker_count = (Cue){consume_last_waker, &a, 0};
    int result = executor_run(executor);
    cr_assert_eq(result, 0,
                 "The last waker pushed its task and was dropped, and the "
                 "executor gave up (%d): once it has seen that there are no "
                 "wakers, it has to look at the queue again.",
                 result);
    stage_close(executor);
}

/* --- Sleeping and waking --------------------------------------------------- */

static void wake_self_from_elsewhere(ProbeFuture *self) {
    if (!self->ready) {
        on_another_thread(wake_by_ref, &self->kept);
    }
}

Test(executor, sleeps_until_it_is_woken, .timeout = 5) {
    ProbeFuture a;
    Executor *executor = stage_open();
    probe_future_init(&a, "A", 1);
    stage_spawn(executor, &a.future);
    stage_run_batch(executor);
    Waker waker = clone_kept(&a);
    script.before_park = (Cue){wake_elsewhere, &waker, 0};
    assert_runs_to_the_end(executor);
    cr_assert_eq(a.drops, 1,
                 "executor_run() came back while a task was pending of which "
                 "somebody has a waker: an empty queue is a reason to sleep, "
                 "not to return.");
    cr_assert_eq(script.parks, 1,
                 "One wait, but the executor went to sleep %d times. Without "
                 "a sleep, it spins.",
                 script.parks);
    cr_assert_eq(a.polls, 2,
                 "The task was polled %d times instead of twice: "
                 "once when new, once when woken.",
                 a.polls);
    stage_close(executor);
}

/*
 * Wakes a task right after the executor's look number `skip` + 1 at the queue,
 * or when it goes to sleep, if it does not look so often. Then the task wakes
 * itself a few times from another thread. Returns whether it looked so often.
 */
static bool wake_after_look(int skip) {
    ProbeFuture a;
    Executor *executor = stage_open();
    probe_future_init(&a, "A", 3);
    stage_spawn(executor, &a.future);
    stage_run_batch(executor);
    a.hook = wake_self_from_elsewhere;
    Waker waker = clone_kept(&a);
    script.after_look = (Cue){wake_elsewhere, &waker, skip};
    script.before_park = (Cue){wake_elsewhere, &waker, 0};
    script.parks = 0;
    script.unparks = 0;
    assert_runs_to_the_end(executor);
    bool looked = script.after_look.act == NULL;
    script.after_look = script.before_park = (Cue){0};
    stage_close(executor);
    return looked;
}

Test(executor, woken_between_any_look_and_its_sleep_does_not_sleep,
     .timeout = 5) {
    int looks = 0;
    while (wake_after_look(looks)) {
        looks += 1;
        cr_assert_leq(looks, 20,
                      "The executor looks at its queue more than "
                      "20 times and does not go to sleep.");
    }
    cr_assert_gt(looks, 0, "The executor slept without a look at its queue.");
}

Test(executor, takes_its_announcement_back_when_it_does_not_sleep,
     .timeout = 5) {
    for (int looks = 0; wake_after_look(looks); looks++) {
        cr_assert_leq(script.unparks, script.parks,
                      "The executor announced a sleep, saw a task and ran it, "
                      "and was called %d times meanwhile (it slept %d times): "
                      "when it does not sleep, or no longer, it has to take "
                      "the announcement back.",
                      script.unparks, script.parks);
    }
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

Test(executor, asleep_is_called_once_for_many_wake_ups, .timeout = 5) {
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
    script.before_park = (Cue){wake_crowd, &crowd, 0};
    assert_runs_to_the_end(executor);
    cr_assert_eq(script.unparks, 1,
                 "Five wake-ups called the sleeping executor %d times: the "
                 "first one takes `sleeping` back, the others see that.",
                 script.unparks);
    cr_assert_eq(script.parks, 1,
                 "Five wake-ups came before the sleep; the executor slept %d "
                 "times.",
                 script.parks);
    stage_close(executor);
}

Test(executor, busy_is_never_called, .timeout = 5) {
    ProbeFuture a, b;
    Executor *executor = stage_open();
    probe_future_init(&a, "A", 3);
    probe_future_init(&b, "B", 3);
    a.hook = wake_self_from_elsewhere;
    b.wakes_itself = true;
    stage_spawn(executor, &a.future);
    stage_spawn(executor, &b.future);
    assert_runs_to_the_end(executor);
    cr_assert_eq(script.unparks, 0,
                 "A busy executor was called %d times: it sees the queue "
                 "anyway, and each call may cost a system call.",
                 script.unparks);
    cr_assert_eq(script.parks, 0, "A busy executor slept.");
    stage_close(executor);
}

/* --- Blocking on one future ------------------------------------------------ */

Test(executor, block_on_runs_other_tasks_and_leaves_them_pending,
     .timeout = 5) {
    ProbeFuture a, b, c;
    Executor *executor = stage_open();
    probe_future_init(&a, "A", 1);
    probe_future_init(&b, "B", 1);
    b.wakes_itself = true;
    probe_future_init(&c, "C", 1);
    c.wakes_itself = true;
    stage_spawn(executor, &a.future);
    stage_spawn(executor, &b.future);
    int result = executor_block_on(executor, &c.future);
    cr_assert_eq(result, 0, "executor_block_on() answered %d.", result);
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

Test(executor, block_on_sleeps_while_its_future_is_pending, .timeout = 5) {
    ProbeFuture a;
    Executor *executor = stage_open();
    probe_future_init(&a, "A", 1);
    script.before_park = (Cue){consume_last_waker, &a, 0};
    int result = executor_block_on(executor, &a.future);
    cr_assert_eq(result, 0, "executor_block_on() answered %d.", result);
    cr_assert_eq(script.parks, 1, "One wait, but %d sleeps.", script.parks);
    future_drop(&a.future);
    stage_close(executor);
}

Test(executor, block_on_gives_up_when_nobody_can_wake, .timeout = 5) {
    Forgetful a = forgetful();
    Executor *executor = stage_open();
    int result = executor_block_on(executor, &a.future);
    cr_assert_eq(result, -EDEADLK,
                 "Nobody has a waker of the future, yet executor_block_on() "
                 "answered %d instead of -EDEADLK.",
                 result);
    cr_assert_eq(a.drops, 0,
                 "executor_block_on() dropped a future that it "
                 "only borrows.");
    cr_assert_eq(executor_pending_tasks(executor), 0,
                 "executor_block_on() gave up and left its task behind.");
    stage_close(executor);
}

Test(executor, block_on_reports_refused_memory, .timeout = 5) {
    ProbeFuture a;
    Executor *executor = stage_open();
    probe_future_init(&a, "A", 0);
    script.refuse_allocation = 1;
    int result = executor_block_on(executor, &a.future);
    cr_assert_eq(result, -ENOMEM,
                 "There was no memory, and "
                 "executor_block_on() answered %d.",
                 result);
    cr_assert_eq(a.polls, 0, "It failed, but the future was polled.");
    stage_close(executor);
}

/* --- Beginning and end ----------------------------------------------------- */

Test(executor, cannot_be_made_without_memory_or_descriptors, .timeout = 5) {
    Executor *executor = NULL;
    script.refuse_allocation = 1;
    cr_assert_eq(executor_new(&executor), -ENOMEM,
                 "No memory, but executor_new() did not answer -ENOMEM.");
    script_fail(&script_epoll_create1, 1, EMFILE);
    script_fail(&script_kqueue, 1, EMFILE);
    script_fail(&script_pipe, 1, EMFILE);
    script_fail(&script_open_afd, 1, EMFILE);
    cr_assert_eq(executor_new(&executor), -EMFILE,
                 "No descriptor, but executor_new() did not answer -EMFILE.");
    cr_assert_null(executor, "executor_new() failed and wrote its result.");
    stage_assert_nothing_left();
}

Test(executor, freed_drops_all_that_is_left_once, .timeout = 5) {
    ProbeFuture waiting, queued, fresh;
    Executor *executor = stage_open();
    probe_future_init(&waiting, "waiting", 100);
    probe_future_init(&queued, "queued", 100);
    probe_future_init(&fresh, "fresh", 100);
    stage_spawn(executor, &waiting.future);
    JoinHandle handle = stage_spawn_with_handle(executor, &queued.future);
    stage_run_batch(executor);
    waker_wake_by_ref(&queued.kept);
    stage_spawn(executor, &fresh.future);
    executor_free(executor);
    cr_assert(waiting.drops == 1 && queued.drops == 1 && fresh.drops == 1,
              "An executor was freed with a waiting task, one that was queued "
              "and one that was new; they were dropped %d, %d and %d times.",
              waiting.drops, queued.drops, fresh.drops);
    cr_assert(join_handle_is_finished(&handle) &&
                  join_handle_output(&handle) == NULL,
              "A task of an executor that was freed counts as cancelled.");
    drop_handle(&handle);
    stage_assert_nothing_left();
}

Test(executor, freed_leaves_wakers_that_do_nothing, .timeout = 5) {
    ProbeFuture a;
    Executor *executor = stage_open();
    script.keep_freed = true;
    probe_future_init(&a, "A", 100);
    stage_spawn(executor, &a.future);
    stage_run_batch(executor);
    Waker late = clone_kept(&a);
    executor_free(executor);
    cr_assert_eq(a.drops, 1,
                 "The executor was freed and its task's future "
                 "was not dropped.");
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

Test(executor, freed_while_a_thread_is_about_to_push_refuses_it, .timeout = 5) {
    ProbeFuture a;
    Other other;
    Executor *executor = stage_open();
    script.keep_freed = true;
    probe_future_init(&a, "A", 100);
    stage_spawn(executor, &a.future);
    stage_run_batch(executor);
    Waker waker = clone_kept(&a);
    other_start_to_push(&other, wake_and_consume, &waker);
    cr_assert(other_stands_before_push(&other),
              "A thread woke a task that was waiting, and pushed nothing.");
    /* QUEUED is set, and the task is not in the queue yet. */
    executor_free(executor);
    cr_assert_eq(a.drops, 1,
                 "The executor was freed and its task's future "
                 "was not dropped.");
    other_finish(&other);
    cr_assert_eq(script_used_after_free(), 0,
                 "A thread was just waking a task when the executor was freed, "
                 "and pushed it into freed memory: QUEUED without COMPLETED "
                 "means that a push is under way, and keeps the task alive.");
    cr_assert_eq(script.live_blocks, 0,
                 "A thread was just waking a task when the executor was freed: "
                 "%d blocks of memory are left. Close the queue; who is "
                 "refused by it gives the executor's reference back.",
                 script.live_blocks);
    stage_assert_nothing_left();
}

/* The same, while the executor goes on. */
Test(executor, cancels_a_task_that_a_thread_is_about_to_push, .timeout = 5) {
    ProbeFuture a, b;
    Other other;
    Executor *executor = stage_open();
    script.keep_freed = true;
    probe_future_init(&a, "A", 100);
    probe_future_init(&b, "B", 0);
    JoinHandle handle = stage_spawn_with_handle(executor, &a.future);
    stage_run_batch(executor);
    Waker waker = clone_kept(&a);
    other_start_to_push(&other, wake_and_consume, &waker);
    cr_assert(other_stands_before_push(&other),
              "A thread woke a task that was waiting, and pushed nothing.");
    int alive = script.live_blocks;
    join_handle_cancel(&handle);
    drop_handle(&handle);
    stage_run_batch(executor);
    other_finish(&other);
    cr_assert_eq(script.live_blocks, alive,
                 "A task was cancelled while a thread was about to push it, "
                 "and freed while it was in the queue: QUEUED says that it is "
                 "there or on its way; the executor's reference goes when it "
                 "comes out.");
    stage_spawn(executor, &b.future);
    stage_run_batch(executor);
    assert_trace("poll A, pending A, drop A, poll B, ready B, drop B",
                 "A task was cancelled just before it was pushed: it comes "
                 "out of the queue later, and is not polled.");
    cr_assert_eq(script_used_after_free(), 0,
                 "A task was freed while a thread was about to push it: QUEUED "
                 "says that it is on its way into the queue.");
    stage_close(executor);
}
