#include <criterion/criterion.h>

#include "join.h"
#include "probe.h"
#include "socket_read.h"

static ProbeFuture a, b;
static Join join;
static ProbeWaker t, u;

static void set_up(void) {
    probe_waker_init(&t, "T");
    probe_waker_init(&u, "U");
}

static void assert_nothing_left(void) {
    assert_balanced(&t);
    assert_balanced(&u);
}

TestSuite(join, .init = set_up, .timeout = 5);

static void make(int first_pending, int second_pending) {
    trace_clear();
    probe_future_init(&a, "A", first_pending);
    probe_future_init(&b, "B", second_pending);
    join_init(&join, &a.future, &b.future);
}

Test(join, does_nothing_before_it_is_polled, .timeout = 5) {
    make(0, 0);
    assert_trace("", "join_init() polled a child: a future does nothing "
                     "before it is polled.");
    assert_nothing_left();
}

Test(join, is_ready_in_one_poll_when_both_are, .timeout = 5) {
    make(0, 0);
    cr_assert(poll_for_nobody(&join.future) == POLL_READY,
              "Both children were ready in this poll, but the join is "
              "pending, and nobody will wake it.");
    assert_trace("poll A, ready A, drop A, poll B, ready B, drop B",
                 "Each child is polled once, and dropped when it is ready.");
    assert_nothing_left();
}

Test(join, starts_the_second_while_the_first_is_pending, .timeout = 5) {
    make(1, 1);
    cr_assert(poll_for(&join.future, &t) == POLL_PENDING,
              "Neither child is ready, but the join is.");
    cr_assert(b.polls == 1,
              "The second child was not polled because the first was pending. "
              "Then nothing waits for it: a join waits for both at once.");
    future_drop(&join.future);
    assert_nothing_left();
}

Test(join, hands_its_waker_to_both, .timeout = 5) {
    make(2, 2);
    poll_for(&join.future, &t);
    poll_for(&join.future, &u);
    cr_assert(t.held == 0 && u.held == 2,
              "Both children were to keep the waker of the join's latest "
              "poll; the latest is kept %d times and the earlier one %d.",
              u.held, t.held);
    future_drop(&join.future);
    assert_nothing_left();
}

Test(join, never_polls_a_finished_first_child_again, .timeout = 5) {
    make(0, 2);
    poll_for(&join.future, &t);
    poll_for(&join.future, &t);
    cr_assert(poll_for(&join.future, &t) == POLL_READY,
              "Both children have been ready, but the join is pending.");
    assert_trace("poll A, ready A, drop A, poll B, pending B, "
                 "poll B, pending B, poll B, ready B, drop B",
                 "Once A is ready, only B is left to poll.");
    assert_nothing_left();
}

Test(join, never_polls_a_finished_second_child_again, .timeout = 5) {
    make(2, 0);
    poll_for(&join.future, &t);
    poll_for(&join.future, &t);
    cr_assert(poll_for(&join.future, &t) == POLL_READY,
              "Both children have been ready, but the join is pending.");
    assert_trace("poll A, pending A, poll B, ready B, drop B, "
                 "poll A, pending A, poll A, ready A, drop A",
                 "Once B is ready, only A is left to poll.");
    assert_nothing_left();
}

Test(join, is_pending_until_the_last_child_is_ready, .timeout = 5) {
    for (int pair = 0; pair < 16; pair++) {
        int first = pair / 4, second = pair % 4;
        make(first, second);
        int pending = first > second ? first : second;
        for (int i = 0; i < pending; i++) {
            cr_assert(poll_for(&join.future, &t) == POLL_PENDING,
                      "The join was ready although only one of its children "
                      "was: it takes both.");
        }
        cr_assert(poll_for(&join.future, &t) == POLL_READY,
                  "Both children have been ready, but the join is pending.");
        future_drop(&join.future);
    }
    assert_nothing_left();
}

Test(join, of_joins_is_a_future_like_any_other, .timeout = 5) {
    ProbeFuture c;
    Join outer;
    make(1, 0);
    probe_future_init(&c, "C", 2);
    join_init(&outer, &join.future, &c.future);
    poll_until_ready(&outer.future, &t);
    assert_trace("poll A, pending A, poll B, ready B, drop B, "
                 "poll C, pending C, poll A, ready A, drop A, "
                 "poll C, pending C, poll C, ready C, drop C",
                 "A finished inner join is never polled again, nor is any "
                 "finished child of it.");
    future_drop(&outer.future);
    assert_nothing_left();
}

Test(join, dropped_before_its_first_poll_drops_both, .timeout = 5) {
    make(1, 1);
    future_drop(&join.future);
    assert_trace("drop A, drop B", "A join owns its children: dropping it "
                                   "drops each of them, once.");
    assert_nothing_left();
}

Test(join, dropped_half_way_drops_who_is_left, .timeout = 5) {
    make(0, 1);
    poll_for(&join.future, &t);
    future_drop(&join.future);
    assert_trace("poll A, ready A, drop A, poll B, pending B, drop B",
                 "A was dropped when it was ready, so only B is left to "
                 "drop.");
    cr_assert(t.held == 0, "The join is gone, and a child still keeps a waker "
                           "of its task: it was not dropped.");
    assert_nothing_left();
}

Test(join, dropped_when_ready_drops_nobody_twice, .timeout = 5) {
    make(0, 0);
    poll_for(&join.future, &t);
    future_drop(&join.future);
    cr_assert(a.drops == 1 && b.drops == 1,
              "Each child is dropped once; A was dropped %d times and B %d.",
              a.drops, b.drops);
    assert_nothing_left();
}

Test(join, of_two_reads_is_woken_for_either, .timeout = 5) {
    Socket left, right;
    SocketRead reads[2];
    char buffers[2][4];
    socket_init(&left);
    socket_init(&right);
    socket_read_init(&reads[0], &left, buffers[0], 4);
    socket_read_init(&reads[1], &right, buffers[1], 4);
    join_init(&join, &reads[0].future, &reads[1].future);
    poll_for(&join.future, &t);
    socket_deliver(&right, "2", 1);
    cr_assert(t.wakes == 1,
              "Data came for the second read, and the join was not woken: "
              "nobody waits on the second socket.");
    cr_assert(poll_for(&join.future, &t) == POLL_PENDING,
              "One read is still waiting, but the join is ready.");
    socket_deliver(&left, "1", 1);
    cr_assert(t.wakes == 2,
              "Data came for the first read, and the join was not woken.");
    cr_assert(poll_for(&join.future, &t) == POLL_READY,
              "Both reads got their data, but the join is pending.");
    cr_assert(buffers[0][0] == '1' && buffers[1][0] == '2',
              "Each read keeps its own output; they are mixed up.");
    assert_nothing_left();
}
