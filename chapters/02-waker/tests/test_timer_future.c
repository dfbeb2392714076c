#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>

#include "block_on.h"
#include "clock.h"
#include "error_name.h"
#include "join.h"
#include "probe.h"
#include "script_conditions.h"
#include "script_leaks.h"
#include "script_locks.h"
#include "script_threads.h"
#include "script_time.h"
#include "script_timed_sleeps.h"
#include "timer_future.h"

#define BEGIN_NS (1000 * NS_PER_S)
#define DEADLINE_NS (BEGIN_NS + 40 * NS_PER_MS)

static ProbeWaker a, b;
static TimerFuture timer;

static void set_up(void) {
    script_clock_ns = BEGIN_NS;
    probe_waker_init(&a, "A");
    probe_waker_init(&b, "B");
    timer_future_init(&timer, DEADLINE_NS);
}

static void assert_nothing_left(void) {
    assert_balanced(&a);
    assert_balanced(&b);
    script_assert_nothing_left();
}

TestSuite(timer_future, .init = set_up, .timeout = 60);

static void poll_early(ProbeWaker *task) {
    cr_assert(poll_for(&timer.future, task) == POLL_PENDING,
              "The deadline has not passed, but the timer is ready (with "
              "result %s).",
              error_name(timer.result));
}

static void poll_ready(void) {
    cr_assert(poll_for_nobody(&timer.future) == POLL_READY,
              "The deadline has passed, but the timer is pending.");
    cr_assert(timer.result == 0, "Nothing failed, but the result is %s.",
              error_name(timer.result));
}

static void await_sleep(void) {
    script_await_timed_sleeps(
        1, "Nobody sleeps until the timer's deadline: the first poll starts a "
           "thread that does.");
}

static void ring(void) {
    script_advance_to(DEADLINE_NS);
    script_await_ended(
        1, "The deadline has passed, and the timer's thread has not ended.");
}

Test(timer_future, does_nothing_before_it_is_polled, .timeout = 60) {
    cr_assert(script_pthread_create.calls == 0,
              "A thread was started before the first poll: a future does "
              "nothing before it is polled.");
    future_drop(&timer.future);
    assert_nothing_left();
}

Test(timer_future, pending_keeps_a_waker, .timeout = 60) {
    poll_early(&a);
    cr_assert(a.held > 0,
              "The future returned POLL_PENDING without leaving a clone of "
              "the waker anywhere: nothing will ever poll it again.");
    future_drop(&timer.future);
    assert_nothing_left();
}

Test(timer_future, wakes_at_its_deadline_and_is_ready, .timeout = 60) {
    poll_early(&a);
    await_sleep();
    ring();
    assert_wakes(&a, 1,
                 "The deadline has passed: the task is to be woken "
                 "once.");
    poll_ready();
    future_drop(&timer.future);
    assert_nothing_left();
}

Test(timer_future, latest_waker_counts, .timeout = 60) {
    poll_early(&a);
    await_sleep();
    poll_early(&b);
    ring();
    assert_trace("wake B",
                 "The timer was polled for task A and then for task B, which "
                 "has it now: each poll replaces the waker that the poll "
                 "before it left.");
    poll_ready();
    assert_nothing_left();
}

Test(timer_future, polls_for_nothing_start_no_more_threads, .timeout = 60) {
    for (int i = 0; i < 20; i++) {
        poll_early(&a);
    }
    cr_assert(script_pthread_create.calls == 1,
              "20 polls started %d threads: only the first poll starts one.",
              script_pthread_create.calls);
    cr_assert(a.held == 1,
              "After 20 polls the timer keeps %d wakers: the latest one is "
              "enough.",
              a.held);
    future_drop(&timer.future);
    assert_nothing_left();
}

Test(timer_future, sleeps_until_the_moment_itself, .timeout = 60) {
    poll_early(&a);
    await_sleep();
    cr_assert(script_latest_deadline_ns() == DEADLINE_NS,
              "The thread sleeps until another moment than the deadline: "
              "deadlines are absolute.");
    cr_assert(script_latest_condition_clock() == CLOCK_MONOTONIC,
              "The sleep is measured on a clock that can be set: tell the "
              "condition to use CLOCK_MONOTONIC, as clock_now_ns() does.");
    future_drop(&timer.future);
    assert_nothing_left();
}

Test(timer_future, sleep_that_ends_early_is_resumed, .timeout = 60) {
    poll_early(&a);
    await_sleep();
    script_advance_to(DEADLINE_NS - 1);
    script_await_timed_sleeps(
        2, "The sleep ended a nanosecond early, and the timer took that for "
           "its deadline: after each sleep, look at the clock again.");
    cr_assert(a.wakes == 0, "The task was woken before the deadline.");
    poll_early(&a);
    ring();
    poll_ready();
    assert_nothing_left();
}

