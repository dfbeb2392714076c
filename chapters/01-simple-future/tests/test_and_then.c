#include <criterion/criterion.h>

#include "and_then.h"
#include "probe.h"
#include "socket_read.h"

static ProbeFuture a, b;
static AndThen both;

static void make(int polls_of_a, int polls_of_b) {
    probe_future_init(&a, "A", polls_of_a);
    probe_future_init(&b, "B", polls_of_b);
    and_then_init(&both, &a.future, &b.future);
}

static const char *const first_pending =
    "The first future is pending, but the whole is ready.";
static const char *const second_pending =
    "The second future is pending, but the whole is ready.";

static Poll poll_with(WakeFn wake) {
    return simple_future_poll(&both.future, wake);
}

Test(and_then, does_nothing_before_it_is_polled, .timeout = 60) {
    make(0, 0);
    assert_trace("", "and_then_init() polled a future: a future does nothing "
                     "before it is polled.");
}

Test(and_then, leaves_the_second_alone_until_the_first_is_ready,
     .timeout = 60) {
    make(2, 2);
    poll_pending(&both.future, probe_wake_a, first_pending);
    poll_pending(&both.future, probe_wake_a, first_pending);
    cr_assert(b.polls == 0,
              "The second future was polled before the first was ready: what "
              "it does may need the first one's output.");
}

Test(and_then, starts_the_second_in_the_poll_that_ends_the_first,
     .timeout = 60) {
    make(0, 1);
    poll_pending(&both.future, probe_wake_a, second_pending);
    cr_assert(b.polls == 1,
              "The first future was ready and the second was not started in "
              "the same poll: it has left `wake` with nobody, so nothing will "
              "ever poll it.");
}

Test(and_then, is_ready_in_one_poll_when_both_are, .timeout = 60) {
    make(0, 0);
    cr_assert(poll_with(probe_wake_never) == POLL_READY,
              "Both futures were ready in this poll, but the whole is "
              "pending, and nobody will wake it.");
    assert_trace("poll A, ready A, poll B, ready B",
                 "Each future is polled once, in order.");
}

Test(and_then, never_polls_a_finished_first_again, .timeout = 60) {
    make(1, 2);
    poll_until_ready(&both.future, probe_wake_a);
    assert_trace("poll A, pending A, poll A, ready A, poll B, pending B, "
                 "poll B, pending B, poll B, ready B",
                 "Once A is ready, only B is polled.");
}

Test(and_then, hands_its_wake_to_whichever_runs, .timeout = 60) {
    make(1, 1);
    poll_pending(&both.future, probe_wake_a, first_pending);
    cr_assert(a.wake == probe_wake_a,
              "The first future runs, and has not got the wake function of "
              "the caller's.");
    poll_pending(&both.future, probe_wake_b, second_pending);
    cr_assert(b.wake == probe_wake_b,
              "The second future runs, and has not got the wake function of "
              "the latest poll.");
}

Test(and_then, of_two_reads_reads_twice_from_one_socket, .timeout = 60) {
    Socket s;
    SocketRead reads[2];
    char buffers[2][4];
    socket_init(&s);
    socket_read_init(&reads[0], &s, buffers[0], 4);
    socket_read_init(&reads[1], &s, buffers[1], 4);
    and_then_init(&both, &reads[0].future, &reads[1].future);
    poll_pending(&both.future, probe_wake_a, first_pending);
    socket_deliver(&s, "1", 1);
    assert_wakes(probe_wakes_a, 1,
                 "Data came for the first read: the whole is to be woken "
                 "once.");
    poll_pending(&both.future, probe_wake_a,
                 "Only the first read got data, but the whole is ready.");
    socket_deliver(&s, "2", 1);
    assert_wakes(probe_wakes_a, 2,
                 "Data came for the first read and then for the second: the "
                 "whole is to be woken once for each.");
    cr_assert(poll_with(probe_wake_a) == POLL_READY,
              "Both reads got their data, but the whole is pending.");
    cr_assert(buffers[0][0] == '1' && buffers[1][0] == '2',
              "The first read gets what came first; the outputs are mixed up.");
}

Test(and_then, nests_in_itself, .timeout = 60) {
    ProbeFuture c;
    AndThen three;
    make(0, 1);
    probe_future_init(&c, "C", 0);
    and_then_init(&three, &both.future, &c.future);
    poll_until_ready(&three.future, probe_wake_a);
    assert_trace("poll A, ready A, poll B, pending B, poll B, ready B, "
                 "poll C, ready C",
                 "Three futures in a row run one after the other.");
}
