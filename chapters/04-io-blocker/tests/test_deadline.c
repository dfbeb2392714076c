/*
 * Time: how long a wait may take, and what interrupts it. The clock is the
 * script's; no test here takes time.
 */
#include "deadline.h"

#include <errno.h>
#include <limits.h>

#include "error_name.h"
#include "fixture.h"
#include "script_time.h"
#include "script_waiting.h"

Suite(deadline);

static int wait_until(uint64_t deadline_ns) {
    Event event;
    return io_blocker_block_until(blocker, deadline_ns, &event, 1);
}

Test(deadline, is_rounded_up_to_milliseconds, .timeout = 60) {
    const uint64_t left_ns[] = {1, 499999, 500000, 999999, 1000000, 1000001};
    const int expected_ms[] = {1, 1, 1, 1, 1, 2};
    for (size_t i = 0; i < sizeof left_ns / sizeof *left_ns; i++) {
        int ms = deadline_ms_left(script_clock_ns + left_ns[i]);
        cr_assert(ms == expected_ms[i],
                  "%d ns before the deadline, the time left is %d ms, not %d: "
                  "rounded down, the wait ends too early, and the caller asks "
                  "again and again until the rest has passed.",
                  (int)left_ns[i], ms, expected_ms[i]);
    }
}

Test(deadline, that_has_passed_leaves_nothing, .timeout = 60) {
    const uint64_t passed_ns[] = {script_clock_ns, script_clock_ns - 1, 1,
                                  DEADLINE_NOW};
    for (size_t i = 0; i < sizeof passed_ns / sizeof *passed_ns; i++) {
        int ms = deadline_ms_left(passed_ns[i]);
        cr_assert(ms == 0,
                  "The deadline has passed, and %d ms are left: unsigned "
                  "numbers do not go below zero.",
                  ms);
    }
}

Test(deadline, may_be_never, .timeout = 60) {
    int ms = deadline_ms_left(DEADLINE_NEVER);
    cr_assert(ms == -1, "To wait for ever is -1, not %d.", ms);
}

Test(deadline, may_be_further_off_than_an_int_holds, .timeout = 60) {
    const uint64_t ms[] = {INT_MAX - UINT64_C(1), INT_MAX,
                           INT_MAX + UINT64_C(1), UINT64_C(1) << 33};
    for (size_t i = 0; i < sizeof ms / sizeof *ms; i++) {
        int left = deadline_ms_left(script_clock_ns + ms[i] * NS_PER_MS);
        int expected = ms[i] < INT_MAX ? (int)ms[i] : INT_MAX;
        cr_assert(left == expected,
                  "A deadline weeks away leaves %d ms, not %d: what does not "
                  "fit into an int must be cut short, never be negative or "
                  "wrap around.",
                  left, expected);
    }
    int left = deadline_ms_left(DEADLINE_NEVER - 1);
    cr_assert(left == INT_MAX, "Not for ever, but nearly: INT_MAX, not %d.",
              left);
}

Test(deadline, weeks_away_is_waited_for_in_parts, .timeout = 60) {
    uint64_t deadline_ns =
        script_clock_ns + (UINT64_C(2) * INT_MAX + 5) * NS_PER_MS;
    int result = wait_until(deadline_ns);
    cr_assert(result == -ETIMEDOUT, "It returned %s, not -ETIMEDOUT.",
              error_name(result));
    cr_assert(script_clock_ns >= deadline_ns && script_waits() == 3 &&
                  script_timeouts[2] == 5,
              "A deadline of 49 days is two waits of INT_MAX milliseconds and "
              "one for the rest; there were %d waits.",
              script_waits());
}

Test(deadline, passes_in_one_wait, .timeout = 60) {
    uint64_t deadline_ns = script_clock_ns + NS_PER_MS / 2;
    int result = wait_until(deadline_ns);
    cr_assert(result == -ETIMEDOUT, "It returned %s, not -ETIMEDOUT.",
              error_name(result));
    cr_assert(script_waits() == 1,
              "Half a millisecond took %d waits: rounded down it is a wait of "
              "0, over and over.",
              script_waits());
    cr_assert(script_clock_ns < deadline_ns + NS_PER_MS,
              "Half a millisecond was rounded up by a millisecond or more.");
}

Test(deadline, never_ends_a_wait_too_early, .timeout = 60) {
    uint64_t deadline_ns = script_clock_ns + 3 * NS_PER_MS + 1;
    wait_until(deadline_ns);
    cr_assert(script_clock_ns >= deadline_ns,
              "It said -ETIMEDOUT %d ns before the deadline.",
              (int)(deadline_ns - script_clock_ns));
}

