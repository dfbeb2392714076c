/*
 * Threads wake, clone and drop the wakers of many tasks while the executor
 * runs them, sleeps, cancels a few and is freed. For the thread sanitizer:
 * `make stress SANITIZE=thread`. An argument sets the number of rounds.
 *
 * A task is ready at its poll number WAKES, so a wake-up that is lost shows as
 * a hang, and one that comes too late as a report of the sanitizer.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "executor.h"

enum { THREADS = 3, TASKS = 24, WAKES = 20, SLOTS = TASKS * 4 };

/* What the waking threads and the tasks share. */
typedef struct Board {
    pthread_mutex_t lock;
    Waker slots[SLOTS]; /* under the lock */
    atomic_bool over;
} Board;

static Board board = {.lock = PTHREAD_MUTEX_INITIALIZER};
static atomic_uint wakes;

/* Exchanges a waker with the one on the board. */
static Waker swap(unsigned slot, Waker waker) {
    pthread_mutex_lock(&board.lock);
    Waker before = board.slots[slot % SLOTS];
    board.slots[slot % SLOTS] = waker;
    pthread_mutex_unlock(&board.lock);
    return before;
}

/* Good enough to mix threads up, and the same on every machine. */
static unsigned next_random(unsigned *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Does one of the things that may be done with a waker. */
static void use(Waker waker, unsigned choice) {
    Waker clone;
    atomic_fetch_add_explicit(&wakes, 1, memory_order_relaxed);
    switch (choice % 4) {
    case 0:
        waker_wake(&waker);
        break;
    case 1:
        waker_wake_by_ref(&waker);
        waker_drop(&waker);
        break;
    case 2:
        clone = waker_clone(&waker);
        waker_wake(&waker);
        waker_wake(&clone);
        break;
    default:
        waker_wake_by_ref(&waker);
        waker = swap(choice, waker);
        waker_wake(&waker);
        break;
    }
}

static void *wake_them(void *argument) {
    unsigned random = *(unsigned *)argument;
    while (!atomic_load(&board.over)) {
        unsigned choice = next_random(&random);
        Waker waker = swap(next_random(&random), (Waker){0});
        if (!waker_is_empty(&waker)) {
            use(waker, choice);
        }
    }
    return NULL;
}

/* Leaves its waker on the board and counts the polls. */
typedef struct Sleeper {
    Future future;
    unsigned random;
    int polls;
} Sleeper;

static Poll sleeper_poll(Future *future, Context *context) {
    Sleeper *self = (Sleeper *)future;
    self->polls += 1;
    if (self->polls == WAKES) {
        return POLL_READY;
    }
    Waker left = waker_clone(context->waker);
    left = swap(next_random(&self->random), left);
    waker_wake(&left); /* whoever was there would have nobody else */
    return POLL_PENDING;
}

static void sleeper_drop(Future *future) {
    (void)future;
}

/* Returns how many of the tasks that were not cancelled got through. */
static int run_round(unsigned seed, int *expected) {
    static const FutureVtable vtable = {sleeper_poll, sleeper_drop};
    Executor *executor = NULL;
    JoinHandle handles[TASKS];
    if (executor_new(&executor) != 0) {
        return -1;
    }
    Spawner spawner = executor_spawner(executor);
    int finished = 0, spawned = 0;
    for (; spawned < TASKS; spawned++) {
        Sleeper sleeper = {{&vtable}, seed + (unsigned)spawned, 0};
        if (spawner_spawn(&spawner, &sleeper.future, sizeof sleeper,
                          &handles[spawned]) != 0) {
            break;
        }
    }
    /* Half of the rounds end with tasks that are pending, queued or woken. */
    bool all = seed % 2 == 0;
    int result = all ? executor_run(executor)
                     : executor_block_on(executor, &handles[0].future);
    if (!all && spawned > 1) {
        join_handle_cancel(&handles[1]);
    }
    *expected += all ? TASKS : 1;
    executor_free(executor);
    for (int i = 0; i < spawned; i++) {
        finished += result == 0 && (all || i == 0) &&
                    join_handle_output(&handles[i]) != NULL;
        future_drop(&handles[i].future);
    }
    return finished;
}

int main(int count, char **arguments) {
    int rounds = count > 1 ? atoi(arguments[1]) : 100;
    pthread_t threads[THREADS];
    unsigned seeds[THREADS];
    int finished = 0, expected = 0;
    for (unsigned i = 0; i < THREADS; i++) {
        seeds[i] = i + 1;
        if (pthread_create(&threads[i], NULL, wake_them, &seeds[i]) != 0) {
            fprintf(stderr, "There is no thread to wake with.\n");
            return 2;
        }
    }
    for (int i = 0; i < rounds; i++) {
        finished += run_round((unsigned)i, &expected);
    }
    atomic_store(&board.over, true);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    for (int i = 0; i < SLOTS; i++) {
        waker_drop(&board.slots[i]); /* of executors that are long gone */
    }
    printf("executor: %d rounds, %s, %d of %d tasks finished\n", rounds,
           atomic_load(&wakes) > 0 ? "woken from other threads" : "never woken",
           finished, expected);
    return finished == expected && atomic_load(&wakes) > 0 ? 0 : 1;
}
