/*
 * The last waker of a thread that was in block_on() goes on another thread, and
 * frees what they shared. For the thread sanitizer: `make stress
 * SANITIZE=thread`; scripts/orders.sh weakens each memory order and runs this.
 *
 * The two threads take turns by `step`, whose accesses are relaxed: they order
 * the program, and tell the sanitizer nothing. So an order that is too weak is
 * reported in each run, not by good luck.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

#include "block_on.h"

enum { ROUNDS = 20 };

static atomic_int step;
static Waker kept;

static void *other_thread(void *unused) {
    (void)unused;
    waker_wake_by_ref(&kept);
    while (atomic_load_explicit(&step, memory_order_relaxed) == 0) {
        sched_yield();
    }
    waker_drop(&kept); /* frees: block_on() has returned */
    return NULL;
}

/* Pending once: until the other thread has called. */
typedef struct Called {
    Future future;
    pthread_t thread;
    bool polled, failed;
} Called;

static Poll called_poll(Future *future, Context *context) {
    Called *self = (Called *)future;
    if (self->polled) {
        return POLL_READY;
    }
    self->polled = true;
    kept = waker_clone(context->waker);
    self->failed = pthread_create(&self->thread, NULL, other_thread, NULL) != 0;
    if (self->failed) {
        waker_drop(&kept);
        return POLL_READY;
    }
    return POLL_PENDING;
}

static void called_drop(Future *future) {
    (void)future;
}

static bool run_round(void) {
    static const FutureVtable vtable = {called_poll, called_drop};
    Called called = {.future = {&vtable}};
    atomic_store(&step, 0);
    if (block_on(&called.future) != 0 || called.failed) {
        return false;
    }
    atomic_store_explicit(&step, 1, memory_order_relaxed);
    pthread_join(called.thread, NULL);
    return true;
}

int main(void) {
    for (int round = 0; round < ROUNDS; round++) {
        if (!run_round()) {
            fputs("orders: there is no memory, or no thread to wake with\n",
                  stderr);
            return 1;
        }
    }
    printf("orders: %d rounds, the last waker freed what was shared\n", ROUNDS);
    return 0;
}
