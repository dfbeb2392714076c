#include <criterion/criterion.h>

#include "and_then.h"
#include "probe.h"
#include "socket_read.h"

static ProbeFuture a, b;
static AndThen both;

static void make(int first_pending, int second_pending) {
    probe_future_init(&a, "A", first_pending);
    probe_future_init(&b, "B", second_pending);
    and_then_init(&both, &a.future, &b.future);
}

static Poll poll_with(WakeFn wake) {
    return simple_future_poll(&both.future, wake);
}

Test(and_then, does_nothing_before_it_is_polled, .timeout = 5) {
    make(0, 0);
    assert_trace("", "and_then_init() polled a future: a future does nothing "
                     "before it is polled.");
}

Test(and_then, leaves_the_second_alone_until_the_first_is_ready, .timeout = 5) {
    make(2, 2);
    cr_assert(poll_with(probe_wake_a) == POLL_PENDING,
              "The first future is pending, but the whole is ready.");
    poll_with(probe_wake_a);
    cr_assert(b.polls == 0,
              "The second future was polled before the first was ready: what "
              "it does may need the first one's output.");
}

Test(and_then, starts_the_second_in_the_poll_that_ends_the_first,
     .timeout = 5) {
    make(0, 1);
    cr_assert(poll_with(probe_wake_a) == POLL_PENDING,
              "The second future is pending, but the whole is ready.");
    cr_assert(b.polls == 1,
              "The first future was ready and the second was not started in "
              "the same poll: it has left `wake` with nobody, so nothing will "
              "ever poll it.");
}

Test(and_then, is_ready_in_one_poll_when_both_are, .timeout = 5) {
    make(0, 0);
    cr_assert(poll_with(probe_wake_never) == POLL_READY,
              "Both futures were ready in this poll, but the whole is "
              "pending, and nobody will wake it.");
    assert_trace("poll A, ready A, poll B, ready B",
                 "Each future is polled once, in order.");
}

Test(and_then, never_polls_a_finished_first_again, .timeout = 5) {
    make(1, 2);
    poll_until_ready(&both.future, probe_wake_a);
    assert_trace("poll A, pending A, poll A, ready A, poll B, pending B, "
                 "poll B, pending B, poll B, ready B",
                 "Once A is ready, only B is polled.");
}

Test(and_then, hands_its_wake_to_whichever_runs, .timeout = 5) {
    make(1, 1);
    poll_with(probe_wake_a);
    cr_assert(a.wake == probe_wake_a,
              "The first future was polled with another wake function than "
              "the caller's.");
    poll_with(probe_wake_b);
    cr_assert(b.wake == probe_wake_b,
              "The second future was polled with another wake function than "
              "that of the latest poll.");
}

Test(and_then, of_two_reads_reads_twice_from_one_socket, .timeout = 5) {
    Socket s;
    SocketRead reads[2];
    char buffers[2][4];
    socket_init(&s);
    socket_read_init(&reads[0], &s, buffers[0], 4);
    socket_read_init(&reads[1], &s, buffers[1], 4);
    and_then_init(&both, &reads[0].future, &reads[1].future);
    poll_with(probe_wake_a);
    socket_deliver(&s, "1", 1);
    cr_assert(poll_with(probe_wake_a) == POLL_PENDING,
              "Only the first read got data, but the whole is ready.");
    socket_deliver(&s, "2", 1);
    cr_assert(probe_wakes_a == 2,
              "Two deliveries, and the future was woken %d times: the second "
              "read has not left `wake` with the socket.",
              probe_wakes_a);
    cr_assert(poll_with(probe_wake_a) == POLL_READY,
              "Both reads got their data, but the whole is pending.");
    cr_assert(buffers[0][0] == '1' && buffers[1][0] == '2',
              "The first read gets what came first; the outputs are mixed up.");
}

Test(and_then, nests_in_itself, .timeout = 5) {
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
