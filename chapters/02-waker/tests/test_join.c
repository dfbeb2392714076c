#include <criterion/criterion.h>

#include "join.h"
#include "probe.h"
#include "socket_read.h"

static ProbeFuture a, b;
static Join join;
static ProbeWaker t, u;

static const char *const none_ready =
    "Neither child was to be ready in this poll, but the join is.";
static const char *const one_ready =
    "Only one child was to be ready by this poll, but the join is: it takes "
    "both, and polls each of them once.";

static void set_up(void) {
    probe_waker_init(&t, "T");
    probe_waker_init(&u, "U");
}

static void assert_nothing_left(void) {
    assert_balanced(&t);
    assert_balanced(&u);
}

TestSuite(join, .init = set_up, .timeout = 60);

static void make(int first_pending, int second_pending) {
    trace_clear();
    probe_future_init(&a, "A", first_pending);
    probe_future_init(&b, "B", second_pending);
    join_init(&join, &a.future, &b.future);
}

Test(join, does_nothing_before_it_is_polled, .timeout = 60) {
    make(0, 0);
    assert_trace("", "join_init() polled a child: a future does nothing "
                     "before it is polled.");
    assert_nothing_left();
}

Test(join, is_ready_in_one_poll_when_both_are, .timeout = 60) {
    make(0, 0);
    cr_assert(poll_for_nobody(&join.future) == POLL_READY,
              "Both children were ready in this poll, but the join is "
              "pending, and nobody will wake it.");
    assert_trace("poll A, ready A, poll B, ready B",
                 "Each child is polled once, and is not dropped yet: its "
                 "output may still be wanted.");
    assert_nothing_left();
}

Test(join, starts_the_second_while_the_first_is_pending, .timeout = 60) {
    make(1, 1);
    poll_pending(&join.future, &t, none_ready);
    cr_assert(b.polls == 1,
              "The first child was pending, and the second was polled %d "
              "times, not once: a join waits for both at once.",
              b.polls);
    future_drop(&join.future);
    assert_nothing_left();
}

Test(join, hands_its_waker_to_both, .timeout = 60) {
    make(2, 2);
    poll_pending(&join.future, &t, none_ready);
    poll_pending(&join.future, &u, none_ready);
    cr_assert(t.held == 0 && u.held == 2,
              "Both children were to keep the waker of the join's latest "
              "poll; the latest is kept %d times and the earlier one %d.",
              u.held, t.held);
    future_drop(&join.future);
    assert_nothing_left();
}

Test(join, never_polls_a_finished_first_child_again, .timeout = 60) {
    make(0, 2);
    poll_pending(&join.future, &t, one_ready);
    poll_pending(&join.future, &t, one_ready);
    cr_assert(poll_for(&join.future, &t) == POLL_READY,
              "Both children have been ready, but the join is pending.");
    assert_trace("poll A, ready A, poll B, pending B, "
                 "poll B, pending B, poll B, ready B",
                 "Once A is ready, only B is left to poll.");
    assert_nothing_left();
}

Test(join, never_polls_a_finished_second_child_again, .timeout = 60) {
    make(2, 0);
    poll_pending(&join.future, &t, one_ready);
    poll_pending(&join.future, &t, one_ready);
    cr_assert(poll_for(&join.future, &t) == POLL_READY,
              "Both children have been ready, but the join is pending.");
    assert_trace("poll A, pending A, poll B, ready B, "
                 "poll A, pending A, poll A, ready A",
                 "Once B is ready, only A is left to poll.");
    assert_nothing_left();
}

Test(join, is_pending_until_the_last_child_is_ready, .timeout = 60) {
    for (int pair = 0; pair < 16; pair++) {
        int first = pair / 4, second = pair % 4;
        make(first, second);
        int pending = first > second ? first : second;
        for (int i = 0; i < pending; i++) {
            cr_assert(poll_for(&join.future, &t) == POLL_PENDING,
                      "A was to be pending %d times and B %d times, and the "
                      "join is ready at poll %d: it takes both, and polls each "
                      "of them once.",
                      first, second, i + 1);
        }
        cr_assert(poll_for(&join.future, &t) == POLL_READY,
                  "Both children have been ready, but the join is pending.");
        future_drop(&join.future);
    }
    assert_nothing_left();
}

