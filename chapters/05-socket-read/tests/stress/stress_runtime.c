/*
 * Threads wake tasks of an executor that also serves sockets and timers; then
 * it is freed while they go on waking. For the thread sanitizer: `make stress
 * SANITIZE=thread`. An argument sets the number of rounds.
 *
 * A wake-up that is lost shows as a hang, and one that comes too late as a
 * report of the sanitizer.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "echo_client.h"
#include "echo_server.h"
#include "executor.h"

enum { THREADS = 3, TASKS = 16, WAKES = 20, CLIENTS = 4, SLOTS = TASKS * 2 };

/* What the waking threads and the tasks share. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static Waker slots[SLOTS]; /* under the lock */
static atomic_bool over;
static atomic_uint wakes;

/* Exchanges a waker with the one that is kept. */
static Waker swap(unsigned slot, Waker waker) {
    pthread_mutex_lock(&lock);
    Waker before = slots[slot % SLOTS];
    slots[slot % SLOTS] = waker;
    pthread_mutex_unlock(&lock);
    return before;
}

/* Good enough to mix threads up, and the same on every machine. */
static unsigned next_random(unsigned *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void *wake_them(void *argument) {
    unsigned random = *(unsigned *)argument;
    while (!atomic_load(&over)) {
        unsigned choice = next_random(&random);
        Waker waker = swap(choice, (Waker){0});
        if (waker_is_empty(&waker)) {
            continue;
        }
        atomic_fetch_add_explicit(&wakes, 1, memory_order_relaxed);
        if (choice % 3 == 0) { /* keep it, for long after its executor */
            waker_wake_by_ref(&waker);
            waker = swap(choice / 3, waker);
        }
        waker_wake(&waker);
    }
    return NULL;
}

/* Is woken by the threads, counts the polls, and waits for a timer as well. */
typedef struct Sleeper {
    Future future;
    unsigned random;
    int polls;
    TimerFuture timer;
} Sleeper;

static Poll sleeper_poll(Future *future, Context *context) {
    Sleeper *self = (Sleeper *)future;
    self->polls += 1;
    future_drop(&self->timer.future);
    if (self->polls >= WAKES) {
        return POLL_READY;
    }
    timer_future_init(&self->timer, clock_now_ns() + NS_PER_MS);
    Waker left = swap(next_random(&self->random), waker_clone(context->waker));
    waker_wake(&left);
    if (future_poll(&self->timer.future, context) == POLL_READY) {
        waker_wake_by_ref(context->waker);
    }
    return POLL_PENDING;
}

static void sleeper_drop(Future *future) {
    future_drop(&((Sleeper *)future)->timer.future);
}

/* Spawns the sleepers. Returns 0 or `-ENOMEM`. */
static int spawn_sleepers(Executor *executor, unsigned seed) {
    static const FutureVtable vtable = {sleeper_poll, sleeper_drop};
    Spawner spawner = executor_spawner(executor);
    int result = 0;
    for (unsigned i = 0; i < TASKS && result == 0; i++) {
        Sleeper sleeper = {.future = {&vtable}, .random = seed + i};
        timer_future_init(&sleeper.timer, 0);
        result = spawner_spawn(&spawner, &sleeper.future, sizeof sleeper, NULL);
    }
    return result;
}

/* Returns how many clients got back what they had sent. */
static int run_round(unsigned seed) {
    static unsigned char bytes[20000];
    Executor *executor;
    EchoServer server;
    int served = 0;
    if (executor_new(&executor) != 0) {
        return 0;
    }
    if (echo_server_start(&server, executor, 0, NULL, NULL) != 0) {
        executor_free(executor);
        return 0;
    }
    int result = spawn_sleepers(executor, seed);
    for (int i = 0; i < CLIENTS && result == 0; i++) {
        EchoClient client;
        echo_client_init(&client, socket_port(&server.listener), bytes,
                         sizeof bytes);
        result = executor_block_on(executor, &client.future);
        served += result == 0 && client.result == 0;
        future_drop(&client.future);
    }
    executor_free(executor); /* sleepers, acceptor, connections: all at once */
    echo_server_stop(&server);
    return served;
}

int main(int count, char **arguments) {
    int rounds = count > 1 ? atoi(arguments[1]) : 50;
    pthread_t threads[THREADS];
    unsigned seeds[THREADS];
    int served = 0;
    for (unsigned i = 0; i < THREADS; i++) {
        seeds[i] = i + 1;
        if (pthread_create(&threads[i], NULL, wake_them, &seeds[i]) != 0) {
            fprintf(stderr, "There is no thread to wake with.\n");
            return 2;
        }
    }
    for (int i = 0; i < rounds; i++) {
        served += run_round((unsigned)i);
    }
    atomic_store(&over, true);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    for (int i = 0; i < SLOTS; i++) {
        waker_drop(&slots[i]); /* of executors that are long gone */
    }
    printf("runtime: %d rounds, %s, %d of %d clients served\n", rounds,
           atomic_load(&wakes) > 0 ? "woken from other threads" : "never woken",
           served, rounds * CLIENTS);
    return served == rounds * CLIENTS && atomic_load(&wakes) > 0 ? 0 : 1;
}
