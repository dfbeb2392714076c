/*
 * Timers: the clock is the script's, so no test here takes time.
 */
#include "runtime.h"

#include <time.h>

#include "script_sleep.h"
#include "script_time.h"
#include "script_waiting.h"
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
    return timer_heap_deadline_ns(executor_timers(runtime));
}

static void let_pass_ms(uint64_t ms) {
    script_clock_ns += ms * NS_PER_MS;
    timer_heap_wake_expired(executor_timers(runtime));
}

Test(timer_future, that_has_expired_is_ready_at_once, .timeout = 60) {
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
                 "A timer that is ready stands in the heap.");
    future_drop(&now.future);
    future_drop(&past.future);
}

Test(timer_future, pending_keeps_a_waker_and_tells_its_deadline,
     .timeout = 60) {
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
                 "A timer was dropped and still stands in the heap.");
}

Test(timer_future, ends_the_executors_wait, .timeout = 60) {
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

Test(timer_future, wait_is_rounded_up, .timeout = 60) {
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
     .timeout = 60) {
    int order[5];
    wake_in_every_order(order, 0);
}

Test(timer_future, equal_deadlines_are_woken_in_turn, .timeout = 60) {
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

Test(timer_future, wakes_only_what_has_expired, .timeout = 60) {
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

Test(timer_future, dropped_while_it_waits_leaves_the_heap, .timeout = 60) {
    for (int dropped = 0; dropped < 3; dropped++) {
        drop_one_of_three(dropped);
    }
}

Test(timer_future, polled_after_its_deadline_is_ready_before_it_is_woken,
     .timeout = 60) {
    ProbeWaker w;
    TimerFuture timer = timer_in_ms(5);
    probe_waker_init(&w, "W");
    poll_for(&timer.future, &w);
    script_clock_ns += 5 * NS_PER_MS;
    cr_assert_eq(poll_for(&timer.future, &w), POLL_READY,
                 "The deadline has passed, but the timer waits to be woken.");
    assert_balanced(&w);
    cr_assert_eq(next_deadline_ns(), DEADLINE_NEVER,
                 "A timer that is ready still stands in the heap: its memory "
                 "may be used for something else by now.");
    future_drop(&timer.future);
}

Test(timer_future, spurious_polls_enter_it_once, .timeout = 60) {
    ProbeWaker w;
    TimerFuture timer = timer_in_ms(5);
    probe_waker_init(&w, "W");
    for (int i = 0; i < 10; i++) {
        cr_assert_eq(poll_for(&timer.future, &w), POLL_PENDING,
                     "The deadline has not come.");
    }
    cr_assert_eq(w.held, 1, "Ten polls left %d wakers.", w.held);
    const TimerHeap *heap = executor_timers(runtime);
    cr_assert(heap->root == &timer && heap->count == 1 && timer.child == NULL &&
                  timer.next == NULL,
              "A timer that was polled ten times entered the heap %d times.",
              (int)heap->count);
    let_pass_ms(5);
    cr_assert_eq(w.wakes, 1, "One timer woke %d times.", w.wakes);
    future_drop(&timer.future);
}

Test(timer_future, latest_waker_counts, .timeout = 60) {
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

Test(timer_future, may_be_dropped_before_its_first_poll, .timeout = 60) {
    TimerFuture timer = timer_in_ms(5);
    future_drop(&timer.future);
    cr_assert_eq(next_deadline_ns(), DEADLINE_NEVER,
                 "A timer was never polled, and the heap has a deadline.");
}

Test(timer_future, and_a_socket_wake_whom_they_concern, .timeout = 60) {
    Wire wire = wire_open();
    SocketRead read;
    char buffer[8];
    TimerFuture timer = timer_in_ms(100);
    socket_read_init(&read, &wire.near, buffer, sizeof buffer);
    JoinHandle rings = stage_spawn_with_handle(runtime, &timer.future);
    JoinHandle reads = stage_spawn_with_handle(runtime, &read.future);
    turn();
    script_before_park = (Cue){wire_delivers_hello, &wire, 0};
    run_to_the_end_of(&reads.future);
    cr_assert(!join_handle_is_finished(&rings),
              "A socket's event made a timer ring early.");
    run_to_the_end_of(&rings.future);
    cr_assert_eq(script_parks, 2, "Two things to wait for took %d sleeps.",
                 script_parks);
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

Test(timer_future, thousand_timers_ring_in_order, .timeout = 60) {
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
    cr_assert_eq(script_unparks, 0,
                 "Timers that expired kicked the executor %d times: it is "
                 "awake when it wakes them.",
                 script_unparks);
}

/* --- The heap --------------------------------------------------------------- */

static unsigned random_state = 1;

static unsigned next_random(void) {
    random_state = random_state * 1664525u + 1013904223u;
    return random_state >> 8;
}

enum { CROWD = 300, STEPS = 20000 };

static TimerFuture crowd[CROWD];
static bool waits[CROWD];

/* What the heap should say, found by looking at all. */
static int earliest_of_all(void) {
    int earliest = -1;
    for (int i = 0; i < CROWD; i++) {
        if (waits[i] && (earliest < 0 ||
                         crowd[i].deadline_ns < crowd[earliest].deadline_ns ||
                         (crowd[i].deadline_ns == crowd[earliest].deadline_ns &&
                          crowd[i].number < crowd[earliest].number))) {
            earliest = i;
        }
    }
    return earliest;
}

/* Time goes on by so much; all who were due by then, and no others, ring. */
static void pass_and_compare(ProbeWaker *task, uint64_t ns, int step) {
    int due = 0;
    script_clock_ns += ns;
    for (int i = 0; i < CROWD; i++) {
        due += waits[i] && crowd[i].deadline_ns <= script_clock_ns;
    }
    task->wakes = 0;
    timer_heap_wake_expired(executor_timers(runtime));
    cr_assert_eq(task->wakes, due, "%d timers were due, and %d rang (step %d).",
                 due, task->wakes, step);
    for (int i = 0; i < CROWD; i++) {
        if (waits[i] && crowd[i].deadline_ns <= script_clock_ns) {
            waits[i] = false;
            future_drop(&crowd[i].future);
        }
    }
}

Test(timer_future, heap_agrees_with_a_look_at_all_after_any_steps,
     .timeout = 60) {
    ProbeWaker task;
    probe_waker_init(&task, "task");
    for (int step = 0; step < STEPS; step++) {
        int i = (int)(next_random() % CROWD);
        if (next_random() % 32 == 0) {
            trace_clear();
            pass_and_compare(&task, next_random() % 400, step);
        } else if (waits[i]) {
            future_drop(&crowd[i].future);
            waits[i] = false;
        } else {
            timer_future_init(&crowd[i],
                              script_clock_ns + 1 + next_random() % 1000);
            poll_for(&crowd[i].future, &task);
            waits[i] = true;
        }
        int earliest = earliest_of_all();
        uint64_t expected =
            earliest < 0 ? DEADLINE_NEVER : crowd[earliest].deadline_ns;
        cr_assert_eq(next_deadline_ns(), expected,
                     "After %d steps the earliest timer is due at %llu ns, and "
                     "the heap says %llu ns.",
                     step + 1, (unsigned long long)expected,
                     (unsigned long long)next_deadline_ns());
    }
    for (int i = 0; i < CROWD; i++) {
        if (waits[i]) {
            future_drop(&crowd[i].future);
        }
    }
    assert_balanced(&task);
}

/* --- What it costs ---------------------------------------------------------- */

enum { LOTS = 100000 };

static TimerFuture lots[LOTS];

/* The order in which timers begin to wait, by their deadlines. */
static const char *const orders[] = {"equal", "ascending", "descending",
                                     "random"};

static uint64_t deadline_of(int order, int i) {
    uint64_t later = order == 0   ? 0
                     : order == 1 ? (uint64_t)i
                     : order == 2 ? (uint64_t)(LOTS - i)
                                  : next_random() % LOTS;
    return script_clock_ns + 1 + later;
}

static void begin_to_wait(int order, int first, int count, ProbeWaker *task) {
    for (int i = first; i < first + count; i++) {
        timer_future_init(&lots[i], deadline_of(order, i));
        poll_for(&lots[i].future, task);
    }
}

/* Taking a timer out compares its children: in pairs, then the winners. */
static long comparisons(const TimerFuture *timer) {
    long children = 0;
    const TimerFuture *child = timer->child;
    for (; child != NULL; child = child->next) {
        children += 1;
    }
    return children + 1;
}

/* Which one goes next: the earliest, the first to wait, the last, or any. */
static const char *const removals[] = {"the earliest", "the oldest",
                                       "the newest", "any"};

static TimerFuture *next_to_go(int removal, int i, const int *shuffled) {
    return removal == 0   ? executor_timers(runtime)->root
           : removal == 1 ? &lots[i]
           : removal == 2 ? &lots[LOTS - 1 - i]
                          : &lots[shuffled[i]];
}

static void shuffle(int *numbers) {
    for (int i = 0; i < LOTS; i++) {
        int k = (int)(next_random() % (unsigned)(i + 1));
        numbers[i] = numbers[k];
        numbers[k] = i;
    }
}

Test(timer_future, hundred_thousand_take_n_log_n_comparisons, .timeout = 60) {
    static int shuffled[LOTS];
    enum { LOG = 17 }; /* of LOTS, to base 2 */
    ProbeWaker task;
    probe_waker_init(&task, "task");
    shuffle(shuffled);
    for (int order = 0; order < 4; order++) {
        for (int removal = 0; removal < 4; removal++) {
            long compared = LOTS; /* one for each that begins to wait */
            begin_to_wait(order, 0, LOTS, &task);
            for (int i = 0; i < LOTS; i++) {
                TimerFuture *timer = next_to_go(removal, i, shuffled);
                compared += comparisons(timer);
                cr_assert_leq(compared, 3L * LOTS * LOG,
                              "100,000 timers began to wait (%s deadlines), "
                              "and %d of them have gone (%s first): that took "
                              "%ld comparisons by now.",
                              orders[order], i, removals[removal], compared);
                future_drop(&timer->future);
            }
        }
    }
    assert_balanced(&task);
}

/* Seconds of the processor's time that they take, from beginning to ringing. */
static double seconds_for(int order, int at_once, double limit) {
    ProbeWaker task;
    probe_waker_init(&task, "task");
    clock_t began = clock();
    for (int first = 0; first < LOTS; first += at_once) {
        for (int i = 0; i < at_once; i += 100) {
            begin_to_wait(order, first + i, 100, &task);
            double seconds = (double)(clock() - began) / CLOCKS_PER_SEC;
            cr_assert(limit == 0 || seconds <= limit,
                      "%d timers began to wait (%s deadlines), which took "
                      "%.2f s. All that 100,000 timers take, in groups of "
                      "1,000, is a fortieth of that.",
                      i, orders[order], seconds);
        }
        script_clock_ns += LOTS + 2;
        trace_clear();
        timer_heap_wake_expired(executor_timers(runtime));
        for (int i = first; i < first + at_once; i++) {
            future_drop(&lots[i].future);
        }
    }
    return (double)(clock() - began) / CLOCKS_PER_SEC;
}

Test(timer_future, hundred_thousand_at_once_cost_little_more_than_in_groups,
     .timeout = 60) {
    for (int order = 0; order < 4; order++) {
        double in_groups = seconds_for(order, 1000, 0);
        double at_once = seconds_for(order, LOTS, 40 * in_groups);
        cr_assert_leq(at_once, 40 * in_groups,
                      "100,000 timers (%s deadlines) took %.3f s in groups of "
                      "1,000, and %.3f s at once.",
                      orders[order], in_groups, at_once);
    }
}
