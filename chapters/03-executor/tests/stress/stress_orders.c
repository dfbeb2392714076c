/*
 * What the memory orders of tasks, mailbox and executor have to bring from one
 * thread to another, with nothing else there that could bring it. For the thread
 * sanitizer: `make stress SANITIZE=thread`; scripts/orders.sh weakens each order
 * and runs this.
 *
 * The two threads take turns by `step`, whose accesses are relaxed: they order
 * the program, and tell the sanitizer nothing. The executor never sleeps, since
 * the lock that it is called with would order what the orders should. So an
 * order that is too weak is reported in each run, not by good luck.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

#include "executor.h"

enum { ROUNDS = 20 };

static atomic_int step;
static int written[3]; /* plain memory: by the thread, before each wake-up */
static Waker reader_waker, idle_waker;

static void reach(int number) {
    atomic_store_explicit(&step, number, memory_order_relaxed);
}

static void wait_for(int number) {
    while (atomic_load_explicit(&step, memory_order_relaxed) < number) {
        sched_yield();
    }
}

static void write_and_wake(int place) {
    written[place] += 1;
    waker_wake_by_ref(&reader_waker);
}

static void *other_thread(void *unused) {
    (void)unused;
    write_and_wake(0); /* leaves a note */
    write_and_wake(1); /* finds the note, which has to bring this too */
    reach(1);
    wait_for(2);
    write_and_wake(2); /* leaves it again: the link is ours once more */
    reach(3);
    wait_for(4);
    waker_drop(&reader_waker); /* frees the task: the executor has let it go */
    reach(5);
    wait_for(6);
    waker_drop(&idle_waker); /* frees a task, and the executor with it */
    return NULL;
}

/* Lets the other thread act during its polls. */
typedef struct Reader {
    Future future;
    pthread_t thread;
    int round, polls;
    bool failed;
} Reader;

static Poll reader_poll(Future *future, Context *context) {
    Reader *self = (Reader *)future;
    self->polls += 1;
    if (self->polls == 1) {
        reader_waker = waker_clone(context->waker);
        self->failed =
            pthread_create(&self->thread, NULL, other_thread, NULL) != 0;
        if (!self->failed) {
            wait_for(1);
            return POLL_PENDING;
        }
        waker_drop(&reader_waker);
        return POLL_READY;
    }
    if (self->polls == 2) {
        self->failed = written[0] != self->round || written[1] != self->round;
        reach(2);
        wait_for(3);
        return POLL_PENDING;
    }
    self->failed = self->failed || written[2] != self->round;
    return POLL_READY;
}

/* Leaves its waker behind, and waits for nothing. */
static Poll idle_poll(Future *future, Context *context) {
    (void)future;
    idle_waker = waker_clone(context->waker);
    return POLL_PENDING;
}

static void drop_nothing(Future *future) {
    (void)future;
}

static bool run_round(int round) {
    static const FutureVtable reading = {reader_poll, drop_nothing};
    static const FutureVtable idling = {idle_poll, drop_nothing};
    Reader reader = {.future = {&reading}, .round = round};
    Future idle = {&idling};
    Executor *executor;
    atomic_store(&step, 0);
    if (executor_new(&executor) != 0) {
        return false;
    }
    Spawner spawner = executor_spawner(executor);
    int result = spawner_spawn(&spawner, &idle, sizeof idle, NULL);
    if (result == 0) {
        result = executor_block_on(executor, &reader.future);
    }
    if (result != 0 || reader.polls < 3) {
        return false; /* there was no memory or no thread */
    }
    reach(4);
    wait_for(5);
    executor_free(executor);
    reach(6);
    pthread_join(reader.thread, NULL);
    return !reader.failed;
}

int main(void) {
    for (int round = 1; round <= ROUNDS; round++) {
        if (!run_round(round)) {
            fputs("orders: a poll did not see what was written before its "
                  "wake-up\n",
                  stderr);
            return 1;
        }
    }
    printf("orders: %d rounds, each poll saw what was written\n", ROUNDS);
    return 0;
}
