/*
 * Giving up, on a clock that the test moves.
 */
#include "patience.h"

#include "runtime.h"
#include "script_time.h"

RuntimeSuite(patience);

static ProbeFuture child;
static Patience patience;
static uint64_t progress;

enum { LIMIT_S = 5 };

static void begin(int pending) {
    probe_future_init(&child, "child", pending);
    patience_init(&patience, &child.future, &progress, LIMIT_S * NS_PER_S);
}

static void end(void) {
    future_drop(&patience.future);
    cr_assert_eq(child.drops, 0, "The child is borrowed, and was dropped.");
    future_drop(&child.future);
}

Test(patience, is_ready_with_its_child, .timeout = 60) {
    begin(0);
    run_to_the_end_of(&patience.future);
    cr_assert(!patience.gave_up, "The child was ready, and was given up.");
    end();
}

Test(patience, gives_up_when_nothing_moves, .timeout = 60) {
    uint64_t begun_ns = script_clock_ns;
    begin(1000);
    run_to_the_end_of(&patience.future);
    cr_assert(patience.gave_up && child.polls < 5,
              "The child is pending for ever, nothing moved in 5 s, and after "
              "%d polls it was not given up.",
              child.polls);
    cr_assert_eq((script_clock_ns - begun_ns) / NS_PER_S, LIMIT_S,
                 "It was to give up after 5 s, and did after %d s.",
                 (int)((script_clock_ns - begun_ns) / NS_PER_S));
    end();
}

static void move_a_little(ProbeFuture *self) {
    if (self->polls <= 3) {
        progress += 1;
    }
}

/* In each of the first periods something moves: it is polled at their ends. */
Test(patience, waits_on_while_something_moves, .timeout = 60) {
    uint64_t begun_ns = script_clock_ns;
    begin(1000);
    child.hook = move_a_little;
    run_to_the_end_of(&patience.future);
    cr_assert_eq((script_clock_ns - begun_ns) / NS_PER_S, 3 * LIMIT_S,
                 "Something moved until the third poll, after 10 s: it was to "
                 "wait for one more period, until 15 s. "
                 "It gave up after %d s.",
                 (int)((script_clock_ns - begun_ns) / NS_PER_S));
    end();
}

Test(patience, that_is_dropped_takes_its_wakers_back, .timeout = 60) {
    ProbeWaker w;
    probe_waker_init(&w, "W");
    begin(1000);
    cr_assert_eq(poll_for(&patience.future, &w), POLL_PENDING,
                 "Nothing has happened, and it is ready.");
    end();
    assert_balanced(&w);
}
