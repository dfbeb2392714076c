/*
 * Threads write plain memory and then wake a task that reads it. Nothing else
 * orders the two: what makes the writes visible is the wake-up itself, also if
 * another thread's note was in the mailbox already. For the thread sanitizer:
 * `make stress SANITIZE=thread`. An argument sets the number of rounds.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <pthread.h>
#include <sched.h>

#include "executor.h"

enum { THREADS = 3, WAKES = 20 };

static int data[THREADS];   /* written by its thread, then read by the task */
static atomic_int started;  /* the round that the task has begun */
static atomic_int finished; /* how often a thread has ended a round */
static Waker wakers[THREADS];
static int rounds;

static void *write_and_wake(void *argument) {
    int thread = (int)((int *)argument - data);
    for (int round = 1; round <= rounds; round++) {
        while (atomic_load_explicit(&started, memory_order_acquire) < round) {
            sched_yield();
        }
        data[thread] = round;
        for (int i = 0; i < WAKES; i++) {
            waker_wake_by_ref(&wakers[thread]);
            if (i % 4 == thread) {
                sched_yield(); /* so that notes are left again and again */
            }
        }
        /* Relaxed: it must not do what is the wake-ups' to do. */
        atomic_fetch_add_explicit(&finished, 1, memory_order_relaxed);
    }
    waker_drop(&wakers[thread]);
    return NULL;
}

typedef struct Reader {
    Future future;
    int round;
    bool all_woken; /* in this round, at the poll before */
    int wrong;
} Reader;

/* All have woken before this poll's notes were read: their data are here. */
static void read_data(Reader *self) {
    for (int i = 0; i < THREADS; i++) {
        self->wrong += data[i] != self->round;
    }
}

/* Stays awake by itself, so as not to depend on any one wake-up. */
static Poll reader_poll(Future *future, Context *context) {
    Reader *self = (Reader *)future;
    if (self->round == 0) {
        for (int i = 0; i < THREADS; i++) {
            wakers[i] = waker_clone(context->waker);
        }
    }
    if (self->all_woken || self->round == 0) {
        read_data(self);
        self->round += 1;
        self->all_woken = false;
        atomic_store_explicit(&started, self->round, memory_order_release);
    } else {
        self->all_woken =
            atomic_load_explicit(&finished, memory_order_relaxed) ==
            THREADS * self->round;
    }
    waker_wake_by_ref(context->waker);
    sched_yield();
    return self->round > rounds ? POLL_READY : POLL_PENDING;
}

static void reader_drop(Future *future) {
    (void)future;
}

int main(int count, char **arguments) {
    static const FutureVtable vtable = {reader_poll, reader_drop};
    Reader reader = {.future = {&vtable}};
    pthread_t threads[THREADS];
    Executor *executor;
    rounds = count > 1 ? atoi(arguments[1]) : 2000;
    if (executor_new(&executor) != 0) {
        return 2;
    }
    for (int i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, write_and_wake, &data[i]) != 0) {
            fprintf(stderr, "There is no thread to wake with.\n");
            return 2;
        }
    }
    int result = executor_block_on(executor, &reader.future);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    executor_free(executor);
    printf("notes: %d rounds, %d of them read, %d times something old\n",
           rounds, reader.round - 1, reader.wrong);
    return result == 0 && reader.round == rounds + 1 && reader.wrong == 0 ? 0
                                                                          : 1;
}
