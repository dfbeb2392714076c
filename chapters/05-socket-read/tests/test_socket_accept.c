/*
 * SocketAccept: the next connection to a listener.
 */
#include "platform.h"
#include "socket_accept.h"

#include <string.h>

#include "runtime.h"

static Socket listener;
static uint16_t port;
static SocketAccept next;
static ProbeWaker w;

static void open_listener(void) {
    struct sockaddr_in address = loopback(0);
    runtime_open();
    int result =
        socket_listen(&listener, (struct sockaddr *)&address, sizeof address);
    cr_assert_eq(result, 0, "No port on 127.0.0.1: %s.", strerror(-result));
    port = socket_port(&listener);
    probe_waker_init(&w, "W");
    socket_accept_init(&next, &listener);
}

static void close_listener(void) {
    future_drop(&next.future);
    assert_balanced(&w);
    socket_close(&listener);
    runtime_close();
}

TestSuite(socket_accept, .init = open_listener, .fini = close_listener);

static Poll poll_once(void) {
    return poll_for(&next.future, &w);
}

static void await_wake(int wakes) {
    turn_until(w.wakes >= wakes, "Somebody has connected: nobody was woken.");
}

Test(socket_accept, waits_for_a_connection, .timeout = 10) {
    cr_assert_eq(poll_once(), POLL_PENDING, "Nobody has connected.");
    cr_assert_eq(w.held, 1, "Pending, with %d wakers kept.", w.held);
    int stranger = stranger_connects(port);
    await_wake(1);
    cr_assert_eq(poll_once(), POLL_READY, "Somebody has connected.");
    cr_assert_eq(next.result, 0, "Accepting failed: %s.",
                 strerror(-next.result));
    socket_close(&next.accepted);
    close(stranger);
}

Test(socket_accept, takes_one_connection_at_a_time, .timeout = 10) {
    int strangers[3];
    for (int i = 0; i < 3; i++) {
        strangers[i] = stranger_connects(port);
    }
    for (int i = 0; i < 3; i++) {
        run_to_the_end_of(&next.future);
        cr_assert_eq(next.result, 0, "The %d. connection was not accepted.",
                     i + 1);
        socket_close(&next.accepted);
        future_drop(&next.future);
        socket_accept_init(&next, &listener);
    }
    cr_assert_eq(poll_once(), POLL_PENDING, "There is no fourth connection.");
    for (int i = 0; i < 3; i++) {
        close(strangers[i]);
    }
}

Test(socket_accept, does_not_ask_before_an_event, .timeout = 10) {
    for (int i = 0; i < 10; i++) {
        poll_once();
    }
    cr_assert_eq(script_accept.calls, 0,
                 "Ten polls without an event made %d calls that could only "
                 "fail.",
                 script_accept.calls);
    cr_assert_eq(w.held, 1, "Ten polls left %d wakers.", w.held);
}

Test(socket_accept, false_alarm_is_waited_out, .timeout = 10) {
    poll_once();
    runtime_signals(&listener, READABLE);
    cr_assert_eq(poll_once(), POLL_PENDING,
                 "The connection that was announced is not there (%d): events "
                 "may be false. Ask again and stay pending.",
                 next.result);
    cr_assert_eq(w.held, 1, "After a false alarm nobody keeps the waker.");
}

Test(socket_accept, connection_given_up_before_is_none, .timeout = 10) {
    poll_once();
    int stranger = stranger_connects(port);
    await_wake(1);
    script_fail(&script_accept, 1, ECONNABORTED);
    cr_assert_eq(poll_once(), POLL_PENDING,
                 "A peer gave up before it was accepted (ECONNABORTED), and "
                 "the server took that for its own failure: wait for the next "
                 "one.");
    await_wake(2);
    cr_assert_eq(poll_once(), POLL_READY, "The next one is there.");
    cr_assert_eq(next.result, 0, "Accepting failed: %d.", next.result);
    socket_close(&next.accepted);
    close(stranger);
}

Test(socket_accept, without_a_descriptor_says_so, .timeout = 10) {
    poll_once();
    int stranger = stranger_connects(port);
    await_wake(1);
    script_fail(&script_accept, 1, EMFILE);
    cr_assert_eq(poll_once(), POLL_READY,
                 "There is no descriptor, and accepting is pending: the "
                 "listener stays readable, so that is a loop that does "
                 "nothing but fail.");
    cr_assert_eq(next.result, -EMFILE, "The reason is EMFILE, not %d.",
                 -next.result);
    future_drop(&next.future);
    socket_accept_init(&next, &listener);
    run_to_the_end_of(&next.future);
    cr_assert_eq(next.result, 0,
                 "There was no descriptor; now there is, and the connection "
                 "is gone.");
    socket_close(&next.accepted);
    close(stranger);
}

Test(socket_accept, dropped_while_pending_leaves_nothing_registered,
     .timeout = 10) {
    poll_once();
    future_drop(&next.future);
    int stranger = stranger_connects(port);
    assert_nothing_is_reported();
    cr_assert_eq(w.wakes, 0, "Accepting was dropped, and woke its task.");
    close(stranger);
    socket_accept_init(&next, &listener);
}

Test(socket_accept, refused_interest_ends_it_with_the_error, .timeout = 10) {
    script_fail(&script_epoll_ctl, 1, ENOSPC);
    script_fail(&script_realloc, 1, ENOMEM);
    cr_assert_eq(poll_once(), POLL_READY,
                 "The system does not watch the listener: pending would be "
                 "for ever.");
    cr_assert(next.result == -ENOSPC || next.result == -ENOMEM,
              "The system's refusal became %d.", next.result);
}
