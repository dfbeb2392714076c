#include <criterion/criterion.h>

#include "and_then.h"
#include "probe.h"
#include "socket_read.h"

static ProbeFuture a, b;
static AndThen both;
static ProbeWaker t, u;

static void set_up(void) {
    probe_waker_init(&t, "T");
    probe_waker_init(&u, "U");
}

static void assert_nothing_left(void) {
    assert_balanced(&t);
    assert_balanced(&u);
}

TestSuite(and_then, .init = set_up, .timeout = 5);

static void make(int first_pending, int second_pending) {
    probe_future_init(&a, "A", first_pending);
    probe_future_init(&b, "B", second_pending);
    and_then_init(&both, &a.future, &b.future);
}

Test(and_then, does_nothing_before_it_is_polled, .timeout = 5) {
    make(0, 0);
    assert_trace("", "and_then_init() polled a future: a future does nothing "
                     "before it is polled.");
    assert_nothing_left();
}

Test(and_then, leaves_the_second_alone_until_the_first_is_ready, .timeout = 5) {
    make(2, 2);
    cr_assert(poll_for(&both.future, &t) == POLL_PENDING,
              "The first future is pending, but the whole is ready.");
    poll_for(&both.future, &t);
    cr_assert(b.polls == 0,
              "The second future was polled before the first was ready: what "
              "it does may need the first one's output.");
    future_drop(&both.future);
    assert_nothing_left();
}

Test(and_then, starts_the_second_in_the_poll_that_ends_the_first,
     .timeout = 5) {
    make(0, 1);
    cr_assert(poll_for(&both.future, &t) == POLL_PENDING,
              "The second future is pending, but the whole is ready.");
    cr_assert(b.polls == 1,
              "The first future was ready and the second was not started in "
              "the same poll: it has left no waker with anybody, so nothing "
              "will ever poll it.");
    cr_assert(t.held == 1, "The second future is pending, and nobody keeps a "
                           "waker of its task.");
    future_drop(&both.future);
    assert_nothing_left();
}

Test(and_then, is_ready_in_one_poll_when_both_are, .timeout = 5) {
    make(0, 0);
    cr_assert(poll_for_nobody(&both.future) == POLL_READY,
              "Both futures were ready in this poll, but the whole is "
              "pending, and nobody will wake it.");
    assert_trace("poll A, ready A, drop A, poll B, ready B",
                 "The first is polled and dropped before the second starts.");
    future_drop(&both.future);
    assert_nothing_left();
}

Test(and_then, never_polls_a_finished_first_again, .timeout = 5) {
    make(1, 2);
    poll_until_ready(&both.future, &t);
    assert_trace("poll A, pending A, poll A, ready A, drop A, "
                 "poll B, pending B, poll B, pending B, poll B, ready B",
                 "Once A is ready, only B is polled.");
    future_drop(&both.future);
    assert_nothing_left();
}

Test(and_then, hands_its_waker_to_whichever_runs, .timeout = 5) {
    make(1, 1);
    poll_for(&both.future, &t);
    cr_assert(t.held == 1, "The first future is pending and keeps no waker "
                           "of the task that polled.");
    poll_for(&both.future, &u);
    cr_assert(t.held == 0 && u.held == 1,
              "The second future has to keep the waker of the latest poll, "
              "and the first one none any more.");
    future_drop(&both.future);
    assert_nothing_left();
}

Test(and_then, dropped_before_its_first_poll_drops_both, .timeout = 5) {
    make(1, 1);
    future_drop(&both.future);
    assert_trace("drop A, drop B", "The whole owns both futures: dropping it "
                                   "drops each of them, once, also the one "
                                   "that never started.");
    assert_nothing_left();
}

Test(and_then, dropped_during_the_second_drops_only_the_second, .timeout = 5) {
    make(0, 1);
    poll_for(&both.future, &t);
    future_drop(&both.future);
    assert_trace("poll A, ready A, drop A, poll B, pending B, drop B",
                 "A was dropped when it was ready, so only B is left to "
                 "drop.");
    assert_nothing_left();
}

Test(and_then, of_two_reads_reads_twice_from_one_socket, .timeout = 5) {
    Socket s;
    SocketRead reads[2];
    char buffers[2][4];
    socket_init(&s);
    socket_read_init(&reads[0], &s, buffers[0], 4);
    socket_read_init(&reads[1], &s, buffers[1], 4);
    and_then_init(&both, &reads[0].future, &reads[1].future);
    poll_for(&both.future, &t);
    socket_deliver(&s, "1", 1);
    cr_assert(poll_for(&both.future, &t) == POLL_PENDING,
              "Only the first read got data, but the whole is ready.");
    socket_deliver(&s, "2", 1);
    cr_assert(t.wakes == 2,
              "Two deliveries, and the task was woken %d times: the second "
              "read has left no waker with the socket.",
              t.wakes);
    cr_assert(poll_for(&both.future, &t) == POLL_READY,
              "Both reads got their data, but the whole is pending.");
    cr_assert(buffers[0][0] == '1' && buffers[1][0] == '2',
              "The first read gets what came first; the outputs are mixed up.");
    assert_nothing_left();
}

Test(and_then, nests_in_itself, .timeout = 5) {
    ProbeFuture c;
    AndThen three;
    make(0, 1);
    probe_future_init(&c, "C", 0);
    and_then_init(&three, &both.future, &c.future);
    poll_until_ready(&three.future, &t);
    assert_trace("poll A, ready A, drop A, poll B, pending B, "
                 "poll B, ready B, drop B, poll C, ready C",
                 "Three futures in a row run one after the other.");
    future_drop(&three.future);
    assert_nothing_left();
}
