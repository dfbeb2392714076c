/*
 * What must not be done: a task and its executor belong to one thread, and an
 * executor that runs is not run again. Each is stopped by an assertion that says
 * so. Compiled with NDEBUG it is refused, and nothing is corrupted:
 * `make test OPT='-O2 -DNDEBUG'`.
 */
#include "other.h"
#include "script_memory.h"
#include "stage.h"

static Executor *executor;
static ProbeFuture a, b;
static JoinHandle handle;
static int answer;

static void open_with_two(int pending) {
    executor = stage_open();
    script_keep_freed = true;
    probe_future_init(&b, "B", 0);
    handle = stage_spawn_probe_with_handle(executor, &a, "A", pending);
}

/* Both tasks end as if nothing had been tried. */
static void close_undisturbed(const char *what, const char *expected_trace) {
    assert_without_assertions(what);
    assert_runs_to_the_end(executor);
    drop_handle(&handle);
    assert_trace(expected_trace, what);
    stage_close(executor);
}

/* --- Another thread -------------------------------------------------------- */

static void run_here(void *argument) {
    (void)argument;
    answer = executor_run(executor);
}

Test(misuse, running_on_another_thread, .timeout = 60, STOPS) {
    open_with_two(0);
    expect_assertion("an executor is run on the thread that made it");
    on_another_thread(run_here, NULL);
    assert_refused(answer, "An executor was run on another thread");
    close_undisturbed("An executor was run on another thread",
                      "poll A, ready A, drop A");
}

static void block_on_b(void *argument) {
    (void)argument;
    answer = executor_block_on(executor, &b.future);
    if (answer == -EPERM) {
        answer = executor_block_on(executor, &b.future);
    }
}

Test(misuse, blocking_on_another_thread, .timeout = 60, STOPS) {
    open_with_two(0);
    expect_assertion("an executor is run on the thread that made it");
    on_another_thread(block_on_b, NULL);
    assert_refused(answer, "executor_block_on() was called on another thread");
    close_undisturbed("executor_block_on() was called on another thread",
                      "poll A, ready A, drop A");
}

static void spawn_b(void *argument) {
    Spawner spawner = executor_spawner(executor);
    answer = spawner_spawn(&spawner, &b.future, sizeof b, argument);
}

Test(misuse, spawning_on_another_thread, .timeout = 60, STOPS) {
    open_with_two(0);
    expect_assertion("a task is spawned on its executor's thread");
    on_another_thread(spawn_b, NULL);
    assert_refused(answer, "A task was spawned on another thread");
    cr_assert_eq(executor_pending_tasks(executor), 1,
                 "Spawning was refused, and %zu tasks are counted instead of "
                 "one.",
                 executor_pending_tasks(executor));
    close_undisturbed("A task was spawned on another thread",
                      "poll A, ready A, drop A");
}

static void cancel_all_here(void *argument) {
    (void)argument;
    executor_cancel_all(executor);
}

Test(misuse, cancelling_all_on_another_thread, .timeout = 60, STOPS) {
    open_with_two(0);
    expect_assertion("tasks are cancelled on their executor's thread");
    on_another_thread(cancel_all_here, NULL);
    close_undisturbed("All tasks were cancelled on another thread",
                      "poll A, ready A, drop A");
}

static void free_here(void *argument) {
    (void)argument;
    executor_free(executor);
}

Test(misuse, freeing_on_another_thread, .timeout = 60, STOPS) {
    open_with_two(0);
    expect_assertion("an executor is freed on its thread, not in a run");
    on_another_thread(free_here, NULL);
    close_undisturbed("An executor was freed on another thread",
                      "poll A, ready A, drop A");
}

static void cancel_here(void *argument) {
    join_handle_cancel(argument);
}

Test(misuse, cancelling_on_another_thread, .timeout = 60, STOPS) {
    open_with_two(0);
    expect_assertion("a join handle is used on its executor's thread");
    on_another_thread(cancel_here, &handle);
    close_undisturbed("A task was cancelled on another thread",
                      "poll A, ready A, drop A");
}

