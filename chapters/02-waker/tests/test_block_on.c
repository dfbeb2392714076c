#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "block_on.h"
#include "error_name.h"
#include "probe.h"
#include "script_conditions.h"
#include "script_leaks.h"
#include "script_locks.h"
#include "script_memory.h"

static ProbeFuture a;

TestSuite(block_on, .timeout = 60);

static void assert_block_on_works(void) {
    int result = block_on(&a.future);
    cr_assert(result == 0, "block_on() returned %s, though nothing failed.",
              error_name(result));
}

Test(block_on, ready_future_is_polled_once, .timeout = 60) {
    probe_future_init(&a, "A", 0);
    script_forbid_sleep("The future was ready at the first poll, and the "
                        "thread went to sleep all the same.");
    assert_block_on_works();
    assert_trace("poll A, ready A", "A ready future is polled once and is not "
                                    "dropped: it belongs to the caller.");
    script_assert_nothing_left();
}

Test(block_on, wake_during_the_poll_is_not_lost, .timeout = 60) {
    probe_future_init(&a, "A", 3);
    a.wakes_itself = true;
    script_forbid_sleep("The future was woken during its poll, and the thread "
                        "went to sleep all the same: nobody will wake it a "
                        "second time.");
    assert_block_on_works();
    assert_trace("poll A, pending A, poll A, pending A, poll A, pending A, "
                 "poll A, ready A",
                 "Each wake-up is followed by a poll.");
    script_assert_nothing_left();
}

static pthread_t waking_thread;

static void *wake_the_future(void *unused) {
    trace_add("wake", "A");
    probe_future_wake(&a);
    return unused;
}

static void wake_from_another_thread(void) {
    trace_add("sleep", "thread");
    pthread_create(&waking_thread, NULL, wake_the_future, NULL);
}

Test(block_on, sleeps_until_another_thread_wakes, .timeout = 60) {
    probe_future_init(&a, "A", 1);
    script_before_sleep = wake_from_another_thread;
    assert_block_on_works();
    pthread_join(waking_thread, NULL);
    assert_trace("poll A, pending A, sleep thread, wake A, poll A, ready A",
                 "A pending future is polled again when it was woken, and not "
                 "before.");
    script_assert_nothing_left();
}

static void wake_five_times(ProbeFuture *self) {
    for (int i = 0; i < 5 && !self->ready; i++) {
        waker_wake_by_ref(&self->kept);
    }
}

Test(block_on, five_wakes_are_one_poll, .timeout = 60) {
    probe_future_init(&a, "A", 2);
    a.hook = wake_five_times;
    assert_block_on_works();
    cr_assert(a.polls == 3 && script_sleeps() == 0,
              "The future was woken five times in each of two polls. Wakes "
              "before a poll count as one: three polls and no sleep were "
              "expected, and %d and %d were seen.",
              a.polls, script_sleeps());
    script_assert_nothing_left();
}

Test(block_on, a_future_that_always_wakes_itself_needs_no_stack,
     .timeout = 60) {
    probe_future_init(&a, "A", 100000);
    a.wakes_itself = true;
    a.silent = true;
    assert_block_on_works();
    cr_assert(a.polls == 100001, "100001 polls were to be made, not %d.",
              a.polls);
    cr_assert(script_malloc.calls <= 1,
              "Waking and polling allocated memory %d times: the task's state "
              "is made once, when block_on() begins.",
              script_malloc.calls);
    script_assert_nothing_left();
}

static Waker outlives;

static void keep_a_clone(ProbeFuture *self) {
    if (!self->ready) {
        outlives = waker_clone(&self->kept);
        waker_wake_by_ref(&self->kept);
    }
}

Test(block_on, waker_may_outlive_it, .timeout = 60) {
    probe_future_init(&a, "A", 1);
    a.hook = keep_a_clone;
    assert_block_on_works();
    waker_wake_by_ref(&outlives);
    Waker another = waker_clone(&outlives);
    waker_wake(&another);
    waker_drop(&outlives);
    assert_trace("poll A, pending A, poll A, ready A",
                 "Waking a task that has completed does nothing.");
    script_assert_nothing_left();
}

Test(block_on, releases_all_when_the_last_waker_goes, .timeout = 60) {
    probe_future_init(&a, "A", 1);
    a.hook = keep_a_clone;
    assert_block_on_works();
    waker_wake(&outlives);
    script_assert_nothing_left();
}

/* Relaxed, so that nothing but the waker orders the two threads. */
static atomic_bool returned, dropped;

static void await_relaxed(const atomic_bool *flag) {
    while (!atomic_load_explicit(flag, memory_order_relaxed)) {
        sched_yield();
    }
}

static void *drop_the_last(void *unused) {
    waker_wake_by_ref(&outlives);
    await_relaxed(&returned);
    waker_drop(&outlives);
    atomic_store_explicit(&dropped, true, memory_order_relaxed);
    return unused;
}

static void keep_a_clone_for_a_thread(ProbeFuture *self) {
    if (!self->ready) {
        outlives = waker_clone(&self->kept);
        pthread_create(&waking_thread, NULL, drop_the_last, NULL);
    }
}

Test(block_on, last_waker_may_go_on_another_thread, .timeout = 60) {
    probe_future_init(&a, "A", 1);
    a.silent = true;
    a.hook = keep_a_clone_for_a_thread;
    assert_block_on_works();
    atomic_store_explicit(&returned, true, memory_order_relaxed);
    await_relaxed(&dropped);
    pthread_join(waking_thread, NULL);
    script_assert_nothing_left();
}

static void compare_wakers(ProbeFuture *self) {
    if (self->ready) {
        return;
    }
    Waker second = waker_clone(&self->kept);
    cr_assert(waker_will_wake(&second, &self->kept),
              "A clone of block_on()'s waker does not say that it wakes the "
              "same task: a clone is of the same data.");
    waker_wake(&second);
}

Test(block_on, clones_wake_the_same_task, .timeout = 60) {
    probe_future_init(&a, "A", 1);
    a.hook = compare_wakers;
    script_forbid_sleep("A clone of the waker was woken with during the poll, "
                        "and the thread went to sleep all the same.");
    assert_block_on_works();
    script_assert_nothing_left();
}

Test(block_on, leaves_the_future_to_its_owner, .timeout = 60) {
    probe_future_init(&a, "A", 0);
    assert_block_on_works();
    cr_assert(a.drops == 0,
              "block_on() borrows the future; it has dropped it.");
    future_drop(&a.future);
    script_assert_nothing_left();
}

/* Nothing could be had, so nothing was done. */
static void assert_refused(int error, const char *what) {
    probe_future_init(&a, "A", 0);
    int result = block_on(&a.future);
    cr_assert(result == -error,
              "There was no %s; block_on() has to return %s and returned %s.",
              what, error_name(-error), error_name(result));
    cr_assert(a.polls == 0,
              "There was no %s, so nothing could have woken the future, and "
              "it was polled all the same.",
              what);
}

Test(block_on, without_memory_it_says_so, .timeout = 60) {
    script_fail(&script_malloc, 1, ENOMEM);
    assert_refused(ENOMEM, "memory");
    script_assert_nothing_left();
}

Test(block_on, without_a_lock_it_says_so, .timeout = 60) {
    script_fail(&script_mutex_init, 1, EAGAIN);
    assert_refused(EAGAIN, "lock");
    script_assert_nothing_left();
}

Test(block_on, without_a_condition_it_says_so, .timeout = 60) {
    script_fail(&script_cond_init, 1, EAGAIN);
    assert_refused(EAGAIN, "condition");
    script_assert_nothing_left();
}
