/*
 * io_blocker_wake(): from the same thread, from another, from a signal
 * handler; before the wait and during it.
 */
#include <errno.h>
#include <pthread.h>

#include "error_name.h"
#include "fixture.h"
#include "platform.h"
#include "script_time.h"
#include "script_waiting.h"

Suite(wake);

static int look_now(Event *event_out) {
    return io_blocker_block_until(blocker, DEADLINE_NOW, event_out, 1);
}

/* Waits for an hour, which nobody here has to sit through. */
static int wait_long(Event *event_out) {
    return io_blocker_block_until(blocker, clock_now_ns() + 3600 * NS_PER_S,
                                  event_out, 1);
}

static void wake_it(void) {
    io_blocker_wake(blocker);
}

Test(wake, before_the_wait_is_remembered, .timeout = 60) {
    Event event;
    io_blocker_wake(blocker);
    int result = wait_long(&event);
    cr_assert(result == -ECANCELED,
              "io_blocker_wake() was called just before the wait, and the "
              "wait did not end (%s): a wake-up must be kept for a thread "
              "that is about to sleep.",
              error_name(result));
    cr_assert(look_now(&event) == -ETIMEDOUT,
              "One wake-up ends one wait, not two.");
}

Test(wake, in_the_gap_before_sleeping_is_not_lost, .timeout = 60) {
    Event event;
    script_before_wait = wake_it;
    int result = wait_long(&event);
    cr_assert(result == -ECANCELED,
              "io_blocker_wake() was called when the thread had decided to "
              "sleep and did not sleep yet. That wake-up was lost (%s).",
              error_name(result));
}

Test(wake, several_count_as_one, .timeout = 60) {
    Event event;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 5; i++) {
            io_blocker_wake(blocker);
        }
        cr_assert(wait_long(&event) == -ECANCELED,
                  "Wake-ups of round %d were lost: it must work more than "
                  "once.",
                  round);
        cr_assert(look_now(&event) == -ETIMEDOUT,
                  "Five wake-ups that nobody had noticed yet count as one, "
                  "but the next wait was cancelled again.");
    }
}

Test(wake, can_be_called_a_hundred_thousand_times, .timeout = 60) {
    Event event;
    for (int i = 0; i < 100000; i++) {
        io_blocker_wake(blocker); /* it would sleep here if a pipe is full */
    }
    cr_assert(wait_long(&event) == -ECANCELED, "The wake-ups were lost.");
    cr_assert(look_now(&event) == -ETIMEDOUT,
              "All of them came before the wait, so they are one.");
}

Test(wake, leaves_errno_alone, .timeout = 60) {
    errno = EINTR;
    for (int i = 0; i < 100000; i++) {
        io_blocker_wake(blocker);
    }
    cr_assert(errno == EINTR,
              "io_blocker_wake() changed errno to %d. A signal handler may "
              "call it between a system call and the look at its errno.",
              errno);
}

Test(wake, with_an_event_under_way_loses_neither, .timeout = 60) {
    for (int wake_first = 0; wake_first < 2; wake_first++) {
        Pair pair = pair_open();
        Event event = {0, 0};
        if (wake_first) {
            io_blocker_wake(blocker);
        }
        far_sends(&pair, "x");
        ask(pair.near, 1, READABLE);
        if (!wake_first) {
            io_blocker_wake(blocker);
        }
        int results[2] = {wait_long(&event), wait_long(&event)};
        cr_assert((results[0] == 1 && results[1] == -ECANCELED) ||
                      (results[0] == -ECANCELED && results[1] == 1),
                  "There are an event and a wake-up; two waits returned %d and "
                  "%d. Each of them must come, in whichever order.",
                  results[0], results[1]);
        cr_assert(event.id == 1 && event.signals == READABLE,
                  "The event is not the one that was asked for.");
        cr_assert(look_now(&event) == -ETIMEDOUT, "And each of them once.");
        stop_asking(pair.near, BOTH);
    }
}