static const char *const in_the_gap =
    "between \"has it completed?\" and \"keep this waker\"";

/* Whatever the moment at which the deadline passes, the task hears of it. */
static void assert_not_lost(Poll answer, const char *when) {
    script_await_ended(
        1, "The deadline has passed, and the timer's thread has not ended.");
    cr_assert(answer == POLL_READY || a.wakes > 0,
              "The deadline passed %s. The timer is pending and its task was "
              "not woken, so it waits for ever.%s",
              when,
              when == in_the_gap ? " If it does wake at other times, the two "
                                   "have to be one step under one lock, with "
                                   "no gap."
                                 : "");
}

static void ring_while_it_is_cloned(ProbeWaker *self, const char *what) {
    if (*what == 'c') {
        self->hook = NULL;
        ring();
    }
}

Test(timer_future, deadline_during_the_clone_is_not_lost, .timeout = 60) {
    a.hook = ring_while_it_is_cloned;
    Poll answer = poll_for(&timer.future, &a);
    assert_not_lost(answer, in_the_gap);
    if (answer == POLL_PENDING) {
        poll_ready();
    }
    assert_nothing_left();
}

Test(timer_future, deadline_after_the_check_is_not_lost, .timeout = 60) {
    poll_early(&b);
    await_sleep();
    script_after_unlock = ring;
    Poll answer = poll_for(&timer.future, &a);
    assert_not_lost(answer, in_the_gap);
    if (answer == POLL_PENDING) {
        poll_ready();
    }
    assert_nothing_left();
}

Test(timer_future, deadline_in_the_past_is_not_waited_for, .timeout = 60) {
    timer_future_init(&timer, DEADLINE_NOW);
    Poll answer = poll_for(&timer.future, &a);
    assert_not_lost(answer, "before the first poll");
    if (answer == POLL_PENDING) {
        poll_ready();
    }
    assert_nothing_left();
}

/* Rule 3: foreign code is called with the lock free. */
static bool lock_was_held;

static void try_the_lock(ProbeWaker *self, const char *what) {
    (void)self;
    (void)what;
    if (pthread_mutex_trylock(&timer.parker.lock) != 0) {
        lock_was_held = true;
    } else {
        pthread_mutex_unlock(&timer.parker.lock);
    }
}

static void assert_lock_was_free(const char *what) {
    cr_assert(!lock_was_held,
              "A waker was %s while the timer's lock was held. It is somebody "
              "else's code: if it wants a lock that the polling thread has, "
              "both wait for ever. Take it out, unlock, then call it.",
              what);
}

Test(timer_future, waker_is_woken_outside_the_lock, .timeout = 60) {
    poll_early(&a);
    await_sleep();
    a.hook = try_the_lock;
    ring();
    assert_lock_was_free("called");
    poll_ready();
    assert_nothing_left();
}

Test(timer_future, waker_is_cloned_outside_the_lock, .timeout = 60) {
    poll_early(&a);
    await_sleep();
    b.hook = try_the_lock;
    poll_early(&b);
    assert_lock_was_free("cloned");
    b.hook = NULL;
    future_drop(&timer.future);
    assert_nothing_left();
}

Test(timer_future, replaced_waker_is_dropped_outside_the_lock, .timeout = 60) {
    poll_early(&a);
    await_sleep();
    a.hook = try_the_lock;
    poll_early(&b);
    assert_lock_was_free("dropped");
    a.hook = NULL;
    future_drop(&timer.future);
    assert_nothing_left();
}

static atomic_bool inside_the_wake, let_it_end, stayed_too_long;

/* Whether it comes true within about two seconds. */
static bool comes_true(const atomic_bool *flag) {
    struct timespec now;
    timespec_get(&now, TIME_UTC);
    for (time_t end = now.tv_sec + 2; !*flag && now.tv_sec <= end;) {
        sched_yield();
        timespec_get(&now, TIME_UTC);
    }
    return *flag;
}

static void stay_in_the_wake(ProbeWaker *self, const char *what) {
    (void)self;
    if (*what == 'w') {
        inside_the_wake = true;
        stayed_too_long = !comes_true(&let_it_end);
    }
}

Test(timer_future, poll_does_not_wait_for_the_wake_to_end, .timeout = 60) {
    poll_early(&a);
    a.hook = stay_in_the_wake;
    script_advance_to(DEADLINE_NS);
    cr_assert(comes_true(&inside_the_wake), "The deadline wakes nobody.");
    poll_ready();
    future_drop(&timer.future);
    let_it_end = true;
    script_await_ended(1, "The timer's thread did not end after its wake-up.");
    cr_assert(!stayed_too_long,
              "The waker was still being called, and the poll waited for its "
              "end: it is somebody else's code and may stay there as long as "
              "it likes. A poll never waits.");
    assert_nothing_left();
}