static void drop_here(void *argument) {
    drop_handle(argument);
}

Test(misuse, dropping_a_handle_on_another_thread, .timeout = 60, STOPS) {
    open_with_two(0);
    expect_assertion("a join handle is used on its executor's thread");
    on_another_thread(drop_here, &handle);
    close_undisturbed("A handle was dropped on another thread",
                      "poll A, ready A, drop A");
}

static ProbeWaker other_task;

static void join_here(void *argument) {
    JoinHandle *joined = argument;
    poll_for(&joined->future, &other_task);
}

Test(misuse, joining_on_another_thread, .timeout = 60, STOPS) {
    open_with_two(0);
    probe_waker_init(&other_task, "other");
    expect_assertion("a join handle is used on its executor's thread");
    on_another_thread(join_here, &handle);
    close_undisturbed("A handle was polled on another thread",
                      "poll A, ready A, drop A");
    cr_assert_eq(other_task.clones, 0,
                 "A handle was polled on another thread, and %d wakers of it "
                 "were kept.",
                 other_task.clones);
}

static void ask_here(void *argument) {
    answer = join_handle_is_finished(argument) ||
             join_handle_output(argument) != NULL;
}

Test(misuse, asking_for_the_output_on_another_thread, .timeout = 60, STOPS) {
    open_with_two(0);
    assert_runs_to_the_end(executor);
    expect_assertion("a join handle is used on its executor's thread");
    on_another_thread(ask_here, &handle);
    assert_without_assertions("An output was asked for on another thread");
    cr_assert_eq(answer, 0,
                 "An output was asked for on another thread, and given.");
    close_undisturbed("An output was asked for on another thread",
                      "poll A, ready A, drop A");
}

/* --- Within a poll, and within a drop -------------------------------------- */

/* Twice: what was refused must not open the door for the next time. */
static void run_within(ProbeFuture *self) {
    (void)self;
    answer = executor_run(executor);
    if (answer == -EPERM) {
        answer = executor_run(executor);
    }
}

Test(misuse, running_within_a_poll, .timeout = 60, STOPS) {
    open_with_two(0);
    stage_spawn(executor, &b.future); /* behind A in the batch */
    a.hook = run_within;
    expect_assertion("an executor is not run while it runs");
    executor_run(executor);
    assert_refused(answer, "An executor was run within a poll of its own");
    close_undisturbed("An executor was run within a poll of its own",
                      "poll A, ready A, poll B, ready B, drop B, drop A");
}

static void block_within(ProbeFuture *self) {
    (void)self;
    block_on_b(NULL);
}

Test(misuse, blocking_within_a_poll, .timeout = 60, STOPS) {
    open_with_two(0);
    a.hook = block_within;
    expect_assertion("an executor is not run while it runs");
    executor_run(executor);
    assert_refused(answer, "executor_block_on() was called within a poll");
    close_undisturbed("executor_block_on() was called within a poll",
                      "poll A, ready A, drop A");
}

static void cancel_all_within(ProbeFuture *self) {
    (void)self;
    executor_cancel_all(executor);
}

Test(misuse, cancelling_all_within_a_poll, .timeout = 60, STOPS) {
    open_with_two(0);
    stage_spawn(executor, &b.future);
    a.hook = cancel_all_within;
    expect_assertion("a poll must not cancel the task that it belongs to");
    executor_run(executor);
    close_undisturbed("All tasks were cancelled within a poll",
                      "poll A, ready A, poll B, ready B, drop B, drop A");
}

static void free_within(ProbeFuture *self) {
    (void)self;
    executor_free(executor);
}

Test(misuse, freeing_within_a_poll, .timeout = 60, STOPS) {
    open_with_two(0);
    a.hook = free_within;
    expect_assertion("an executor is freed on its thread, not in a run");
    executor_run(executor);
    close_undisturbed("An executor was freed within a poll of its own",
                      "poll A, ready A, drop A");
}