Test(wake, with_a_whole_batch_under_way_loses_neither, .timeout = 60) {
    Event events[8];
    for (uint64_t i = 0; i < 8; i++) {
        ask(pair_open().near, i, WRITABLE);
    }
    io_blocker_wake(blocker);
    int total = 0, wakes = 0;
    for (int i = 0; i < 20 && (total < 8 || wakes == 0); i++) {
        int result = io_blocker_block_until(blocker, DEADLINE_NOW, events, 3);
        total += result > 0 ? result : 0;
        wakes += result == -ECANCELED;
    }
    cr_assert(total == 8 && wakes == 1,
              "Eight events and one wake-up were under way, with room for "
              "three at a time; there came %d events and %d wake-ups.",
              total, wakes);
}

Test(wake, leaves_interests_as_they_are, .timeout = 60) {
    Pair pair = pair_open();
    Event event;
    ask(pair.near, 1, READABLE);
    io_blocker_wake(blocker);
    cr_assert(wait_long(&event) == -ECANCELED, "The wake-up was lost.");
    far_sends(&pair, "x");
    assert_event(1, READABLE, "A wake-up spends no interest.");
}

static void *wake_from_thread(void *unused) {
    (void)unused;
    io_blocker_wake(blocker);
    return NULL;
}

static pthread_t waker_thread;

static void start_waker_thread(void) {
    pthread_create(&waker_thread, NULL, wake_from_thread, NULL);
}

Test(wake, from_another_thread_ends_the_wait, .timeout = 60) {
    Event event;
    script_use_real_time();
    for (int i = 0; i < 50; i++) {
        script_before_wait = start_waker_thread;
        int result = io_blocker_block(blocker, &event);
        pthread_join(waker_thread, NULL);
        cr_assert(result == -ECANCELED,
                  "Another thread called io_blocker_wake(): the wait returned "
                  "%s, not -ECANCELED.",
                  error_name(result));
    }
}

static void *wake_often(void *unused) {
    (void)unused;
    for (int i = 0; i < 100; i++) {
        io_blocker_wake(blocker);
    }
    return NULL;
}

Test(wake, from_four_threads_at_once_is_never_lost, .timeout = 60) {
    Event event;
    pthread_t threads[4];
    script_use_real_time();
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 4; i++) {
            pthread_create(&threads[i], NULL, wake_often, NULL);
        }
        int result = io_blocker_block(blocker, &event);
        for (int i = 0; i < 4; i++) {
            pthread_join(threads[i], NULL);
        }
        cr_assert(result == -ECANCELED, "It was woken, and said %s.",
                  error_name(result));
        int rest = look_now(&event);
        cr_assert(rest == -ECANCELED || rest == -ETIMEDOUT,
                  "What came after the first is one more, or none: %d.", rest);
        cr_assert(look_now(&event) == -ETIMEDOUT,
                  "All threads have ended, and their calls have been noticed, "
                  "but there came another wake-up.");
    }
}

static void on_signal(int number) {
    (void)number;
    io_blocker_wake(blocker);
}

static void handle_signal(void) {
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGUSR1, &action, NULL);
}

static void raise_signal(void) {
    raise(SIGUSR1);
}

Test(wake, from_a_signal_handler_ends_the_wait, .timeout = 60) {
    Event event;
    handle_signal();
    script_before_wait = raise_signal;
    cr_assert(wait_long(&event) == -ECANCELED,
              "A signal handler called io_blocker_wake(), and the wait did "
              "not end.");
}

static void *signal_thread(void *blocked) {
    pthread_kill(*(pthread_t *)blocked, SIGUSR1);
    return NULL;
}

static pthread_t blocked_thread;

static void start_signal_thread(void) {
    blocked_thread = pthread_self();
    pthread_create(&waker_thread, NULL, signal_thread, &blocked_thread);
}

Test(wake, from_a_handler_that_interrupts_the_wait_ends_it, .timeout = 60) {
    Event event;
    script_use_real_time();
    handle_signal();
    for (int i = 0; i < 50; i++) {
        script_before_wait = start_signal_thread;
        int result = io_blocker_block(blocker, &event);
        pthread_join(waker_thread, NULL);
        cr_assert(result == -ECANCELED,
                  "A signal interrupted the wait, and its handler called "
                  "io_blocker_wake(): the wait returned %s, not -ECANCELED.",
                  error_name(result));
    }
}
