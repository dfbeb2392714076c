#include <errno.h>

#include "clock.h"
#include "other.h"
#include "script_descriptors.h"
#include "script_io_blocker.h"
#include "script_locks.h"
#include "script_memory.h"
#include "script_sleep.h"
#include "script_tasks.h"
#include "script_time.h"
#include "script_waiting.h"
#include "script_windows.h"
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

Test(executor, polls_in_the_order_of_the_wake_ups, .timeout = 60) {
    ProbeFuture a, b, c;
    Executor *executor = stage_open();
    stage_spawn_probe(executor, &a, "A", 100);
    stage_spawn_probe(executor, &b, "B", 100);
    stage_spawn_probe(executor, &c, "C", 100);
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
    cr_assert_eq(b.polls, 1,
                 "B stood behind A in the batch. A woke itself, and B was "
                 "polled %d times: A's `next_ready` is the queue's again by "
                 "then.",
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
                  "one was ready: what is queued during a batch waits for the "
                  "next one.",
                  busy.polls);
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
    Forgetful b = forgetful();
    stage_spawn_probe(executor, &a, "A", 1);
    stage_spawn(executor, &b.future); /* the newest: looked at first */
    stage_run_batch(executor);
    Waker waker = clone_kept(&a);
    script_before_park = (Cue){wake_elsewhere, &waker, 0};
    assert_runs_until_stuck(executor);
    cr_assert_eq(a.polls, 2,
                 "There was a waker of one of two tasks, and the executor gave "
                 "up before that task was woken.");
    stage_close(executor);
}

/* The last waker wakes and is gone, while its note is not read yet. */
static void consume_last_waker(void *argument) {
    ProbeFuture *a = argument;
    on_another_thread(wake_and_consume, &a->kept);
}

Test(executor, sees_the_note_of_a_waker_that_is_gone, .timeout = 60) {
    ProbeFuture a;
    Executor *executor = stage_open();
    stage_spawn_probe(executor, &a, "A", 1);
    stage_run_batch(executor);
    script_before_waker_count = (Cue){consume_last_waker, &a, 0};
    int result = executor_run(executor);
    cr_assert_eq(result, 0,
                 "The last waker left its note and was consumed, and "
                 "executor_run() answered %s before it had read the note.",
                 error_name(result));
    stage_close(executor);
}

/* Wakes a future from another thread each time the executor would sleep. */
static void wake_at_each_sleep(void *argument) {
    ProbeFuture *a = argument;
    on_another_thread(wake_by_ref, &a->kept);
    script_before_park = (Cue){wake_at_each_sleep, a, 0};
}

/* How many looks at tasks it takes to sleep ten times. */
static int looks_in_ten_sleeps(int forgetful_before, int forgetful_after) {
    static Forgetful crowd[100000];
    ProbeFuture a;
    Executor *executor = stage_open();
    probe_future_init(&a, "A", 10);
    a.silent = true;
    for (int i = 0; i < forgetful_before + forgetful_after; i++) {
        if (i == forgetful_before) {
            stage_spawn(executor, &a.future);
        }
        crowd[i] = forgetful();
        stage_spawn(executor, &crowd[i].future);
    }
    script_waker_counts = 0;
    script_before_park = (Cue){wake_at_each_sleep, &a, 0};
    assert_runs_until_stuck(executor);
    script_before_park = (Cue){0};
    cr_assert_eq(a.polls, 11, "A was woken ten times and polled %d times.",
                 a.polls);
    int looks = script_waker_counts;
    stage_close(executor);
    return looks;
}

Test(executor, does_not_look_through_all_tasks_at_each_sleep, .timeout = 60) {
    static const int before[] = {1, 50000, 99999};
    for (int i = 0; i < 3; i++) {
        int looks = looks_in_ten_sleeps(before[i], 100000 - before[i]);
        cr_assert_leq(looks, 250000,
                      "Of 100,000 tasks one has a waker. The executor slept "
                      "ten times, and looked %d times whether a task has one: "
                      "more than once at each task, and once more at the end.",
                      looks);
    }
}

/* --- Sleeping and waking --------------------------------------------------- */

static void wake_self_from_elsewhere(ProbeFuture *self) {
    if (!self->ready) {
        on_another_thread(wake_by_ref, &self->kept);
    }
}