Test(deadline, now_never_blocks, .timeout = 60) {
    Pair pair = pair_open();
    ask(pair.near, 1, READABLE);
    int result = wait_until(DEADLINE_NOW);
    cr_assert(result == -ETIMEDOUT,
              "Nothing is there; the answer is -ETIMEDOUT, not %s.",
              error_name(result));
    cr_assert(script_waits() == 1 && script_timeouts[0] == 0,
              "DEADLINE_NOW looks once and waits 0 ms; it looked %d times, "
              "and the first took %d ms.",
              script_waits(), script_timeouts[0]);
}

Test(deadline, that_has_passed_still_reports_what_is_there, .timeout = 60) {
    const uint64_t passed_ns[] = {DEADLINE_NOW, 1, script_clock_ns};
    for (size_t i = 0; i < sizeof passed_ns / sizeof *passed_ns; i++) {
        Pair pair = pair_open();
        far_sends(&pair, "x");
        ask(pair.near, 1, READABLE);
        int result = wait_until(passed_ns[i]);
        cr_assert(result == 1,
                  "The deadline has passed, but a socket is ready: look "
                  "first, then say -ETIMEDOUT. It returned %s.",
                  error_name(result));
        stop_asking(pair.near, BOTH);
    }
}

Test(deadline, leaves_the_interest_standing, .timeout = 60) {
    Pair pair = pair_open();
    ask(pair.near, 1, READABLE);
    cr_assert(wait_until(script_clock_ns + NS_PER_MS) == -ETIMEDOUT,
              "Nothing came.");
    far_sends(&pair, "x");
    assert_event(1, READABLE, "A deadline that passes spends no interest.");
}

Test(deadline, is_kept_when_waits_are_interrupted, .timeout = 60) {
    script_interrupt(3, 20 * NS_PER_MS);
    uint64_t deadline_ns = script_clock_ns + 100 * NS_PER_MS;
    int result = wait_until(deadline_ns);
    cr_assert(result == -ETIMEDOUT,
              "Signals interrupted the wait, and it returned %s: EINTR is no "
              "error, the wait goes on.",
              error_name(result));
    for (int i = 0; i < 4; i++) {
        cr_assert(script_timeouts[i] == 100 - 20 * i,
                  "Wait %d of four was given %d ms, not %d: after an "
                  "interruption only the time that is left remains, or "
                  "signals could put the deadline off for ever.",
                  i + 1, script_timeouts[i], 100 - 20 * i);
    }
    cr_assert(script_clock_ns == deadline_ns, "The deadline was not kept.");
}

Test(deadline, of_never_is_kept_when_waits_are_interrupted, .timeout = 60) {
    Pair pair = pair_open();
    Event event;
    far_sends(&pair, "x");
    ask(pair.near, 1, READABLE);
    script_interrupt(3, NS_PER_S);
    int result = io_blocker_block(blocker, &event);
    cr_assert(result == 0 && event.id == 1 && script_timeouts[3] == -1,
              "Signals interrupted a wait without a deadline, and it returned "
              "%s.",
              error_name(result));
}

Test(deadline, passing_during_an_interruption_ends_the_wait, .timeout = 60) {
    script_interrupt(1, 5 * NS_PER_S);
    int result = wait_until(script_clock_ns + NS_PER_S);
    cr_assert(result == -ETIMEDOUT && script_timeouts[1] == 0,
              "The deadline passed while the wait was interrupted: 0 ms are "
              "left, not %d; it returned %s.",
              script_timeouts[1], error_name(result));
}

Test(clock, never_goes_back, .timeout = 60) {
    script_use_real_time();
    uint64_t before_ns = clock_now_ns();
    cr_assert(before_ns > 0, "The clock says nothing.");
    for (int i = 0; i < 100000; i++) {
        uint64_t now_ns = clock_now_ns();
        cr_assert(now_ns >= before_ns,
                  "The clock went back: it must be CLOCK_MONOTONIC, which "
                  "nobody can set.");
        before_ns = now_ns;
    }
}

Test(clock, splits_nanoseconds_into_seconds_and_the_rest, .timeout = 60) {
    const uint64_t times_ns[] = {0, 1, NS_PER_S - 1, NS_PER_S,
                                 7 * NS_PER_S + 5 * NS_PER_MS};
    for (size_t i = 0; i < sizeof times_ns / sizeof *times_ns; i++) {
        struct timespec time = clock_timespec(times_ns[i]);
        cr_assert(time.tv_nsec >= 0 && time.tv_nsec < 1000000000,
                  "A timespec has less than a second of nanoseconds.");
        cr_assert((uint64_t)time.tv_sec * NS_PER_S + (uint64_t)time.tv_nsec ==
                      times_ns[i],
                  "It is not the same moment any more.");
    }
}
