/*
 * Timers: the clock is the script's, so no test here takes time.
 */
#include "runtime.h"

#include <stdlib.h>

#include "socket_read.h"

RuntimeSuite(timer_future);

static const char *const names[] = {"A", "B", "C", "D", "E"};

static uint64_t in_ms(uint64_t ms) {
    return script_clock_ns + ms * NS_PER_MS;
}

static TimerFuture timer_in_ms(uint64_t ms) {
    TimerFuture timer;
    timer_future_init(&timer, in_ms(ms));
    return timer;
}

static uint64_t next_deadline_ns(void) {
    return timer_list_deadline_ns(executor_timers(runtime));
}

static void let_pass_ms(uint64_t ms) {
    script_clock_ns += ms * NS_PER_MS;
    timer_list_wake_expired(executor_timers(runtime));
}

Test(timer_future, that_has_expired_is_ready_at_once, .timeout = 10) {
    ProbeWaker w;
    TimerFuture now = timer_in_ms(0), past;
    probe_waker_init(&w, "W");
    timer_future_init(&past, 1);
    cr_assert_eq(poll_for(&past.future, &w), POLL_READY,
                 "The deadline was long ago, but the timer is pending.");
    cr_assert_eq(poll_for(&now.future, &w), POLL_READY,
                 "The deadline is now, but the timer is pending.");
    cr_assert_eq(w.clones, 0, "A timer that is ready kept a waker.");
    cr_assert_eq(next_deadline_ns(), DEADLINE_NEVER,
                 "A timer that is ready stands in the list.");
    future_drop(&now.future);
    future_drop(&past.future);
}

Test(timer_future, pending_keeps_a_waker_and_tells_its_deadline,
     .timeout = 10) {
    ProbeWaker w;
    TimerFuture timer = timer_in_ms(5);
    probe_waker_init(&w, "W");
    cr_assert_eq(next_deadline_ns(), DEADLINE_NEVER,
                 "Nobody waits for a moment, but there is a deadline.");
    cr_assert_eq(poll_for(&timer.future, &w), POLL_PENDING,
                 "The deadline has not come, but the timer is ready.");
    cr_assert_eq(w.held, 1,
                 "A pending timer holds %d wakers instead of one: nobody will "
                 "wake its task.",
                 w.held);
    cr_assert_eq(next_deadline_ns(), in_ms(5),
                 "The executor has to wake up for this timer, but sees "
                 "another deadline.");
    future_drop(&timer.future);
    assert_balanced(&w);
    cr_assert_eq(next_deadline_ns(), DEADLINE_NEVER,
                 "A timer was dropped and still stands in the list.");
}

Test(timer_future, ends_the_executors_wait, .timeout = 10) {
    TimerFuture timer = timer_in_ms(250);
    uint64_t deadline_ns = in_ms(250);
    int before = script_waits();
    run_to_the_end_of(&timer.future);
    cr_assert_geq(script_clock_ns, deadline_ns,
                  "The timer was ready %d us before its deadline.",
                  (int)((deadline_ns - script_clock_ns) / 1000));
    cr_assert_eq(script_waits() - before, 2,
                 "One look, one wait of 250 ms: but the system was asked to "
                 "wait %d times.",
                 script_waits() - before);
    cr_assert_eq(script_timeouts[before + 1], 250,
                 "The only timer was due in 250 ms; the executor went to "
                 "sleep for %d ms (-1: for ever).",
                 script_timeouts[before + 1]);
    future_drop(&timer.future);
}

Test(timer_future, wait_is_rounded_up, .timeout = 10) {
    TimerFuture timer;
    timer_future_init(&timer, script_clock_ns + NS_PER_MS / 2);
    int before = script_waits();
    run_to_the_end_of(&timer.future);
    cr_assert_eq(script_timeouts[before + 1], 1,
                 "Half a millisecond was left, and the executor waited for %d "
                 "ms: rounded down it does not wait at all, and spins.",
                 script_timeouts[before + 1]);
    cr_assert_eq(script_waits() - before, 2, "One look and one wait, not %d.",
                 script_waits() - before);
    future_drop(&timer.future);
}