Test(executor, sleeps_until_it_is_woken, .timeout = 60) {
    ProbeFuture a;
    Executor *executor = stage_open();
    stage_spawn_probe(executor, &a, "A", 1);
    stage_run_batch(executor);
    Waker waker = clone_kept(&a);
    script_before_park = (Cue){wake_elsewhere, &waker, 0};
    assert_runs_to_the_end(executor);
    cr_assert_eq(a.drops, 1,
                 "executor_run() came back while a task was pending of which "
                 "there was a waker: an empty queue is a reason to sleep, not "
                 "to return.");
    cr_assert_eq(script_parks, 1,
                 "There was one wait, and the executor slept %d times.",
                 script_parks);
    cr_assert_eq(a.polls, 2,
                 "The task was polled %d times instead of twice: "
                 "once when new, once when woken.",
                 a.polls);
    stage_close(executor);
}

/* The moments at which another thread may leave a note. */
typedef struct Moment {
    const char *name;
    Cue *cue;
    int sleeps, calls; /* then: of the executor, and by that thread */
} Moment;

static const Moment moments[] = {
    {"before it announced its sleep", &script_before_announce, 0, 0},
    {"after it announced its sleep", &script_after_announce, 1, 1},
    {"right before it slept", &script_before_park, 1, 1},
    {"right after it took the notes", &script_after_take, 0, 0},
};

/* It sees the note, and is called if it sleeps, and never otherwise. */
static void leave_a_note_at(const Moment *moment) {
    ProbeFuture a;
    Executor *executor = stage_open();
    stage_spawn_probe(executor, &a, "A", 1);
    stage_run_batch(executor);
    Waker waker = clone_kept(&a);
    bool taking = moment->cue == &script_after_take;
    ProbeFuture b; /* makes a turn in which it does not sleep */
    probe_future_init(&b, "B", 0);
    if (taking) {
        stage_spawn(executor, &b.future);
    }
    script_parks = 0;
    script_unparks = 0;
    *moment->cue = (Cue){wake_elsewhere, &waker, 0};
    assert_runs_to_the_end(executor);
    cr_assert_eq(a.polls, 2,
                 "A note was left %s, and its task was polled %d times "
                 "afterwards.",
                 moment->name, a.polls - 1);
    cr_assert_eq(script_unparks, moment->calls,
                 "A note was left %s, and the executor was called %d times "
                 "instead of %d times.",
                 moment->name, script_unparks, moment->calls);
    cr_assert_eq(script_parks, moment->sleeps,
                 "A note was left %s, and the executor slept %d times instead "
                 "of %d times.",
                 moment->name, script_parks, moment->sleeps);
    stage_close(executor);
}

Test(executor, sees_a_note_that_is_left_before_its_sleep_is_announced,
     .timeout = 60) {
    leave_a_note_at(&moments[0]);
}

Test(executor, is_called_for_a_note_that_finds_its_sleep_announced,
     .timeout = 60) {
    leave_a_note_at(&moments[1]);
}

Test(executor, is_called_for_a_note_that_comes_just_before_it_sleeps,
     .timeout = 60) {
    leave_a_note_at(&moments[2]);
}

Test(executor, sees_a_note_that_is_left_when_it_has_taken_the_others,
     .timeout = 60) {
    leave_a_note_at(&moments[3]);
}

Test(executor, is_called_and_freed_under_the_lock_of_its_io_blocker,
     .timeout = 60) {
    ProbeFuture a;
    Executor *executor = stage_open();
    stage_spawn_probe(executor, &a, "A", 1);
    stage_run_batch(executor);
    Waker waker = clone_kept(&a);
    script_before_park = (Cue){wake_elsewhere, &waker, 0};
    assert_runs_to_the_end(executor);
    cr_assert_eq(script_unparks, 1, "It slept, and was called %d times.",
                 script_unparks);
    cr_assert_eq(script_unguarded, 0,
                 "Another thread called the executor without the lock that "
                 "keeps its IoBlocker.");
    executor_free(executor);
    cr_assert_eq(script_unguarded, 0,
                 "The IoBlocker was freed without the lock under which other "
                 "threads use it.");
    cr_assert_eq(script_locks, 0,
                 "The executor is gone, and %d of its mutexes were not "
                 "destroyed.",
                 script_locks);
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
                 "Five notes called the sleeping executor %d times: the first "
                 "one takes the place of the sleeping mark.",
                 script_unparks);
    cr_assert_eq(script_parks, 1,
                 "Five wake-ups came before the sleep; the executor slept %d "
                 "times.",
                 script_parks);
    stage_close(executor);
}

