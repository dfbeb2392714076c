#include <criterion/criterion.h>

#include "join.h"
#include "probe.h"
#include "socket_read.h"

static Poll poll_with(Join *join, WakeFn wake) {
    return simple_future_poll(&join->future, wake);
}

Test(join, does_nothing_before_it_is_polled, .timeout = 5) {
    ProbeFuture a, b;
    Join join;
    probe_future_init(&a, "A", 0);
    probe_future_init(&b, "B", 0);
    join_init(&join, &a.future, &b.future);
    assert_trace("", "join_init() polled a child: a future does nothing "
                     "before it is polled.");
}

Test(join, is_ready_in_one_poll_when_both_are, .timeout = 5) {
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

Test(join, starts_the_second_while_the_first_is_pending, .timeout = 5) {
    ProbeFuture a, b;
    Join join;
    probe_future_init(&a, "A", 1);
    probe_future_init(&b, "B", 1);
    join_init(&join, &a.future, &b.future);
    cr_assert(poll_with(&join, probe_wake_a) == POLL_PENDING,
              "Neither child is ready, but the join is.");
    cr_assert(b.polls == 1,
              "The second child was not polled because the first was pending. "
              "Then nothing waits for it: a join waits for both at once.");
}

Test(join, hands_its_wake_to_both, .timeout = 5) {
    ProbeFuture a, b;
    Join join;
    probe_future_init(&a, "A", 2);
    probe_future_init(&b, "B", 2);
    join_init(&join, &a.future, &b.future);
    poll_with(&join, probe_wake_a);
    poll_with(&join, probe_wake_b);
    cr_assert(a.wake == probe_wake_b && b.wake == probe_wake_b,
              "A child was polled with another wake function than the one of "
              "the join's latest poll.");
}

Test(join, never_polls_a_finished_first_child_again, .timeout = 5) {
    ProbeFuture a, b;
    Join join;
    probe_future_init(&a, "A", 0);
    probe_future_init(&b, "B", 2);
    join_init(&join, &a.future, &b.future);
    poll_with(&join, probe_wake_a);
    poll_with(&join, probe_wake_a);
    cr_assert(poll_with(&join, probe_wake_a) == POLL_READY,
              "Both children have been ready, but the join is pending.");
    assert_trace("poll A, ready A, poll B, pending B, poll B, pending B, "
                 "poll B, ready B",
                 "Once A is ready, only B is left to poll.");
}

Test(join, never_polls_a_finished_second_child_again, .timeout = 5) {
    ProbeFuture a, b;
    Join join;
    probe_future_init(&a, "A", 2);
    probe_future_init(&b, "B", 0);
    join_init(&join, &a.future, &b.future);
    poll_with(&join, probe_wake_a);
    poll_with(&join, probe_wake_a);
    cr_assert(poll_with(&join, probe_wake_a) == POLL_READY,
              "Both children have been ready, but the join is pending.");
    assert_trace("poll A, pending A, poll B, ready B, poll A, pending A, "
                 "poll A, ready A",
                 "Once B is ready, only A is left to poll.");
}

Test(join, is_pending_until_the_last_child_is_ready, .timeout = 5) {
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
                          "The join was ready although only one of its "
                          "children was: it takes both.");
            }
            cr_assert(poll_with(&join, probe_wake_a) == POLL_READY,
                      "Both children have been ready, but the join is "
                      "pending.");
            trace_clear();
        }
    }
}

Test(join, of_joins_is_a_future_like_any_other, .timeout = 5) {
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
                 "A finished inner join is never polled again, nor is any "
                 "finished child of it.");
}

Test(join, of_two_reads_is_woken_for_either, .timeout = 5) {
    Socket left, right;
    SocketRead reads[2];
    char buffers[2][4];
    Join join;
    socket_init(&left);
    socket_init(&right);
    socket_read_init(&reads[0], &left, buffers[0], 4);
    socket_read_init(&reads[1], &right, buffers[1], 4);
    join_init(&join, &reads[0].future, &reads[1].future);
    poll_with(&join, probe_wake_a);
    socket_deliver(&right, "2", 1);
    cr_assert(probe_wakes_a == 1,
              "Data came for the second read, and the join was not woken: "
              "nobody waits on the second socket.");
    cr_assert(poll_with(&join, probe_wake_a) == POLL_PENDING,
              "One read is still waiting, but the join is ready.");
    socket_deliver(&left, "1", 1);
    cr_assert(probe_wakes_a == 2,
              "Data came for the first read, and the join was not woken.");
    cr_assert(poll_with(&join, probe_wake_a) == POLL_READY,
              "Both reads got their data, but the join is pending.");
    cr_assert(buffers[0][0] == '1' && buffers[1][0] == '2',
              "Each read keeps its own output; they are mixed up.");
}