/* All orders in which five timers may begin to wait. */
static void wake_in_every_order(int *order, int count) {
    if (count < 5) {
        for (int next = 0; next < 5; next++) {
            bool used = false;
            for (int i = 0; i < count; i++) {
                used |= order[i] == next;
            }
            if (!used) {
                order[count] = next;
                wake_in_every_order(order, count + 1);
            }
        }
        return;
    }
    TimerFuture timers[5];
    ProbeWaker wakers[5];
    trace_clear();
    for (int i = 0; i < 5; i++) {
        int k = order[i];
        probe_waker_init(&wakers[k], names[k]);
        timers[k] = timer_in_ms((uint64_t)k + 1);
        poll_for(&timers[k].future, &wakers[k]);
    }
    let_pass_ms(5);
    assert_trace("wake A, wake B, wake C, wake D, wake E",
                 "Timers are woken in the order of their deadlines, whatever "
                 "the order in which they began to wait.");
    for (int i = 0; i < 5; i++) {
        assert_balanced(&wakers[i]);
        future_drop(&timers[i].future);
    }
}

Test(timer_future, wakes_by_deadline_in_whatever_order_they_began,
     .timeout = 10) {
    int order[5];
    wake_in_every_order(order, 0);
}

Test(timer_future, equal_deadlines_are_woken_in_turn, .timeout = 10) {
    TimerFuture timers[5];
    ProbeWaker wakers[5];
    for (int i = 0; i < 5; i++) {
        probe_waker_init(&wakers[i], names[i]);
        timers[i] = timer_in_ms(7);
        poll_for(&timers[i].future, &wakers[i]);
    }
    let_pass_ms(7);
    assert_trace("wake A, wake B, wake C, wake D, wake E",
                 "Five timers have one deadline: who began to wait first is "
                 "woken first.");
    for (int i = 0; i < 5; i++) {
        future_drop(&timers[i].future);
    }
}

Test(timer_future, wakes_only_what_has_expired, .timeout = 10) {
    ProbeWaker early, late;
    TimerFuture first = timer_in_ms(1), second = timer_in_ms(2);
    probe_waker_init(&early, "early");
    probe_waker_init(&late, "late");
    poll_for(&first.future, &early);
    poll_for(&second.future, &late);
    let_pass_ms(1);
    cr_assert(early.wakes == 1 && late.wakes == 0,
              "One deadline has passed; the early timer's task was woken %d "
              "times and the late one's %d times.",
              early.wakes, late.wakes);
    let_pass_ms(1);
    cr_assert(early.wakes == 1 && late.wakes == 1,
              "Both deadlines have passed; the tasks were woken %d and %d "
              "times instead of once each.",
              early.wakes, late.wakes);
    cr_assert_eq(poll_for(&first.future, &early), POLL_READY,
                 "Woken after its deadline, the timer is pending.");
    future_drop(&first.future);
    future_drop(&second.future);
}

/* Drops one of three timers that wait; the other two must not notice. */
static void drop_one_of_three(int dropped) {
    TimerFuture timers[3];
    ProbeWaker wakers[3];
    for (int i = 0; i < 3; i++) {
        probe_waker_init(&wakers[i], names[i]);
        timers[i] = timer_in_ms((uint64_t)i + 1);
        poll_for(&timers[i].future, &wakers[i]);
    }
    future_drop(&timers[dropped].future);
    assert_balanced(&wakers[dropped]);
    cr_assert_eq(next_deadline_ns(), in_ms(dropped == 0 ? 2 : 1),
                 "Of three timers the %d. was dropped, and the executor would "
                 "not wake up for the earliest of the others.",
                 dropped + 1);
    /* A fourth one finds its place among those that are left. */
    TimerFuture fourth = timer_in_ms(4);
    ProbeWaker last;
    probe_waker_init(&last, "D");
    poll_for(&fourth.future, &last);
    let_pass_ms(4);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(wakers[i].wakes, i != dropped,
                     "Of three timers the %d. was dropped; the %d. was woken "
                     "%d times.",
                     dropped + 1, i + 1, wakers[i].wakes);
        if (i != dropped) {
            future_drop(&timers[i].future);
        }
    }
    cr_assert_eq(last.wakes, 1, "A later timer was lost with a dropped one.");
    future_drop(&fourth.future);
}

Test(timer_future, dropped_while_it_waits_leaves_the_list, .timeout = 10) {
    for (int dropped = 0; dropped < 3; dropped++) {
        drop_one_of_three(dropped);
    }
}

Test(timer_future, polled_after_its_deadline_is_ready_before_it_is_woken,
     .timeout = 10) {
    ProbeWaker w;
    TimerFuture timer = timer_in_ms(5);
    probe_waker_init(&w, "W");
    poll_for(&timer.future, &w);
    script_clock_ns += 5 * NS_PER_MS;
    cr_assert_eq(poll_for(&timer.future, &w), POLL_READY,
                 "The deadline has passed, but the timer waits to be woken.");
    assert_balanced(&w);
    cr_assert_eq(next_deadline_ns(), DEADLINE_NEVER,
                 "A timer that is ready still stands in the list: its memory "
                 "may be used for something else by now.");
    future_drop(&timer.future);
}