static int announcements;

static void count_announcement(void *unused) {
    (void)unused;
    announcements += 1;
}

Test(executor, busy_is_never_called, .timeout = 60) {
    ProbeFuture a, b;
    Executor *executor = stage_open();
    stage_spawn_probe(executor, &a, "A", 3);
    a.hook = wake_self_from_elsewhere;
    stage_spawn_probe(executor, &b, "B", 3);
    b.wakes_itself = true;
    script_after_announce = (Cue){count_announcement, NULL, 0};
    assert_runs_to_the_end(executor);
    cr_assert_eq(announcements, 0,
                 "A task was ready, and the executor announced a sleep: "
                 "whoever leaves a note now calls it for nothing.");
    cr_assert_eq(script_unparks, 0,
                 "A busy executor was called %d times: it reads its notes "
                 "without that, and each call may cost a system call.",
                 script_unparks);
    cr_assert_eq(script_parks, 0, "A busy executor slept.");
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
    cr_assert_eq(result, 0, "executor_block_on() answered %s.",
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
    cr_assert_eq(result, 0, "executor_block_on() answered %s.",
                 error_name(result));
    cr_assert_eq(script_parks, 1, "One wait, but %d sleeps.", script_parks);
    future_drop(&a.future);
    stage_close(executor);
}

static void fail_to_give_up(void *unused) {
    (void)unused;
    cr_assert_fail("No waker of the future is left, and the executor went to "
                   "sleep.");
}

Test(executor, block_on_gives_up_when_nobody_can_wake, .timeout = 60) {
    Forgetful a = forgetful();
    Executor *executor = stage_open();
    script_before_park = (Cue){fail_to_give_up, NULL, 0};
    int result = executor_block_on(executor, &a.future);
    cr_assert_eq(result, -EDEADLK,
                 "Nobody has a waker of the future, and executor_block_on() "
                 "answered %s instead of -EDEADLK.",
                 error_name(result));
    cr_assert_eq(a.drops, 0,
                 "executor_block_on() dropped a future that it "
                 "only borrows.");
    cr_assert_eq(executor_pending_tasks(executor), 0,
                 "executor_block_on() gave up and left its task behind.");
    stage_close(executor);
}

/* Waits on another socket, so to speak: its waker is there, and never used. */
Test(executor, block_on_gives_up_although_others_have_wakers, .timeout = 60) {
    ProbeFuture other;
    Forgetful a = forgetful();
    Executor *executor = stage_open();
    stage_spawn_probe(executor, &other, "other", 1);
    stage_run_batch(executor);
    script_before_park = (Cue){fail_to_give_up, NULL, 0};
    int result = executor_block_on(executor, &a.future);
    cr_assert_eq(result, -EDEADLK,
                 "There is no waker of the future, but one of another task, "
                 "and executor_block_on() answered %s instead of -EDEADLK.",
                 error_name(result));
    cr_assert_eq(executor_pending_tasks(executor), 1,
                 "executor_block_on() gave up, and %zu tasks are pending "
                 "instead of the other one.",
                 executor_pending_tasks(executor));
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

Test(executor, cannot_be_made_without_memory_or_descriptors, .timeout = 60) {
    Executor *executor = NULL;
    script_refuse_allocation = 1;
    cr_assert_eq(executor_new(&executor), -ENOMEM,
                 "No memory, but executor_new() did not answer -ENOMEM.");
    script_fail(&script_mutex_init, 1, EAGAIN);
    int result = executor_new(&executor);
    cr_assert_eq(result, -EAGAIN,
                 "There is no mutex (EAGAIN), and executor_new() answered %s.",
                 error_name(result));
    script_fail(&script_epoll_create1, 1, EMFILE);
    script_fail(&script_kqueue, 1, EMFILE);
    script_fail(&script_pipe, 1, EMFILE);
    script_fail(&script_open_afd, 1, EMFILE);
    cr_assert_eq(executor_new(&executor), -EMFILE,
                 "No descriptor, but executor_new() did not answer -EMFILE.");
    cr_assert_null(executor, "executor_new() failed and wrote its result.");
    cr_assert_eq(script_locks, 0,
                 "executor_new() failed, and %d mutexes were not destroyed.",
                 script_locks);
    stage_assert_nothing_left();
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
    cr_assert(join_handle_is_finished(&handle) &&
                  join_handle_output(&handle) == NULL,
              "A task of an executor that was freed counts as cancelled.");
    drop_handle(&handle);
    stage_assert_nothing_left();
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

/* A thread stands in the middle of a wake-up while the executor is freed. */
static void free_during_a_wake_up(void (*start)(Other *, void (*)(void *),
                                                void *),
                                  const char *where) {
    ProbeFuture a;
    Other other;
    Executor *executor = stage_open();
    script_keep_freed = true;
    stage_spawn_probe(executor, &a, "A", 100);
    stage_run_batch(executor);
    Waker waker = clone_kept(&a);
    start(&other, wake_and_consume, &waker);
    cr_assert(other_stands_before_push(&other),
              "Another thread woke a task that was waiting, and left no note.");
    executor_free(executor);
    cr_assert_eq(a.drops, 1,
                 "The executor was freed, and its task's future was dropped "
                 "%d times.",
                 a.drops);
    other_finish(&other);
    cr_assert_eq(script_used_after_free(), 0,
                 "The executor was freed while another thread %s, and that "
                 "thread used memory that had been freed.",
                 where);
    cr_assert_eq(script_blocks, 0,
                 "The executor was freed while another thread %s, and %d "
                 "blocks of memory are left.",
                 where, script_blocks);
    stage_assert_nothing_left();
}

Test(executor, freed_while_a_thread_is_about_to_leave_a_note_refuses_it,
     .timeout = 60) {
    free_during_a_wake_up(other_start_to_push, "was about to leave a note");
}

Test(executor, freed_with_a_note_that_is_not_read_gives_it_back,
     .timeout = 60) {
    free_during_a_wake_up(other_start_and_push, "had just left a note");
}

/* The note is in the mailbox and has found the mark; the call comes later. */
static Other caller;

static void start_a_call(void *waker) {
    other_start_and_push(&caller, wake_and_consume, waker);
    cr_assert(other_stands_before_push(&caller),
              "Another thread woke a task that was waiting, and left no note.");
}

Test(executor, freed_while_a_thread_is_about_to_call_it_is_not_called,
     .timeout = 60) {
    ProbeFuture a;
    TimerFuture timer;
    Executor *executor = stage_open();
    script_keep_freed = true;
    stage_spawn_probe(executor, &a, "A", 100);
    stage_run_batch(executor);
    Waker waker = clone_kept(&a);
    timer_future_init(&timer, script_clock_ns + NS_PER_MS);
    script_after_announce = (Cue){start_a_call, &waker, 0};
    int result = executor_block_on(executor, &timer.future);
    cr_assert_eq(result, 0, "executor_block_on() answered %s.",
                 error_name(result));
    future_drop(&timer.future);
    cr_assert(caller.act != NULL, "The executor announced no sleep.");
    executor_free(executor);
    other_finish(&caller);
    cr_assert_eq(script_kicks, 0,
                 "The executor was freed, and its IoBlocker was called %d "
                 "times afterwards.",
                 script_kicks);
    cr_assert_eq(script_used_after_free(), 0,
                 "The executor was freed while another thread was about to "
                 "call it, and that thread used memory that had been freed.");
    stage_assert_nothing_left();
}

/* The same, while the executor goes on. */
Test(executor, cancels_a_task_whose_note_is_about_to_be_left, .timeout = 60) {
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
              "Another thread woke a task that was waiting, and left no note.");
    int alive = script_blocks;
    join_handle_cancel(&handle);
    drop_handle(&handle);
    stage_run_batch(executor);
    other_finish(&other);
    cr_assert_eq(script_blocks, alive,
                 "A task was cancelled while another thread was about to leave "
                 "a note for it, and freed while the note is not read.");
    stage_spawn(executor, &b.future);
    stage_run_batch(executor);
    assert_trace("poll A, pending A, drop A, poll B, ready B, drop B",
                 "A task was cancelled just before its note was left, and is "
                 "not polled when the note is read.");
    cr_assert_eq(script_used_after_free(), 0,
                 "A task was used after it had been freed.");
    cr_assert_eq(script_blocks, alive - 1,
                 "The note of a cancelled task was read, and its reference was "
                 "not given back.");
    stage_close(executor);
}