static void cancel_itself(ProbeFuture *self) {
    (void)self;
    join_handle_cancel(&handle);
}

Test(misuse, cancelling_itself, .timeout = 60, STOPS) {
    open_with_two(0);
    a.hook = cancel_itself;
    expect_assertion("a task ends itself by returning POLL_READY");
    executor_run(executor);
    close_undisturbed("A task cancelled itself within its poll",
                      "poll A, ready A, drop A");
}

static void make_another(void *argument) {
    Executor **second = argument;
    answer = executor_new(second);
}

Test(misuse, a_second_executor_on_one_thread, .timeout = 60, STOPS) {
    Executor *second = NULL;
    open_with_two(0);
    expect_assertion("a thread has one executor at a time");
    make_another(&second);
    assert_refused(answer, "A thread that has an executor made a second one");
    cr_assert(second == NULL && local_executor() == executor,
              "A second executor was refused, and something has changed.");
    close_undisturbed("A thread that has an executor made a second one",
                      "poll A, ready A, drop A");
}

/* --- What is allowed ------------------------------------------------------- */

/* A future whose drop cancels all tasks that there are. */
typedef struct Avenger {
    Future future;
    int drops;
} Avenger;

static Poll avenger_poll(Future *future, Context *context) {
    (void)future;
    (void)context;
    return POLL_PENDING;
}

static void avenger_drop(Future *future) {
    ((Avenger *)future)->drops += 1;
    executor_cancel_all(executor);
}

Test(misuse, cancelling_all_within_a_drop_is_allowed, .timeout = 60) {
    static const FutureVtable vtable = {avenger_poll, avenger_drop};
    Avenger avenger = {{&vtable}, 0};
    open_with_two(100);
    JoinHandle first = stage_spawn_with_handle(executor, &avenger.future);
    stage_run_batch(executor);
    join_handle_cancel(&first);
    cr_assert(avenger.drops == 1 && a.drops == 1,
              "A future's drop cancelled all tasks: it was dropped %d times "
              "and the other task's future %d times, instead of once each.",
              avenger.drops, a.drops);
    cr_assert_eq(executor_pending_tasks(executor), 0,
                 "A future's drop cancelled all tasks, and %zu are counted.",
                 executor_pending_tasks(executor));
    drop_handle(&first);
    drop_handle(&handle);
    stage_close(executor);
}

Test(misuse, freeing_whose_drop_cancels_all_is_allowed, .timeout = 60) {
    static const FutureVtable vtable = {avenger_poll, avenger_drop};
    Avenger avenger = {{&vtable}, 0};
    open_with_two(100);
    stage_spawn(executor, &avenger.future);
    stage_run_batch(executor);
    executor_free(executor);
    cr_assert(avenger.drops == 1 && a.drops == 1,
              "An executor was freed, and the drop of one of its futures "
              "cancelled all tasks: it was dropped %d times and the other %d "
              "times, instead of once each.",
              avenger.drops, a.drops);
    drop_handle(&handle);
    stage_assert_nothing_left();
}

static void cancel_all_at_its_end(Future *future) {
    (void)future;
    executor_cancel_all(executor);
}

static Poll ready_at_once(Future *future, Context *context) {
    (void)future;
    (void)context;
    return POLL_READY;
}

/* The drop runs within the turn, but the poll is over. */
Test(misuse, cancelling_all_when_a_task_has_completed_is_allowed,
     .timeout = 60) {
    static const FutureVtable vtable = {ready_at_once, cancel_all_at_its_end};
    Future last = {&vtable};
    executor = stage_open();
    script_keep_freed = true;
    probe_future_init(&a, "A", 100);
    stage_spawn(executor, &last);
    stage_spawn(executor, &a.future); /* behind it in the batch */
    assert_runs_to_the_end(executor);
    assert_trace("drop A", "A task completed, and the drop of its future "
                           "cancelled the one behind it in the batch.");
    stage_close(executor);
}
