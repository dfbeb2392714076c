/*
 * SocketConnect: to be connected, or told by name why not.
 */
#include "platform.h"
#include "socket_connect.h"

#include "descriptors.h"
#include "runtime.h"
#include "script_sockets.h"
#include "scripted_backend.h"

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

Test(socket_connect, ends_connected, .timeout = 60) {
    uint16_t port;
    int listener = stranger_listens(&port);
    start_to_connect(port);
    run_to_the_end_of(&connecting.future);
    cr_assert_eq(connecting.result, 0, "Connecting failed: %s.",
                 error_name(connecting.result));
    cr_assert_eq(socket_write_buf(&connecting.connected, "x", 1), 1,
                 "It is connected, but cannot be written to.");
    drop_connect();
    socket_close(&connecting.connected);
    close(listener);
}

Test(socket_connect, refused_connection_is_not_a_connection, .timeout = 60) {
    uint16_t port;
    close(stranger_listens(&port));
    start_to_connect(port);
    run_to_the_end_of(&connecting.future);
    cr_assert_eq(connecting.result, -ECONNREFUSED,
                 "Nobody listens there, and connecting answered %s instead of "
                 "-ECONNREFUSED.",
                 error_name(connecting.result));
    drop_connect();
}

Test(socket_connect, waits_until_it_is_known, .timeout = 60) {
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

Test(socket_connect, spurious_polls_make_one_socket, .timeout = 60) {
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

Test(socket_connect, false_alarm_is_waited_out, .timeout = 60) {
    int listener;
    start_slowly(&listener);
    poll_once();
    runtime_signals(&connecting.connected, WRITABLE);
    cr_assert_eq(poll_once(), POLL_PENDING,
                 "The socket is said to be writable and is not connected yet: "
                 "that is no failure (%d), go on waiting.",
                 connecting.result);
    cr_assert_eq(w.held, 1, "After a false alarm the future keeps %d wakers.",
                 w.held);
    drop_connect();
    close(listener);
}

Test(socket_connect, dropped_while_pending_closes_its_socket, .timeout = 60) {
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
     .timeout = 60) {
    start_to_connect(1);
    int number = next_descriptor();
    drop_connect();
    cr_assert_eq(next_descriptor(), number, "It was never polled.");
}

Test(socket_connect, connection_that_was_taken_stays, .timeout = 60) {
    uint16_t port;
    int listener = stranger_listens(&port);
    start_to_connect(port);
    run_to_the_end_of(&connecting.future);
    Socket taken = socket_take(&connecting.connected);
    drop_connect();
    ssize_t result = socket_write_buf(&taken, "x", 1);
    cr_assert_eq(result, 1,
                 "A connection was taken, its future dropped, and a write to "
                 "it answered %s.",
                 error_name((int)result));
    socket_close(&taken);
    close(listener);
}

Test(socket_connect, connection_that_was_not_taken_is_closed, .timeout = 60) {
    uint16_t port;
    int listener = stranger_listens(&port);
    start_to_connect(port);
    int before = descriptors_open();
    run_to_the_end_of(&connecting.future);
    cr_assert_eq(connecting.result, 0, "Connecting answered %s.",
                 error_name(connecting.result));
    drop_connect();
    cr_assert_eq(descriptors_open(), before,
                 "A connection was not taken, its future was dropped, and its "
                 "descriptor is open.");
    close(listener);
}

/* Whether the task is cancelled before it is connected, or too late. */
Test(socket_connect, task_that_is_cancelled_leaves_no_descriptor,
     .timeout = 60) {
    uint16_t port;
    int listener = stranger_listens(&port);
    struct sockaddr_in address = loopback(port);
    int before = descriptors_open();
    for (int i = 0; i < 20; i++) {
        SocketConnect connect;
        JoinHandle handle;
        Spawner spawner = executor_spawner(runtime);
        socket_connect_init(&connect, (struct sockaddr *)&address,
                            sizeof address);
        int result =
            spawner_spawn(&spawner, &connect.future, sizeof connect, &handle);
        cr_assert_eq(result, 0, "spawner_spawn() answered %s.",
                     error_name(result));
        for (int turns = 0; turns < i % 4; turns++) {
            turn();
        }
        join_handle_cancel(&handle);
        drop_handle(&handle);
        int left = descriptors_open() - before;
        cr_assert_eq(left, 0,
                     "Task %d of 20 that connect was cancelled after %d turns, "
                     "and %d descriptors are left.",
                     i + 1, i % 4, left);
    }
    close(listener);
}

Test(socket_connect, that_fails_at_once_is_ready_at_once, .timeout = 60) {
    start_to_connect(1);
    script_fail(&script_connect, 1, ENETUNREACH);
    cr_assert_eq(poll_once(), POLL_READY, "The system says no at once.");
    cr_assert_eq(connecting.result, -ENETUNREACH, "It became %s.",
                 error_name(connecting.result));
    drop_connect();
}

/* What connect(2) says of a Unix listener that is behind with accepting. */
Test(socket_connect, to_a_full_queue_says_so, .timeout = 60) {
    start_to_connect(1);
    script_fail(&script_connect, 1, EAGAIN);
    cr_assert_eq(poll_once(), POLL_READY,
                 "The listener's queue is full, no socket is left to wait for, "
                 "and the future is pending.");
    cr_assert_eq(connecting.result, -EAGAIN,
                 "The listener's queue is full (-EAGAIN), and the result is "
                 "%s.",
                 error_name(connecting.result));
    drop_connect();
}

Test(socket_connect, refused_interest_ends_it_and_closes_its_socket,
     .timeout = 60) {
    int listener;
    start_slowly(&listener);
    int number = next_descriptor();
    scripted_arm_fails(-ENOSPC);
    cr_assert_eq(poll_once(), POLL_READY,
                 "The system does not watch this socket: pending would be for "
                 "ever.");
    cr_assert_eq(connecting.result, -ENOSPC,
                 "The system refused (-ENOSPC), and the result is %s.",
                 error_name(connecting.result));
    cr_assert_eq(next_descriptor(), number,
                 "Connecting failed, and its socket is left open.");
    drop_connect();
    close(listener);
}