static void poll_and_drop(ProbeWaker *self, const char *what) {
    if (*what == 'w') {
        self->hook = NULL;
        Waker lent = probe_waker_lend(&b);
        Context context = {&lent};
        trace_add(future_poll(&timer.future, &context) == POLL_READY
                      ? "ready inside the wake of"
                      : "pending inside the wake of",
                  self->name);
        future_drop(&timer.future);
    }
}

Test(timer_future, may_be_polled_and_dropped_inside_its_wake, .timeout = 60) {
    poll_early(&a);
    a.hook = poll_and_drop;
    ring();
    assert_trace("wake A, ready inside the wake of A",
                 "When the task is woken the timer has completed: whoever "
                 "polls it then has to find it ready.");
    assert_nothing_left();
}

Test(timer_future, dropped_while_pending_gives_all_back, .timeout = 60) {
    poll_early(&a);
    await_sleep();
    future_drop(&timer.future);
    cr_assert(a.wakes == 0,
              "The future was dropped, and its task was woken for it: nobody "
              "is there any more who would poll it.");
    assert_nothing_left();
}

Test(timer_future, dropped_after_it_rang_gives_all_back, .timeout = 60) {
    poll_early(&a);
    await_sleep();
    ring();
    future_drop(&timer.future);
    assert_nothing_left();
}

Test(timer_future, dropped_after_it_was_ready_gives_nothing_back_twice,
     .timeout = 60) {
    poll_early(&a);
    await_sleep();
    ring();
    poll_ready();
    script_assert_nothing_left();
    future_drop(&timer.future);
    assert_nothing_left();
}

/* Something could not be had: ready at once, with the error, nothing kept. */
static void assert_fails(Scripted *call, int error, const char *what) {
    script_fail(call, 1, error);
    cr_assert(poll_for_nobody(&timer.future) == POLL_READY,
              "There was no %s, so nobody would ever wake the timer, and it "
              "says pending.",
              what);
    cr_assert(timer.result == -error,
              "There was no %s: the result has to be %s and is %s.", what,
              error_name(-error), error_name(timer.result));
    future_drop(&timer.future);
}

Test(timer_future, without_a_thread_it_is_ready_with_the_error, .timeout = 60) {
    assert_fails(&script_pthread_create, EAGAIN, "thread");
    assert_nothing_left();
}

Test(timer_future, without_a_lock_it_is_ready_with_the_error, .timeout = 60) {
    assert_fails(&script_mutex_init, ENOMEM, "lock");
    assert_nothing_left();
}

Test(timer_future, without_a_condition_it_is_ready_with_the_error,
     .timeout = 60) {
    assert_fails(&script_cond_init, ENOMEM, "condition");
    assert_nothing_left();
}

Test(timer_future, without_attributes_it_is_ready_with_the_error,
     .timeout = 60) {
    assert_fails(&script_condattr_init, ENOMEM, "condition");
    assert_nothing_left();
}

Test(timer_future, two_at_once_wake_their_own_tasks, .timeout = 60) {
    TimerFuture later;
    timer_future_init(&later, DEADLINE_NS + 1);
    poll_early(&a);
    cr_assert(poll_for(&later.future, &b) == POLL_PENDING,
              "The deadline has not passed, but the second timer is ready.");
    script_await_timed_sleeps(2, "Two timers, and nobody sleeps for one.");
    ring();
    cr_assert(a.wakes == 1 && b.wakes == 0,
              "Only the first deadline has passed: its task is to be woken, "
              "and the other one is not.");
    poll_ready();
    script_advance_to(DEADLINE_NS + 1);
    script_await_ended(
        2, "The second deadline has passed, and its thread has not ended.");
    cr_assert(poll_for_nobody(&later.future) == POLL_READY,
              "The second deadline has passed, but its timer is pending.");
    assert_wakes(&b, 1,
                 "The second deadline has passed: its task is to be "
                 "woken once.");
    assert_nothing_left();
}

static void pass_the_deadline(void) {
    script_advance_to(DEADLINE_NS);
}

Test(timer_future, ends_the_sleep_of_block_on, .timeout = 60) {
    script_before_sleep = pass_the_deadline;
    cr_assert(block_on(&timer.future) == 0,
              "block_on() failed, though nothing was refused.");
    cr_assert(timer.result == 0, "Nothing failed, but the result is %s.",
              error_name(timer.result));
    assert_nothing_left();
}

Test(timer_future, of_a_dropped_join_is_dropped_too, .timeout = 60) {
    TimerFuture later;
    Join both;
    timer_future_init(&later, DEADLINE_NEVER);
    join_init(&both, &timer.future, &later.future);
    cr_assert(poll_for(&both.future, &a) == POLL_PENDING,
              "Neither deadline has passed, but the join is ready.");
    cr_assert(a.held == 2, "Two timers wait, but %d wakers are kept.", a.held);
    future_drop(&both.future);
    assert_nothing_left();
}
