#include <criterion/criterion.h>

#include "join.h"
#include "probe.h"
#include "socket_read.h"

static const char *const none_ready =
    "Neither child was to be ready in this poll, but the join is.";
static const char *const one_ready =
    "Only one child was to be ready by this poll, but the join is: it takes "
    "both, and polls each of them once.";

static Poll poll_with(Join *join, WakeFn wake) {
    return simple_future_poll(&join->future, wake);
}

Test(join, does_nothing_before_it_is_polled, .timeout = 60) {
    ProbeFuture a, b;
    Join join;
    probe_future_init(&a, "A", 0);
    probe_future_init(&b, "B", 0);
    join_init(&join, &a.future, &b.future);
    assert_trace("", "join_init() polled a child: a future does nothing "
                     "before it is polled.");
}

Test(join, is_ready_in_one_poll_when_both_are, .timeout = 60) {
    ProbeFuture a, b;
    Join join;
    probe_future_init(&a, "A", 0);
    probe_future_init(&b, "B", 0);
    join_init(&join, &a.future, &b.future);
    cr_assert(poll_with(&join, probe_wake_never) == POLL_READY,
              "Both children were ready in this poll, but the join is "
              "pending, and nobody will wake it.");
    assert_trace("poll A, ready A, poll B, ready B",
                 "Each child is polled once.");
}

Test(join, starts_the_second_while_the_first_is_pending, .timeout = 60) {
    ProbeFuture a, b;
    Join join;
    probe_future_init(&a, "A", 1);
    probe_future_init(&b, "B", 1);
    join_init(&join, &a.future, &b.future);
    poll_pending(&join.future, probe_wake_a, none_ready);
    cr_assert(b.polls == 1,
              "The first child was pending, and the second was polled %d "
              "times, not once: a join waits for both at once.",
              b.polls);
}

Test(join, hands_its_wake_to_both, .timeout = 60) {
    ProbeFuture a, b;
    Join join;
    probe_future_init(&a, "A", 2);
    probe_future_init(&b, "B", 2);
    join_init(&join, &a.future, &b.future);
    poll_pending(&join.future, probe_wake_a, none_ready);
    poll_pending(&join.future, probe_wake_b, none_ready);
    cr_assert(a.wake == probe_wake_b && b.wake == probe_wake_b,
              "The join was polled with another wake function the second time, "
              "and child %s has not got that one.",
              a.wake == probe_wake_b ? "B" : "A");
}

Test(join, never_polls_a_finished_first_child_again, .timeout = 60) {
    ProbeFuture a, b;
    Join join;
    probe_future_init(&a, "A", 0);
    probe_future_init(&b, "B", 2);
    join_init(&join, &a.future, &b.future);
    poll_pending(&join.future, probe_wake_a, one_ready);
    poll_pending(&join.future, probe_wake_a, one_ready);
    cr_assert(poll_with(&join, probe_wake_a) == POLL_READY,
              "Both children have been ready, but the join is pending.");
    assert_trace("poll A, ready A, poll B, pending B, poll B, pending B, "
                 "poll B, ready B",
                 "Once A is ready, only B is left to poll.");
}

Test(join, never_polls_a_finished_second_child_again, .timeout = 60) {
    ProbeFuture a, b;
    Join join;
    probe_future_init(&a, "A", 2);
    probe_future_init(&b, "B", 0);
    join_init(&join, &a.future, &b.future);
    poll_pending(&join.future, probe_wake_a, one_ready);
    poll_pending(&join.future, probe_wake_a, one_ready);
    cr_assert(poll_with(&join, probe_wake_a) == POLL_READY,
              "Both children have been ready, but the join is pending.");
    assert_trace("poll A, pending A, poll B, ready B, poll A, pending A, "
                 "poll A, ready A",
                 "Once B is ready, only A is left to poll.");
}

Test(join, is_pending_until_the_last_child_is_ready, .timeout = 60) {
    for (int first = 0; first < 4; first++) {
        for (int second = 0; second < 4; second++) {
            ProbeFuture a, b;
            Join join;
            probe_future_init(&a, "A", first);
            probe_future_init(&b, "B", second);
            join_init(&join, &a.future, &b.future);
            int pending = first > second ? first : second;
            for (int i = 0; i < pending; i++) {
                cr_assert(poll_with(&join, probe_wake_a) == POLL_PENDING,
                          "A was to be pending %d times and B %d times, and "
                          "the join is ready at poll %d: it takes both, and "
                          "polls each of them once.",
                          first, second, i + 1);
            }
            cr_assert(poll_with(&join, probe_wake_a) == POLL_READY,
                      "Both children have been ready, but the join is "
                      "pending.");
            trace_clear();
        }
    }
}

Test(join, of_joins_is_a_future_like_any_other, .timeout = 60) {
    ProbeFuture a, b, c;
    Join inner, outer;
    probe_future_init(&a, "A", 1);
    probe_future_init(&b, "B", 0);
    probe_future_init(&c, "C", 2);
    join_init(&inner, &a.future, &b.future);
    join_init(&outer, &inner.future, &c.future);
    poll_until_ready(&outer.future, probe_wake_a);
    assert_trace("poll A, pending A, poll B, ready B, poll C, pending C, "
                 "poll A, ready A, poll C, pending C, poll C, ready C",
                 "A join of a join and a future: each is polled until it is "
                 "ready, and not again.");
}

Test(join, of_two_reads_is_woken_for_either, .timeout = 60) {
    Socket left, right;
    SocketRead reads[2];
    char buffers[2][4];
    Join join;
    socket_init(&left);
    socket_init(&right);
    socket_read_init(&reads[0], &left, buffers[0], 4);
    socket_read_init(&reads[1], &right, buffers[1], 4);
    join_init(&join, &reads[0].future, &reads[1].future);
    poll_pending(&join.future, probe_wake_a, none_ready);
    socket_deliver(&right, "2", 1);
    assert_wakes(probe_wakes_a, 1,
                 "Data came for the second of two reads that the join waits "
                 "for: it is to be woken once.");
    poll_pending(&join.future, probe_wake_a, one_ready);
    socket_deliver(&left, "1", 1);
    assert_wakes(probe_wakes_a, 2,
                 "Data came for the one read and then for the other: the join "
                 "is to be woken once for each.");
    cr_assert(poll_with(&join, probe_wake_a) == POLL_READY,
              "Both reads got their data, but the join is pending.");
    cr_assert(buffers[0][0] == '1' && buffers[1][0] == '2',
              "Each read keeps its own output; they are mixed up.");
}
