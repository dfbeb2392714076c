#include "script_memory.h"
#include "stage.h"

#include <string.h>

/* A future that is ready at once, with an output that it was given. */
typedef struct Sum {
    Future future;
    int left, right;
    int sum; /* output */
    int *drops;
} Sum;

static Poll sum_poll(Future *future, Context *context) {
    (void)context;
    Sum *self = (Sum *)future;
    self->sum = self->left + self->right;
    return POLL_READY;
}

static void sum_drop(Future *future) {
    *((Sum *)future)->drops += 1;
}

static Sum sum_of(int left, int right, int *drops) {
    static const FutureVtable vtable = {sum_poll, sum_drop};
    return (Sum){{&vtable}, left, right, 0, drops};
}

Test(spawner, moves_the_future_into_the_task, .timeout = 60) {
    int drops = 0;
    JoinHandle handle;
    Executor *executor = stage_open();
    Spawner spawner = executor_spawner(executor);
    Sum sum = sum_of(40, 2, &drops);
    cr_assert_eq(spawner_spawn(&spawner, &sum.future, sizeof sum, &handle), 0);
    memset(&sum, 0, sizeof sum);
    assert_runs_to_the_end(executor);
    int seen = ((Sum *)join_handle_output(&handle))->sum;
    cr_assert_eq(seen, 42,
                 "A future that adds 40 and 2 was moved into a task, and the "
                 "sum there is %d.",
                 seen);
    drop_handle(&handle);
    cr_assert_eq(drops, 1,
                 "The future was dropped %d times: the one in the "
                 "task once, the caller's spent copy never.",
                 drops);
    stage_close(executor);
}

Test(spawner, refused_memory_leaves_the_future_with_its_owner, .timeout = 60) {
    int drops = 0;
    JoinHandle handle;
    memset(&handle, 0x55, sizeof handle);
    JoinHandle untouched = handle;
    Executor *executor = stage_open();
    Spawner spawner = executor_spawner(executor);
    Sum sum = sum_of(40, 2, &drops);
    script_refuse_allocation = 1;
    int result = spawner_spawn(&spawner, &sum.future, sizeof sum, &handle);
    cr_assert_eq(result, -ENOMEM,
                 "There was no memory for a task, and "
                 "spawning answered %s instead of -ENOMEM.",
                 error_name(result));
    cr_assert_eq(memcmp(&handle, &untouched, sizeof handle), 0,
                 "Spawning failed, but it wrote into the handle.");
    cr_assert_eq(drops, 0,
                 "Spawning failed and dropped the future: it is "
                 "still the caller's.");
    cr_assert_eq(executor_pending_tasks(executor), 0,
                 "Spawning failed, but a task is counted as pending.");
    cr_assert_eq(spawner_spawn(&spawner, &sum.future, sizeof sum, NULL), 0,
                 "The same future could not be spawned at the second try.");
    assert_runs_to_the_end(executor);
    stage_close(executor);
}

Test(spawner, without_a_handle_leaves_the_task_to_itself, .timeout = 60) {
    ProbeFuture a;
    Executor *executor = stage_open();
    stage_spawn_probe(executor, &a, "A", 1);
    a.wakes_itself = true;
    assert_runs_to_the_end(executor);
    assert_trace("poll A, pending A, poll A, ready A, drop A",
                 "A task without a handle runs like any other.");
    cr_assert_eq(stage_tasks(), 0,
                 "The task has completed, nobody has a handle or a waker, and "
                 "it is still in memory.");
    stage_close(executor);
}

static Executor *spawning;
static ProbeFuture children[3];

static void spawn_three(ProbeFuture *self) {
    (void)self;
    static const char *const names[] = {"B", "C", "D"};
    for (int i = 0; i < 3; i++) {
        probe_future_init(&children[i], names[i], 0);
        stage_spawn(spawning, &children[i].future);
    }
}

Test(spawner, may_be_used_inside_a_poll, .timeout = 60) {
    ProbeFuture a, e;
    Executor *executor = spawning = stage_open();
    stage_spawn_probe(executor, &a, "A", 0);
    a.hook = spawn_three;
    stage_spawn_probe(executor, &e, "E", 0);
    assert_runs_to_the_end(executor);
    assert_trace("poll A, ready A, drop A, poll E, ready E, drop E, "
                 "poll B, ready B, drop B, poll C, ready C, drop C, "
                 "poll D, ready D, drop D",
                 "What is spawned inside a poll waits for the next batch, in "
                 "order, and the batch under way goes on to its end.");
    stage_close(executor);
}

static void spawn_one(ProbeFuture *self) {
    (void)self;
    probe_future_init(&children[0], "B", 0);
    stage_spawn(spawning, &children[0].future);
}

Test(spawner, a_task_spawned_by_the_last_one_is_run_as_well, .timeout = 60) {
    ProbeFuture a;
    Executor *executor = spawning = stage_open();
    stage_spawn_probe(executor, &a, "A", 0);
    a.hook = spawn_one;
    assert_runs_to_the_end(executor);
    cr_assert_eq(children[0].polls, 1,
                 "executor_run() came back although the last task had spawned "
                 "another one.");
    stage_close(executor);
}

Test(spawner, two_spawners_of_one_executor_are_the_same, .timeout = 60) {
    int drops = 0;
    Executor *executor = stage_open();
    Spawner one = executor_spawner(executor);
    Spawner two = executor_spawner(executor);
    Sum first = sum_of(1, 2, &drops), second = sum_of(3, 4, &drops);
    spawner_spawn(&one, &first.future, sizeof first, NULL);
    spawner_spawn(&two, &second.future, sizeof second, NULL);
    cr_assert_eq(executor_pending_tasks(executor), 2,
                 "Two tasks were spawned, %zu are counted as pending.",
                 executor_pending_tasks(executor));
    assert_runs_to_the_end(executor);
    cr_assert_eq(executor_pending_tasks(executor), 0,
                 "All tasks have completed, %zu are counted as pending.",
                 executor_pending_tasks(executor));
    stage_close(executor);
}
