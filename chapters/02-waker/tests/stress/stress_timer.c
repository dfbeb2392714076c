/*
 * Timers, block_on() and wakers hammered from several threads, for the thread
 * sanitizer, which cannot run under the test runner. It decides nothing by the
 * clock: each round ends when what it started has ended.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

#include "block_on.h"
#include "clock.h"
#include "join.h"
#include "select.h"
#include "timer_future.h"

enum { ROUNDS = 300, THREADS = 4, WAKES = 50 };

static int failures;

static void expect(bool fine, const char *sentence) {
    if (!fine) {
        failures += 1;
        fprintf(stderr, "stress_timer: %s\n", sentence);
    }
}

/* Two timers of 0 to 99 microseconds, so that polls and deadlines collide. */
static void ring_two(uint64_t round) {
    TimerFuture one, two;
    Join both;
    uint64_t now_ns = clock_now_ns();
    timer_future_init(&one, now_ns + round * 7919 % 100 * 1000);
    timer_future_init(&two, now_ns + round * 104729 % 100 * 1000);
    join_init(&both, &one.future, &two.future);
    expect(block_on(&both.future) == 0, "block_on() failed");
    future_drop(&both.future);
    expect(one.result == 0 && two.result == 0, "a timer got no thread");
    expect(clock_now_ns() >= one.deadline_ns &&
               clock_now_ns() >= two.deadline_ns,
           "a timer rang before its deadline");
}

/* The first of two timers; the other is dropped while it may be ringing. */
static void ring_one_of_two(uint64_t round) {
    TimerFuture one, two;
    Select either;
    uint64_t now_ns = clock_now_ns();
    timer_future_init(&one, now_ns + round * 7919 % 100 * 1000);
    timer_future_init(&two, now_ns + round * 104729 % 100 * 1000);
    select_init(&either, &one.future, &two.future);
    expect(block_on(&either.future) == 0, "block_on() failed");
    expect((either.first == NULL) != (either.second == NULL),
           "not exactly one of two futures has lost");
    expect(one.result == 0 && two.result == 0, "a timer got no thread");
    future_drop(&either.future);
}

/* Polls its timer once and then drops it, whatever it said. */
typedef struct PollAndDrop {
    Future future;
    TimerFuture timer;
} PollAndDrop;

static Poll poll_and_drop_poll(Future *future, Context *context) {
    PollAndDrop *self = (PollAndDrop *)future;
    future_poll(&self->timer.future, context);
    future_drop(&self->timer.future);
    return POLL_READY;
}

static void poll_and_drop_drop(Future *future) {
    (void)future;
}

static void drop_one(uint64_t round) {
    static const FutureVtable vtable = {poll_and_drop_poll, poll_and_drop_drop};
    PollAndDrop self = {.future = {&vtable}};
    timer_future_init(&self.timer, clock_now_ns() + round % 20 * 1000);
    expect(block_on(&self.future) == 0, "block_on() failed");
}

/* Ready when each of its threads has woken it so many times. */
typedef struct ManyWakes {
    Future future;
    bool started;
    int made;
    pthread_t threads[THREADS];
    Waker wakers[THREADS];
    atomic_int done;
} ManyWakes;

/* What a thread needs, for one of them. */
typedef struct WakingThread {
    ManyWakes *many;
    int number;
} WakingThread;

static WakingThread waking_threads[THREADS];

static void *wake_many_times(void *argument) {
    WakingThread *self = argument;
    Waker waker = waker_take(&self->many->wakers[self->number]);
    for (int i = 0; i < WAKES; i++) {
        Waker second = waker_clone(&waker);
        waker_wake_by_ref(&waker);
        if (i % 2 == 0) {
            waker_wake(&second);
        } else {
            waker_drop(&second);
        }
    }
    atomic_fetch_add(&self->many->done, 1);
    waker_wake(&waker);
    return NULL;
}

static void many_wakes_start(ManyWakes *self, const Waker *waker) {
    for (int i = 0; i < THREADS; i++) {
        waking_threads[i] = (WakingThread){self, i};
        self->wakers[i] = waker_clone(waker);
        if (pthread_create(&self->threads[i], NULL, wake_many_times,
                           &waking_threads[i]) != 0) {
            waker_drop(&self->wakers[i]);
            expect(false, "no thread could be had");
            return;
        }
        self->made += 1;
    }
}

static Poll many_wakes_poll(Future *future, Context *context) {
    ManyWakes *self = (ManyWakes *)future;
    if (!self->started) {
        self->started = true;
        many_wakes_start(self, context->waker);
    }
    return atomic_load(&self->done) == self->made ? POLL_READY : POLL_PENDING;
}

static void many_wakes_drop(Future *future) {
    ManyWakes *self = (ManyWakes *)future;
    for (int i = 0; i < self->made; i++) {
        pthread_join(self->threads[i], NULL);
    }
}

static void wake_from_many_threads(void) {
    static const FutureVtable vtable = {many_wakes_poll, many_wakes_drop};
    ManyWakes self = {.future = {&vtable}};
    expect(block_on(&self.future) == 0, "block_on() failed");
    future_drop(&self.future);
}

int main(void) {
    for (uint64_t round = 0; round < ROUNDS; round++) {
        ring_two(round);
        ring_one_of_two(round);
        drop_one(round);
        wake_from_many_threads();
    }
    printf("stress_timer: %d rounds, %d failures\n", ROUNDS, failures);
    return failures == 0 ? 0 : 1;
}