Test(timer_future, spurious_polls_list_it_once, .timeout = 10) {
    ProbeWaker w;
    TimerFuture timer = timer_in_ms(5);
    probe_waker_init(&w, "W");
    for (int i = 0; i < 10; i++) {
        cr_assert_eq(poll_for(&timer.future, &w), POLL_PENDING,
                     "The deadline has not come.");
    }
    cr_assert_eq(w.held, 1, "Ten polls left %d wakers.", w.held);
    const TimerList *list = executor_timers(runtime);
    cr_assert(list->first == &timer && list->last == &timer &&
                  timer.later == NULL && timer.earlier == NULL,
              "A timer that was polled ten times stands in the list more than "
              "once.");
    let_pass_ms(5);
    cr_assert_eq(w.wakes, 1, "One timer woke %d times.", w.wakes);
    future_drop(&timer.future);
}

Test(timer_future, latest_waker_counts, .timeout = 10) {
    ProbeWaker first, latest;
    TimerFuture timer = timer_in_ms(5);
    probe_waker_init(&first, "first");
    probe_waker_init(&latest, "latest");
    poll_for(&timer.future, &first);
    poll_for(&timer.future, &latest);
    let_pass_ms(5);
    cr_assert(first.wakes == 0 && latest.wakes == 1,
              "Polled by one task and then by another, the timer woke the "
              "first %d times and the second %d times: it keeps the latest "
              "waker.",
              first.wakes, latest.wakes);
    assert_balanced(&first);
    assert_balanced(&latest);
    future_drop(&timer.future);
}

Test(timer_future, may_be_dropped_before_its_first_poll, .timeout = 10) {
    TimerFuture timer = timer_in_ms(5);
    future_drop(&timer.future);
    cr_assert_eq(next_deadline_ns(), DEADLINE_NEVER,
                 "A timer was never polled, and the list has a deadline.");
}

Test(timer_future, and_a_socket_wake_whom_they_concern, .timeout = 10) {
    Wire wire = wire_open();
    SocketRead read;
    char buffer[8];
    TimerFuture timer = timer_in_ms(100);
    socket_read_init(&read, &wire.near, buffer, sizeof buffer);
    JoinHandle rings = stage_spawn_with_handle(runtime, &timer.future);
    JoinHandle reads = stage_spawn_with_handle(runtime, &read.future);
    turn();
    script.before_park = (Cue){wire_delivers_hello, &wire, 0};
    run_to_the_end_of(&reads.future);
    cr_assert(!join_handle_is_finished(&rings),
              "A socket's event made a timer ring early.");
    run_to_the_end_of(&rings.future);
    cr_assert_eq(script.parks, 2, "Two things to wait for took %d sleeps.",
                 script.parks);
    drop_handle(&rings);
    drop_handle(&reads);
    wire_close(&wire);
}

enum { MANY = 1000 };

static TimerFuture many[MANY];
static uint64_t rang_ns;

/* Notes that timers ring in order. */
typedef struct Ringer {
    Future future;
    TimerFuture *timer;
} Ringer;

static Poll ringer_poll(Future *future, Context *context) {
    TimerFuture *timer = ((Ringer *)future)->timer;
    if (future_poll(&timer->future, context) == POLL_PENDING) {
        return POLL_PENDING;
    }
    cr_assert_geq(timer->deadline_ns, rang_ns,
                  "A timer rang after one whose deadline is later.");
    rang_ns = timer->deadline_ns;
    return POLL_READY;
}

static void ringer_drop(Future *future) {
    future_drop(&((Ringer *)future)->timer->future);
}

Test(timer_future, thousand_timers_ring_in_order, .timeout = 10) {
    static const FutureVtable vtable = {ringer_poll, ringer_drop};
    static Ringer ringers[MANY];
    unsigned random = 1;
    for (int i = 0; i < MANY; i++) {
        random = random * 1664525u + 1013904223u;
        many[i] = timer_in_ms(1 + (random >> 8) % 5000);
        ringers[i] = (Ringer){{&vtable}, &many[i]};
        stage_spawn(runtime, &ringers[i].future);
    }
    assert_runs_to_the_end(runtime);
    cr_assert_eq(script.unparks, 0,
                 "Timers that expired kicked the executor %d times: it is "
                 "awake when it wakes them.",
                 script.unparks);
}
