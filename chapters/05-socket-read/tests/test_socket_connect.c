/*
 * SocketConnect: to be connected, or told by name why not.
 */
#include "platform.h"
#include "socket_connect.h"

#include <string.h>

#include "runtime.h"

RuntimeSuite(socket_connect);

static SocketConnect connecting;
static ProbeWaker w;

static void start_to_connect(uint16_t port) {
    struct sockaddr_in address = loopback(port);
    probe_waker_init(&w, "W");
    socket_connect_init(&connecting, (struct sockaddr *)&address,
                        sizeof address);
}

static Poll poll_once(void) {
    return poll_for(&connecting.future, &w);
}

static void drop_connect(void) {
    future_drop(&connecting.future);
    assert_balanced(&w);
}

/* A connection that is not there yet, until the script says that it is. */
static void start_slowly(int *listener_out) {
    uint16_t port;
    *listener_out = stranger_listens(&port);
    start_to_connect(port);
    script_fail_always(&script_getpeername, ENOTCONN);
}

Test(socket_connect, ends_connected, .timeout = 10) {
    uint16_t port;
    int listener = stranger_listens(&port);
    start_to_connect(port);
    run_to_the_end_of(&connecting.future);
    cr_assert_eq(connecting.result, 0, "Connecting failed: %s.",
                 strerror(-connecting.result));
    cr_assert_eq(socket_write_buf(&connecting.connected, "x", 1), 1,
                 "It is connected, but cannot be written to.");
    drop_connect();
    socket_close(&connecting.connected);
    close(listener);
}

Test(socket_connect, refused_connection_is_not_a_connection, .timeout = 10) {
    uint16_t port;
    close(stranger_listens(&port));
    start_to_connect(port);
    run_to_the_end_of(&connecting.future);
    cr_assert_neq(connecting.result, 0,
                  "Nobody listens there, and connecting was a success: a "
                  "refusal makes the socket writable as well. Ask SO_ERROR.");
    cr_assert_eq(connecting.result, -ECONNREFUSED,
                 "The refusal is told as \"%s\": its name is in SO_ERROR.",
                 strerror(-connecting.result));
    drop_connect();
}

Test(socket_connect, waits_until_it_is_known, .timeout = 10) {
    int listener;
    start_slowly(&listener);
    cr_assert_eq(poll_once(), POLL_PENDING, "Nobody knows yet.");
    cr_assert_eq(w.held, 1, "Pending, with %d wakers kept.", w.held);
    turn_until(w.wakes > 0, "It is connected, and nobody was woken.");
    script_getpeername.fail_in = 0;
    cr_assert_eq(poll_once(), POLL_READY, "Now it is known.");
    cr_assert_eq(connecting.result, 0, "Connecting failed.");
    drop_connect();
    socket_close(&connecting.connected);
    close(listener);
}

Test(socket_connect, spurious_polls_make_one_socket, .timeout = 10) {
    int listener;
    start_slowly(&listener);
    int before = script_socket.calls;
    for (int i = 0; i < 10; i++) {
        cr_assert_eq(poll_once(), POLL_PENDING, "Nobody knows yet.");
    }
    cr_assert_eq(script_socket.calls - before, 1,
                 "Ten polls made %d sockets: it begins to connect once.",
                 script_socket.calls - before);
    drop_connect();
    close(listener);
}

Test(socket_connect, false_alarm_is_waited_out, .timeout = 10) {
    int listener;
    start_slowly(&listener);
    poll_once();
    runtime_signals(&connecting.connected, WRITABLE);
    cr_assert_eq(poll_once(), POLL_PENDING,
                 "The socket is said to be writable and is not connected yet: "
                 "that is no failure (%d), go on waiting.",
                 connecting.result);
    cr_assert_eq(w.held, 1, "After a false alarm nobody keeps the waker.");
    drop_connect();
    close(listener);
}

Test(socket_connect, dropped_while_pending_closes_its_socket, .timeout = 10) {
    int listener;
    start_slowly(&listener);
    int number = next_descriptor();
    poll_once();
    cr_assert_eq(connecting.connected.object, number, "It has a socket.");
    drop_connect();
    cr_assert_eq(next_descriptor(), number,
                 "Connecting was given up, and its socket is left open: "
                 "nobody else knows of it.");
    cr_assert_eq(w.wakes, 0, "It was dropped and woke its task.");
    close(listener);
}

Test(socket_connect, dropped_before_its_first_poll_has_no_socket,
     .timeout = 10) {
    start_to_connect(1);
    int number = next_descriptor();
    drop_connect();
    cr_assert_eq(next_descriptor(), number, "It was never polled.");
}

Test(socket_connect, dropped_when_ready_leaves_the_socket_to_its_owner,
     .timeout = 10) {
    uint16_t port;
    int listener = stranger_listens(&port);
    start_to_connect(port);
    run_to_the_end_of(&connecting.future);
    drop_connect();
    cr_assert_eq(socket_write_buf(&connecting.connected, "x", 1), 1,
                 "The future was dropped after it was ready, and closed the "
                 "socket, which is its output.");
    socket_close(&connecting.connected);
    close(listener);
}

Test(socket_connect, that_fails_at_once_is_ready_at_once, .timeout = 10) {
    start_to_connect(1);
    script_fail(&script_connect, 1, ENETUNREACH);
    cr_assert_eq(poll_once(), POLL_READY, "The system says no at once.");
    cr_assert_eq(connecting.result, -ENETUNREACH, "It became %d.",
                 connecting.result);
    drop_connect();
}

Test(socket_connect, refused_interest_ends_it_and_closes_its_socket,
     .timeout = 10) {
    int listener;
    start_slowly(&listener);
    int number = next_descriptor();
    cr_assert_eq(event_map_add(executor_event_map(runtime), &(uint64_t){0}), 0,
                 "So that its entry takes no memory.");
    script_fail(&script_epoll_ctl, 1, ENOSPC);
    script_fail(&script_realloc, 1, ENOMEM);
    cr_assert_eq(poll_once(), POLL_READY,
                 "The system does not watch this socket: pending would be for "
                 "ever.");
    cr_assert(connecting.result == -ENOSPC || connecting.result == -ENOMEM,
              "The system's refusal became %d.", connecting.result);
    cr_assert_eq(next_descriptor(), number,
                 "Connecting failed, and its socket is left open.");
    drop_connect();
    close(listener);
}