Test(join, of_joins_is_a_future_like_any_other, .timeout = 60) {
    ProbeFuture c;
    Join outer;
    make(1, 0);
    probe_future_init(&c, "C", 2);
    join_init(&outer, &join.future, &c.future);
    poll_until_ready(&outer.future, &t);
    assert_trace("poll A, pending A, poll B, ready B, "
                 "poll C, pending C, poll A, ready A, "
                 "poll C, pending C, poll C, ready C",
                 "A join of a join and a future: each is polled until it is "
                 "ready, and not again.");
    future_drop(&outer.future);
    assert_nothing_left();
}

Test(join, dropped_before_its_first_poll_drops_both, .timeout = 60) {
    make(1, 1);
    future_drop(&join.future);
    assert_trace("drop A, drop B", "A join owns its children: dropping it "
                                   "drops each of them, once.");
    assert_nothing_left();
}

Test(join, dropped_half_way_drops_both, .timeout = 60) {
    make(0, 1);
    poll_pending(&join.future, &t, one_ready);
    future_drop(&join.future);
    assert_trace("poll A, ready A, poll B, pending B, drop A, drop B",
                 "A join owns its children: dropping it drops each of them, "
                 "once, whether it was ready or not.");
    cr_assert(t.held == 0, "The join is gone, and a child still keeps a waker "
                           "of its task.");
    assert_nothing_left();
}

Test(join, dropped_when_ready_drops_both, .timeout = 60) {
    make(0, 0);
    poll_for(&join.future, &t);
    future_drop(&join.future);
    assert_trace("poll A, ready A, poll B, ready B, drop A, drop B",
                 "A join owns its children: dropping it drops each of them, "
                 "once.");
    assert_nothing_left();
}

Test(join, keeps_the_outputs_until_it_is_dropped, .timeout = 60) {
    make(0, 1);
    poll_pending(&join.future, &t, one_ready);
    cr_assert(a.outputs == 1,
              "The first child is ready, and its output was released before "
              "anybody could take it: it belongs to the child, and the child "
              "to the join, until the join is dropped.");
    poll_for(&join.future, &t);
    cr_assert(a.outputs == 1 && b.outputs == 1,
              "Both children are ready, and the output of one is gone: it "
              "belongs to the child until it is taken or the join dropped.");
    probe_future_take_output(&a);
    future_drop(&join.future);
    cr_assert(b.releases == 1,
              "The output of the second child was not taken, so dropping the "
              "join has to release it; it was released %d times.",
              b.releases);
    assert_nothing_left();
}

Test(join, of_two_reads_is_woken_for_either, .timeout = 60) {
    Socket left, right;
    SocketRead reads[2];
    char buffers[2][4];
    socket_init(&left);
    socket_init(&right);
    socket_read_init(&reads[0], &left, buffers[0], 4);
    socket_read_init(&reads[1], &right, buffers[1], 4);
    join_init(&join, &reads[0].future, &reads[1].future);
    poll_pending(&join.future, &t, none_ready);
    socket_deliver(&right, "2", 1);
    assert_wakes(&t, 1,
                 "Data came for the second of two reads that the join "
                 "waits for: its task is to be woken once.");
    poll_pending(&join.future, &t, one_ready);
    socket_deliver(&left, "1", 1);
    assert_wakes(&t, 2,
                 "Data came for the one read and then for the other: "
                 "the task is to be woken once for each.");
    cr_assert(poll_for(&join.future, &t) == POLL_READY,
              "Both reads got their data, but the join is pending.");
    cr_assert(buffers[0][0] == '1' && buffers[1][0] == '2',
              "Each read keeps its own output; they are mixed up.");
    assert_nothing_left();
}
