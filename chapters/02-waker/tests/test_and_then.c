#include <criterion/criterion.h>

#include "and_then.h"
#include "probe.h"
#include "socket_read.h"

static ProbeFuture a, b;
static AndThen both;
static ProbeWaker t, u;

static const char *const first_pending =
    "The first future is pending, but the whole is ready.";
static const char *const second_pending =
    "The second future is pending, but the whole is ready.";

static void set_up(void) {
    probe_waker_init(&t, "T");
    probe_waker_init(&u, "U");
}

static void assert_nothing_left(void) {
    assert_balanced(&t);
    assert_balanced(&u);
}

TestSuite(and_then, .init = set_up, .timeout = 60);

static void make(int polls_of_a, int polls_of_b) {
    probe_future_init(&a, "A", polls_of_a);
    probe_future_init(&b, "B", polls_of_b);
    and_then_init(&both, &a.future, &b.future);
}

Test(and_then, does_nothing_before_it_is_polled, .timeout = 60) {
    make(0, 0);
    assert_trace("", "and_then_init() polled a future: a future does nothing "
                     "before it is polled.");
    assert_nothing_left();
}

Test(and_then, leaves_the_second_alone_until_the_first_is_ready,
     .timeout = 60) {
    make(2, 2);
    poll_pending(&both.future, &t, first_pending);
    poll_pending(&both.future, &t, first_pending);
    cr_assert(b.polls == 0,
              "The second future was polled before the first was ready: what "
              "it does may need the first one's output.");
    future_drop(&both.future);
    assert_nothing_left();
}

Test(and_then, starts_the_second_in_the_poll_that_ends_the_first,
     .timeout = 60) {
    make(0, 1);
    poll_pending(&both.future, &t, second_pending);
    cr_assert(b.polls == 1,
              "The first future was ready and the second was not started in "
              "the same poll: it has left no waker with anybody, so nothing "
              "will ever poll it.");
    cr_assert(t.held == 1,
              "The second future is pending, and %d wakers of its "
              "task are kept, not one.",
              t.held);
    future_drop(&both.future);
    assert_nothing_left();
}

Test(and_then, is_ready_in_one_poll_when_both_are, .timeout = 60) {
    make(0, 0);
    cr_assert(poll_for_nobody(&both.future) == POLL_READY,
              "Both futures were ready in this poll, but the whole is "
              "pending, and nobody will wake it.");
    assert_trace("poll A, ready A, poll B, ready B",
                 "Each is polled once, in order, and is not dropped yet: its "
                 "output may still be wanted.");
    future_drop(&both.future);
    assert_nothing_left();
}

Test(and_then, never_polls_a_finished_first_again, .timeout = 60) {
    make(1, 2);
    poll_until_ready(&both.future, &t);
    assert_trace("poll A, pending A, poll A, ready A, "
                 "poll B, pending B, poll B, pending B, poll B, ready B",
                 "Once A is ready, only B is polled.");
    future_drop(&both.future);
    assert_nothing_left();
}

Test(and_then, hands_its_waker_to_whichever_runs, .timeout = 60) {
    make(1, 1);
    poll_pending(&both.future, &t, first_pending);
    cr_assert(t.held == 1,
              "The first future is pending, and %d wakers of the "
              "task that polled are kept, not one.",
              t.held);
    poll_pending(&both.future, &u, second_pending);
    cr_assert(t.held == 0 && u.held == 1,
              "The second future has to keep the waker of the latest poll, "
              "and the first one none any more; the latest is kept %d times "
              "and the earlier one %d.",
              u.held, t.held);
    future_drop(&both.future);
    assert_nothing_left();
}

Test(and_then, dropped_before_its_first_poll_drops_both, .timeout = 60) {
    make(1, 1);
    future_drop(&both.future);
    assert_trace("drop A, drop B", "The whole owns both futures: dropping it "
                                   "drops each of them, once, also the one "
                                   "that never started.");
    assert_nothing_left();
}

Test(and_then, dropped_half_way_drops_both, .timeout = 60) {
    make(0, 1);
    poll_pending(&both.future, &t, second_pending);
    future_drop(&both.future);
    assert_trace("poll A, ready A, poll B, pending B, drop A, drop B",
                 "The whole owns both futures: dropping it drops each of them, "
                 "once, also the one that was ready.");
    assert_nothing_left();
}

Test(and_then, keeps_the_outputs_until_it_is_dropped, .timeout = 60) {
    make(0, 1);
    poll_pending(&both.future, &t, second_pending);
    cr_assert(a.outputs == 1,
              "The first future is ready, and its output was released before "
              "anybody could take it: it belongs to the first until the whole "
              "is dropped. The second may need it.");
    poll_for(&both.future, &t);
    cr_assert(a.outputs == 1 && b.outputs == 1,
              "Both futures are ready, and the output of one is gone: it "
              "belongs to its future until it is taken or the whole dropped.");
    probe_future_take_output(&b);
    future_drop(&both.future);
    cr_assert(a.releases == 1,
              "The output of the first future was not taken, so dropping the "
              "whole has to release it; it was released %d times.",
              a.releases);
    assert_nothing_left();
}

Test(and_then, of_two_reads_reads_twice_from_one_socket, .timeout = 60) {
    Socket s;
    SocketRead reads[2];
    char buffers[2][4];
    socket_init(&s);
    socket_read_init(&reads[0], &s, buffers[0], 4);
    socket_read_init(&reads[1], &s, buffers[1], 4);
    and_then_init(&both, &reads[0].future, &reads[1].future);
    poll_pending(&both.future, &t, first_pending);
    socket_deliver(&s, "1", 1);
    assert_wakes(&t, 1,
                 "Data came for the first read: the task is to be woken once.");
    poll_pending(&both.future, &t,
                 "Only the first read got data, but the whole is ready.");
    socket_deliver(&s, "2", 1);
    assert_wakes(&t, 2,
                 "Data came for the first read and then for the second: "
                 "the task is to be woken once for each.");
    cr_assert(poll_for(&both.future, &t) == POLL_READY,
              "Both reads got their data, but the whole is pending.");
    cr_assert(buffers[0][0] == '1' && buffers[1][0] == '2',
              "The first read gets what came first; the outputs are mixed up.");
    assert_nothing_left();
}

Test(and_then, nests_in_itself, .timeout = 60) {
    ProbeFuture c;
    AndThen three;
    make(0, 1);
    probe_future_init(&c, "C", 0);
    and_then_init(&three, &both.future, &c.future);
    poll_until_ready(&three.future, &t);
    assert_trace("poll A, ready A, poll B, pending B, "
                 "poll B, ready B, poll C, ready C",
                 "Three futures in a row run one after the other.");
    future_drop(&three.future);
    assert_nothing_left();
}
