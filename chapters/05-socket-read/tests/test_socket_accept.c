/*
 * SocketAccept: the next connection to a listener.
 */
#include "platform.h"
#include "socket_accept.h"

#include "descriptors.h"
#include "runtime.h"
#include "script_sockets.h"
#include "scripted_backend.h"

static Socket listener;
static uint16_t port;
static SocketAccept next;
static ProbeWaker w;

static void open_listener(void) {
    struct sockaddr_in address = loopback(0);
    runtime_open();
    int result =
        socket_listen(&listener, (struct sockaddr *)&address, sizeof address);
    cr_assert_eq(result, 0, "No port on 127.0.0.1: %s.", error_name(result));
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

Test(socket_accept, waits_for_a_connection, .timeout = 60) {
    cr_assert_eq(poll_once(), POLL_PENDING, "Nobody has connected.");
    cr_assert_eq(w.held, 1, "Pending, with %d wakers kept.", w.held);
    int stranger = stranger_connects(port);
    await_wake(1);
    cr_assert_eq(poll_once(), POLL_READY, "Somebody has connected.");
    cr_assert_eq(next.result, 0, "Accepting failed: %s.",
                 error_name(next.result));
    socket_close(&next.accepted);
    close(stranger);
}

Test(socket_accept, takes_one_connection_at_a_time, .timeout = 60) {
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

Test(socket_accept, does_not_ask_before_an_event, .timeout = 60) {
    for (int i = 0; i < 10; i++) {
        poll_once();
    }
    cr_assert_eq(script_accept.calls, 0,
                 "Ten polls without an event made %d calls that could only "
                 "fail.",
                 script_accept.calls);
    cr_assert_eq(w.held, 1, "Ten polls left %d wakers.", w.held);
}

Test(socket_accept, false_alarm_is_waited_out, .timeout = 60) {
    poll_once();
    runtime_signals(&listener, READABLE);
    cr_assert_eq(poll_once(), POLL_PENDING,
                 "The connection that was announced is not there (%d): events "
                 "may be false. Ask again and stay pending.",
                 next.result);
    cr_assert_eq(w.held, 1, "After a false alarm the future keeps %d wakers.",
                 w.held);
}

/* Of one connection, or of the network on the way to it. */
static const int errors_of_one[] = {
    ECONNABORTED, ECONNRESET,   EPROTO,      ENETDOWN,
    ENETUNREACH,  EHOSTUNREACH, ENOPROTOOPT,
#ifdef EHOSTDOWN
    EHOSTDOWN,
#endif
#ifdef ENONET
    ENONET,
#endif
};

Test(socket_accept, connection_given_up_before_is_none, .timeout = 60) {
    enum { ERRORS = sizeof errors_of_one / sizeof *errors_of_one };
    poll_once();
    int stranger = stranger_connects(port);
    for (int i = 0; i < ERRORS; i++) {
        await_wake(i + 1);
        script_fail(&script_accept, 1, errors_of_one[i]);
        cr_assert_eq(poll_once(), POLL_PENDING,
                     "One connection failed (%s) before it was accepted, and "
                     "accepting ended with %s.",
                     error_name(-errors_of_one[i]), error_name(next.result));
    }
    await_wake(ERRORS + 1);
    cr_assert_eq(poll_once(), POLL_READY, "The next one is there.");
    cr_assert_eq(next.result, 0, "Accepting answered %s.",
                 error_name(next.result));
    socket_close(&next.accepted);
    close(stranger);
}

#ifdef __linux__
/* On other systems accepting fails, as in the test before. */
Test(socket_accept, connection_reset_before_is_handed_out_by_linux,
     .timeout = 60) {
    char byte;
    stranger_resets(stranger_connects(port));
    int stranger = stranger_connects(port);
    run_to_the_end_of(&next.future);
    cr_assert_eq(next.result, 0, "Accepting answered %s.",
                 error_name(next.result));
    ssize_t told = socket_read_buf(&next.accepted, &byte, 1);
    cr_assert_eq(told, -ECONNRESET,
                 "A connection was reset before it was accepted, and its "
                 "first read answered %s.",
                 error_name((int)told));
    future_drop(&next.future);
    socket_accept_init(&next, &listener);
    run_to_the_end_of(&next.future);
    cr_assert_eq(next.result, 0,
                 "A connection was reset before it was accepted, and the "
                 "next one is lost.");
    close(stranger);
}
#endif

Test(socket_accept, without_a_descriptor_says_so, .timeout = 60) {
    poll_once();
    int stranger = stranger_connects(port);
    await_wake(1);
    script_fail(&script_accept, 1, EMFILE);
    cr_assert_eq(poll_once(), POLL_READY,
                 "There is no descriptor, and accepting is pending: the "
                 "listener stays readable, so that is a loop that does "
                 "nothing but fail.");
    cr_assert_eq(next.result, -EMFILE, "The reason is -EMFILE, not %s.",
                 error_name(next.result));
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
     .timeout = 60) {
    poll_once();
    future_drop(&next.future);
    int stranger = stranger_connects(port);
    assert_nothing_is_reported();
    cr_assert_eq(w.wakes, 0, "Accepting was dropped, and woke its task.");
    close(stranger);
    socket_accept_init(&next, &listener);
}

Test(socket_accept, refused_interest_ends_it_with_the_error, .timeout = 60) {
    scripted_arm_fails(-ENOSPC);
    cr_assert_eq(poll_once(), POLL_READY,
                 "The system does not watch the listener: pending would be "
                 "for ever.");
    cr_assert_eq(next.result, -ENOSPC,
                 "The system refused (-ENOSPC), and the result is %s.",
                 error_name(next.result));
}

/* --- Whose the connection is ------------------------------------------------ */

Test(socket_accept, tells_who_has_connected, .timeout = 60) {
    struct sockaddr_in name = {0};
    socklen_t length = sizeof name;
    int stranger = stranger_connects(port);
    getsockname(stranger, (struct sockaddr *)&name, &length);
    run_to_the_end_of(&next.future);
    const struct sockaddr_in *peer =
        (const struct sockaddr_in *)&next.peer.storage;
    cr_assert(next.peer.length == sizeof *peer && peer->sin_family == AF_INET &&
                  peer->sin_port == name.sin_port &&
                  peer->sin_addr.s_addr == name.sin_addr.s_addr,
              "A connection came from port %d of 127.0.0.1, and `peer` says "
              "port %d (%d bytes of address).",
              ntohs(name.sin_port), ntohs(peer->sin_port),
              (int)next.peer.length);
    close(stranger);
}

Test(socket_accept, connection_that_was_taken_stays, .timeout = 60) {
    int stranger = stranger_connects(port);
    run_to_the_end_of(&next.future);
    Socket taken = socket_take(&next.accepted);
    future_drop(&next.future);
    ssize_t result = socket_write_buf(&taken, "x", 1);
    cr_assert_eq(result, 1,
                 "A connection was taken, its future dropped, and a write to "
                 "it answered %s.",
                 error_name((int)result));
    socket_close(&taken);
    close(stranger);
    socket_accept_init(&next, &listener);
}

/* Some systems keep a descriptor of a listener that has been waited for. */
static int descriptors_once_it_was_waited_for(void) {
    close(stranger_connects(port));
    run_to_the_end_of(&next.future);
    future_drop(&next.future);
    socket_accept_init(&next, &listener);
    return descriptors_open();
}

Test(socket_accept, connection_that_was_not_taken_is_closed, .timeout = 60) {
    int before = descriptors_once_it_was_waited_for();
    int stranger = stranger_connects(port);
    run_to_the_end_of(&next.future);
    cr_assert_eq(next.result, 0, "Accepting answered %s.",
                 error_name(next.result));
    future_drop(&next.future);
    close(stranger);
    cr_assert_eq(descriptors_open(), before,
                 "A connection was not taken, its future was dropped, and its "
                 "descriptor is open.");
    socket_accept_init(&next, &listener);
}

/* Whether the task is cancelled before it has a connection, or too late. */
Test(socket_accept, task_that_is_cancelled_leaves_no_descriptor,
     .timeout = 60) {
    int before = descriptors_open();
    for (int i = 0; i < 20; i++) {
        SocketAccept accepting;
        JoinHandle handle;
        Spawner spawner = executor_spawner(runtime);
        socket_accept_init(&accepting, &listener);
        int result = spawner_spawn(&spawner, &accepting.future,
                                   sizeof accepting, &handle);
        cr_assert_eq(result, 0, "spawner_spawn() answered %s.",
                     error_name(result));
        int stranger = stranger_connects(port);
        for (int turns = 0; turns < i % 4; turns++) {
            turn();
        }
        join_handle_cancel(&handle);
        drop_handle(&handle);
        close(stranger);
    }
    int left = descriptors_open() - before;
    cr_assert_leq(left, 1, /* which the system may keep for the listener */
                  "20 tasks that accept were cancelled, before they had a "
                  "connection or after, and %d descriptors are left.",
                  left);
}
