#include <criterion/criterion.h>

#include "probe.h"
#include "simple_future.h"
#include "socket.h"
#include "socket_read.h"

Test(simple_future, poll_hands_the_wake_function_on, .timeout = 60) {
    ProbeFuture a;
    probe_future_init(&a, "A", 1);
    simple_future_poll(&a.future, probe_wake_a);
    cr_assert(a.wake == probe_wake_a,
              "The future was polled with another function than the caller's: "
              "simple_future_poll() hands `wake` on as it is.");
}

Test(simple_future, poll_answers_what_the_future_answers, .timeout = 60) {
    ProbeFuture a;
    probe_future_init(&a, "A", 1);
    cr_assert(simple_future_poll(&a.future, probe_wake_a) == POLL_PENDING,
              "The future answered POLL_PENDING, its caller was told ready.");
    cr_assert(simple_future_poll(&a.future, probe_wake_a) == POLL_READY,
              "The future answered POLL_READY, its caller was told pending.");
}

Test(simple_future, one_call_polls_once, .timeout = 60) {
    ProbeFuture a;
    probe_future_init(&a, "A", 2);
    simple_future_poll(&a.future, probe_wake_never);
    assert_trace("poll A, pending A",
                 "One simple_future_poll() is one poll: whether to poll again "
                 "is for the caller to say.");
}

/* Runs the same program twice, with data for the one or for the other. */
static void wait_for_two_with_one_wake(int which) {
    Socket sockets[2];
    SocketRead reads[2];
    char buffers[2][8];
    trace_clear();
    for (int i = 0; i < 2; i++) {
        socket_init(&sockets[i]);
        socket_read_init(&reads[i], &sockets[i], buffers[i], sizeof buffers[i]);
        poll_pending(&reads[i].future, probe_wake_a,
                     "Nothing has arrived, but a read is ready.");
    }
    socket_deliver(&sockets[which], "x", 1);
}

Test(simple_future, one_wake_for_two_futures_cannot_say_which, .timeout = 60) {
    wait_for_two_with_one_wake(0);
    assert_trace("wake A", "Data came for the first of two futures that wait: "
                           "wake() is to be called once.");
    wait_for_two_with_one_wake(1);
    assert_trace("wake A", "Data came for the second of two futures that "
                           "wait: wake() is to be called once, and it looks "
                           "the same as for the first.");
}
