/*
 * A call that finds another one standing, and leaves it at that, counts as well:
 * what was written before it is seen after the wait. For the thread sanitizer:
 * `make stress SANITIZE=thread BACKEND=port`.
 *
 * The two threads take turns by `step`, whose accesses are relaxed: they order
 * the program, and bring nothing from one thread to the other. That is left to
 * io_blocker_wake(), or the sanitizer reports a race on `written`.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "io_blocker.h"

enum { ROUNDS = 50 };

static IoBlocker *blocker;
static int written; /* plain memory */
static atomic_int step;

static void wait_for(int number) {
    while (atomic_load_explicit(&step, memory_order_relaxed) < number) {
        sched_yield();
    }
}

static void *call_twice(void *unused) {
    (void)unused;
    io_blocker_wake(blocker);
    written += 1;
    io_blocker_wake(blocker);
    atomic_store_explicit(&step, 1, memory_order_relaxed);
    return NULL;
}

static int run_round(void) {
    pthread_t thread;
    Event event;
    int before = written;
    atomic_store(&step, 0);
    if (io_blocker_new(&blocker) != 0 ||
        pthread_create(&thread, NULL, call_twice, NULL) != 0) {
        return -1;
    }
    wait_for(1);
    int result = io_blocker_block(blocker, &event);
    int seen = written;
    pthread_join(thread, NULL);
    io_blocker_free(blocker);
    return result == -ECANCELED && seen == before + 1 ? 0 : -1;
}

int main(void) {
    if (strcmp(CHOSEN, "epoll") == 0) {
        puts("call: left out on epoll, where each call is the kernel's");
        return 0;
    }
    for (int i = 0; i < ROUNDS; i++) {
        if (run_round() != 0) {
            fputs("call: the wait did not end by the call\n", stderr);
            return 1;
        }
    }
    printf("call: %d times, the second of two calls was heard\n", ROUNDS);
    return 0;
}
