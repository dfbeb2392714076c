/*
 * Sockets without futures: what each call does, and what it does when the
 * system refuses.
 */
#include "platform.h"
#include "runtime.h"

#include <signal.h>
#include <string.h>

RuntimeSuite(socket);

static int listen_on(Socket *listener, uint16_t port) {
    struct sockaddr_in address = loopback(port);
    return socket_listen(listener, (struct sockaddr *)&address, sizeof address);
}

static int connect_to(Socket *socket, uint16_t port) {
    struct sockaddr_in address = loopback(port);
    return socket_connect(socket, (struct sockaddr *)&address, sizeof address);
}

static Socket listener_open(void) {
    Socket listener = {-1, 0};
    int result = listen_on(&listener, 0);
    cr_assert_eq(result, 0, "socket_listen() failed: %s.", strerror(-result));
    return listener;
}

/* A port on which nobody listens. */
static uint16_t deserted_port(void) {
    Socket listener = listener_open();
    uint16_t port = socket_port(&listener);
    socket_close(&listener);
    return port;
}

/* --- Making and closing --------------------------------------------------- */

Test(socket, is_made_non_blocking_and_not_inherited, .timeout = 10) {
    Wire wire = wire_open();
    cr_assert((fcntl(wire.near.object, F_GETFL) & O_NONBLOCK) != 0,
              "The socket blocks: one read that has to wait would stop the "
              "whole executor.");
    cr_assert_eq(fcntl(wire.near.object, F_GETFD), FD_CLOEXEC,
                 "A program that is started from here would inherit the "
                 "socket, and keep it open.");
    wire_close(&wire);
}

Test(socket, of_a_descriptor_that_is_not_open_is_refused, .timeout = 10) {
    Socket socket = {42, 42};
    cr_assert_eq(socket_init(&socket, next_descriptor()), -EBADF,
                 "There is no such descriptor.");
    cr_assert_eq(socket.object, 42, "It failed and wrote the socket.");
}

Test(socket, init_that_fails_leaves_the_descriptor_to_its_owner,
     .timeout = 10) {
    int ends[2];
    cr_assert_eq(pipe(ends), 0, "This test needs a pipe.");
    Socket socket = {42, 42};
    for (int nth = 1; nth <= 3; nth++) {
        script_fail(&script_fcntl, nth, EBADF);
        cr_assert_eq(socket_init(&socket, ends[0]), -EBADF,
                     "The %d. fcntl() failed, and socket_init() did not.", nth);
    }
    script.refuse_allocation = 1;
    cr_assert_eq(socket_init(&socket, ends[0]), -ENOMEM,
                 "There is no memory for the event map.");
    script.refuse_allocation = 0;
    cr_assert_eq(socket.object, 42, "It failed and wrote the socket.");
    cr_assert_geq(fcntl(ends[0], F_GETFD), 0,
                  "socket_init() failed and closed a descriptor that is still "
                  "the caller's.");
    close(ends[0]);
    close(ends[1]);
}

Test(socket, interest_is_removed_before_it_is_closed, .timeout = 10) {
    ProbeWaker w;
    Wire wire = wire_open();
    probe_waker_init(&w, "W");
    Waker lent = probe_waker_lend(&w);
    socket_set_readable_callback(&wire.near, &lent);
    script.traced_object = wire.near.object;
    socket_close(&wire.near);
    script.traced_object = -1;
    assert_trace("remove interest, close socket",
                 "Remove the interest, THEN close: once the number is free, "
                 "the system no longer knows what to remove, and somebody "
                 "else may have the number.");
    assert_balanced(&w);
    wire_close(&wire);
}

Test(socket, closed_with_a_duplicate_alive_is_reported_to_nobody,
     .timeout = 10) {
    ProbeWaker w;
    Wire wire = wire_open();
    int duplicate = dup(wire.near.object);
    probe_waker_init(&w, "W");
    Waker lent = probe_waker_lend(&w);
    socket_set_readable_callback(&wire.near, &lent);
    socket_close(&wire.near);
    wire_sends(&wire, "x");
    int before = script.reports;
    turn();
    turn();
    cr_assert_eq(script.reports, before,
                 "The socket is closed, a duplicate of it lives, and the "
                 "system goes on reporting it to nobody: it was closed before "
                 "its interest was removed.");
    cr_assert_eq(w.wakes, 0, "A closed socket woke somebody.");
    close(duplicate);
    wire_close(&wire);
}

Test(socket, closed_twice_is_closed_once, .timeout = 10) {
    Wire wire = wire_open();
    int number = wire.near.object;
    socket_close(&wire.near);
    cr_assert_eq(wire.near.object, -1,
                 "A closed socket keeps the number of its descriptor; the "
                 "next close would hit somebody else.");
    int other = fcntl(0, F_DUPFD, number);
    socket_close(&wire.near);
    cr_assert_geq(fcntl(other, F_GETFD), 0,
                  "Closed twice: the second time it closed somebody else's "
                  "descriptor, which had got the number meanwhile.");
    close(other);
    wire_close(&wire);
}

Test(socket, may_be_closed_after_its_executor_is_gone, .timeout = 10) {
    Wire wire = wire_open();
    int number = wire.near.object;
    runtime_free();
    socket_close(&wire.near);
    cr_assert_lt(fcntl(number, F_GETFD), 0,
                 "The executor was freed first, and the socket was not "
                 "closed: its descriptor is left open.");
    wire_close(&wire);
}

Test(socket, new_one_with_an_old_number_hears_nothing_of_the_old_one,
     .timeout = 10) {
    ProbeWaker old, new;
    Wire first = wire_open();
    probe_waker_init(&old, "old");
    probe_waker_init(&new, "new");
    Waker lent = probe_waker_lend(&old);
    socket_set_readable_callback(&first.near, &lent);
    Event under_way = {first.near.id, READABLE};
    int number = first.near.object;
    wire_close(&first);
    Wire second = wire_open();
    cr_assert_eq(second.near.object, number,
                 "This test is about a number that is used again.");
    lent = probe_waker_lend(&new);
    socket_set_readable_callback(&second.near, &lent);
    event_map_wake(executor_event_map(runtime), under_way);
    cr_assert_eq(new.wakes, 0,
                 "An event that was under way for a closed socket woke the "
                 "reader of a new one with the same number.");
    cr_assert(!socket_has_data_to_read(&second.near),
              "A new socket seems to have the old one's data.");
    wire_close(&second);
}

/* --- Listening and accepting ---------------------------------------------- */

Test(socket, listens_on_any_port_and_tells_which, .timeout = 10) {
    Socket listener = listener_open();
    uint16_t port = socket_port(&listener);
    cr_assert_neq(port, 0, "A socket listens, but on port 0.");
    int stranger = stranger_connects(port);
    Socket accepted;
    cr_assert_eq(socket_accept(&listener, &accepted), 0,
                 "Somebody has connected and was not accepted.");
    socket_close(&accepted);
    socket_close(&listener);
    close(stranger);
}

Test(socket, port_in_use_is_refused_by_name, .timeout = 10) {
    Socket first = listener_open(), second = {42, 42};
    int result = listen_on(&second, socket_port(&first));
    cr_assert_eq(result, -EADDRINUSE,
                 "Two sockets listen on one port, or the refusal has another "
                 "name (%s).",
                 strerror(-result));
    cr_assert_eq(second.object, 42, "socket_listen() failed and wrote.");
    socket_close(&first);
}

Test(socket, port_can_be_used_again_at_once, .timeout = 10) {
    Socket first = listener_open(), accepted, second;
    uint16_t port = socket_port(&first);
    int stranger = stranger_connects(port);
    cr_assert_eq(socket_accept(&first, &accepted), 0, "It has connected.");
    socket_close(&accepted); /* this end closes first: it has to linger */
    socket_close(&first);
    close(stranger);
    int result = listen_on(&second, port);
    cr_assert_eq(result, 0,
                 "A server was ended and started again, and its port is said "
                 "to be in use (%s): SO_REUSEADDR is for that.",
                 strerror(-result));
    socket_close(&second);
}

Test(socket, each_refusal_of_listening_is_returned, .timeout = 10) {
    Scripted *const calls[] = {&script_socket, &script_bind, &script_listen};
    for (int i = 0; i < 3; i++) {
        Socket listener = {42, 42};
        script_fail(calls[i], 1, EACCES);
        cr_assert_eq(listen_on(&listener, 0), -EACCES,
                     "Call %d of socket, bind, listen was refused, and "
                     "socket_listen() returned something else.",
                     i + 1);
        cr_assert_eq(listener.object, 42, "It failed and wrote.");
    }
}

Test(socket, accept_finds_nobody, .timeout = 10) {
    Socket listener = listener_open(), accepted = {42, 42};
    cr_assert_eq(socket_accept(&listener, &accepted), -EAGAIN,
                 "Nobody has connected: -EAGAIN.");
    cr_assert_eq(accepted.object, 42, "Nobody was accepted, but it wrote.");
    socket_close(&listener);
}

Test(socket, without_a_descriptor_the_connection_goes_on_waiting,
     .timeout = 10) {
    Socket listener = listener_open(), accepted;
    int stranger = stranger_connects(socket_port(&listener));
    limit_descriptors(next_descriptor());
    int result = socket_accept(&listener, &accepted);
    limit_descriptors(1024);
    cr_assert_eq(result, -EMFILE,
                 "There is no descriptor for the connection, and "
                 "socket_accept() answered %d.",
                 result);
    cr_assert_eq(socket_accept(&listener, &accepted), 0,
                 "There was no descriptor; now there is, and the connection "
                 "is gone: it has to wait in the system's queue.");
    socket_close(&accepted);
    socket_close(&listener);
    close(stranger);
}

Test(socket, without_memory_the_accepted_connection_is_closed, .timeout = 10) {
    Socket listener = listener_open(), accepted = {42, 42};
    EventMap *map = executor_event_map(runtime);
    uint64_t id;
    while (map->count < map->capacity) {
        event_map_add(map, &id);
    }
    int stranger = stranger_connects(socket_port(&listener));
    script_fail_always(&script_realloc, ENOMEM);
    cr_assert_eq(socket_accept(&listener, &accepted), -ENOMEM,
                 "There was no memory for the connection.");
    script_realloc.fail_in = 0;
    cr_assert_eq(accepted.object, 42, "It failed and wrote.");
    socket_close(&listener);
    close(stranger);
}

static bool sends_at_once(const Socket *socket) {
    int on = 0;
    socklen_t length = sizeof on;
    getsockopt(socket->object, IPPROTO_TCP, TCP_NODELAY, &on, &length);
    return on != 0;
}

Test(socket, small_messages_are_not_held_back, .timeout = 10) {
    Socket listener = listener_open(), near, far;
    cr_assert_eq(connect_to(&near, socket_port(&listener)), 0, "Connects.");
    cr_assert_eq(socket_accept(&listener, &far), 0, "Is accepted.");
    cr_assert(sends_at_once(&near) && sends_at_once(&far),
              "TCP holds a small message back until the one before has been "
              "acknowledged, 40 ms here: TCP_NODELAY at both ends.");
    socket_close(&near);
    socket_close(&far);
    socket_close(&listener);
}

/* --- Connecting ----------------------------------------------------------- */

Test(socket, refusal_is_told_by_its_name, .timeout = 10) {
    Socket socket;
    ProbeWaker w;
    probe_waker_init(&w, "W");
    Waker lent = probe_waker_lend(&w);
    cr_assert_eq(connect_to(&socket, deserted_port()), 0,
                 "Connecting begins; how it ends shows later.");
    socket_set_writable_callback(&socket, &lent);
    turn_until(w.wakes > 0, "A refused connection woke nobody.");
    cr_assert(socket_has_room_to_write(&socket),
              "A refused connection is writable, on this system.");
    int result = socket_connect_result(&socket);
    cr_assert_eq(result, -ECONNREFUSED,
                 "Nobody listens there, and connecting ended with \"%s\". "
                 "Writable is not yet connected: ask for SO_ERROR.",
                 strerror(-result));
    socket_close(&socket);
}

Test(socket, each_refusal_of_connecting_is_returned, .timeout = 10) {
    Scripted *const calls[] = {&script_socket, &script_connect};
    for (int i = 0; i < 2; i++) {
        Socket socket = {42, 42};
        script_fail(calls[i], 1, ENETUNREACH);
        cr_assert_eq(connect_to(&socket, 1), -ENETUNREACH,
                     "%s() was refused, and socket_connect() returned "
                     "something else.",
                     i == 0 ? "socket" : "connect");
        cr_assert_eq(socket.object, 42, "It failed and wrote.");
    }
}

Test(socket, interrupted_connecting_goes_on, .timeout = 10) {
    Socket listener = listener_open(), socket;
    script_fail(&script_connect, 1, EINTR);
    int result = connect_to(&socket, socket_port(&listener));
    cr_assert_eq(result, 0,
                 "A signal came while it began to connect, and it gave up "
                 "(%s): connecting goes on by itself.",
                 strerror(-result));
    socket_close(&socket);
    socket_close(&listener);
}

Test(socket, connect_result_tells_what_the_system_says, .timeout = 10) {
    Wire wire = wire_open_tcp();
    cr_assert_eq(socket_connect_result(&wire.near), 0, "It is connected.");
    script_fail(&script_getpeername, 1, ENOTCONN);
    cr_assert_eq(socket_connect_result(&wire.near), -EAGAIN,
                 "Without an error and without a peer it is still connecting.");
    script_fail(&script_getpeername, 1, ENOBUFS);
    cr_assert_eq(socket_connect_result(&wire.near), -ENOBUFS,
                 "getpeername() failed, for another reason.");
    script_fail(&script_getsockopt, 1, ENOBUFS);
    cr_assert_eq(socket_connect_result(&wire.near), -ENOBUFS,
                 "getsockopt() failed.");
    wire_close(&wire);
}

/* --- Reading -------------------------------------------------------------- */

Test(socket, has_data_after_its_event_and_until_it_is_read, .timeout = 10) {
    Wire wire = wire_open();
    char buffer[8];
    wire_sends(&wire, "hello");
    cr_assert(!socket_has_data_to_read(&wire.near),
              "No event has come yet: has_data_to_read is what the last event "
              "said, and costs no system call.");
    runtime_signals(&wire.near, READABLE);
    cr_assert(socket_has_data_to_read(&wire.near),
              "An event said that there is data.");
    cr_assert_eq(socket_read_buf(&wire.near, buffer, 2), 2, "There are five.");
    cr_assert(!socket_has_data_to_read(&wire.near),
              "Nobody knows whether there is more after a read: ask again, "
              "which checks the level.");
    wire_close(&wire);
}

Test(socket, tells_nothing_yet_from_end_of_file, .timeout = 10) {
    Wire wire = wire_open();
    char buffer[8];
    cr_assert_eq(socket_read_buf(&wire.near, buffer, 8), -EAGAIN,
                 "There is nothing yet: -EAGAIN. 0 would be the end of file.");
    wire_sends(&wire, "x");
    wire_hangs_up(&wire);
    cr_assert_eq(socket_read_buf(&wire.near, buffer, 8), 1,
                 "Data first, then end of file.");
    cr_assert_eq(socket_read_buf(&wire.near, buffer, 8), 0,
                 "The other end has closed: 0, the end of file.");
    wire_close(&wire);
}

Test(socket, reads_and_writes_again_when_interrupted, .timeout = 10) {
    Wire wire = wire_open();
    char buffer[8];
    wire_sends(&wire, "x");
    script_fail(&script_read, 1, EINTR);
    cr_assert_eq(socket_read_buf(&wire.near, buffer, 8), 1,
                 "A signal interrupted the read: that is no error, read "
                 "again.");
    script_fail(&script_send, 1, EINTR);
    cr_assert_eq(socket_write_buf(&wire.near, "x", 1), 1,
                 "A signal interrupted the write: that is no error, write "
                 "again.");
    wire_close(&wire);
}

Test(socket, tells_of_a_reset, .timeout = 10) {
    Wire wire = wire_open_tcp();
    char buffer[8];
    wire_resets(&wire);
    ssize_t result = socket_read_buf(&wire.near, buffer, 8);
    cr_assert_eq(result, -ECONNRESET,
                 "The peer has reset the connection, and the read returned %d: "
                 "not the end of file, but an error.",
                 (int)result);
    wire_close(&wire);
}

Test(socket, still_reads_after_it_has_finished_writing, .timeout = 10) {
    Wire wire = wire_open_tcp();
    char byte;
    socket_shutdown_write(&wire.near);
    int got;
    do {
        got = wire_receives(&wire, &byte, 1);
    } while (got < 0 && errno == EAGAIN);
    cr_assert_eq(got, 0, "The other end was not told that no more will come.");
    wire_sends(&wire, "x");
    turn_until(socket_read_buf(&wire.near, &byte, 1) == 1,
               "Writing was finished, and reading with it.");
    wire_close(&wire);
}

/* --- Writing -------------------------------------------------------------- */

Test(socket, writing_to_a_closed_peer_does_not_kill_the_process,
     .timeout = 10) {
    Wire wire = wire_open();
    sigset_t pipe_signal, pending;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    sigprocmask(SIG_BLOCK, &pipe_signal, NULL); /* seen instead of suffered */
    wire_hangs_up(&wire);
    ssize_t result = socket_write_buf(&wire.near, "x", 1);
    cr_assert_eq(result, -EPIPE, "The peer is gone, and the write returned %d.",
                 (int)result);
    sigpending(&pending);
    cr_assert(!sigismember(&pending, SIGPIPE),
              "Writing to a peer that is gone raised SIGPIPE, which ends the "
              "whole server: send with MSG_NOSIGNAL.");
    wire_close(&wire);
}

Test(socket, without_room_writes_nothing, .timeout = 10) {
    Wire wire = wire_open();
    wire_fills(&wire);
    runtime_signals(&wire.near, WRITABLE);
    cr_assert(socket_has_room_to_write(&wire.near), "An event said so.");
    cr_assert_eq(socket_write_buf(&wire.near, "x", 1), -EAGAIN,
                 "There is no room: -EAGAIN.");
    cr_assert(!socket_has_room_to_write(&wire.near),
              "A write shows how much room there is: what the event said is "
              "out of date.");
    wire_close(&wire);
}

/* --- Callbacks ------------------------------------------------------------ */

Test(socket, reader_and_writer_wait_on_one_socket, .timeout = 10) {
    for (int reader_first = 0; reader_first < 2; reader_first++) {
        Wire wire = wire_open();
        ProbeWaker reader, writer;
        probe_waker_init(&reader, "reader");
        probe_waker_init(&writer, "writer");
        Waker reads = probe_waker_lend(&reader);
        Waker writes = probe_waker_lend(&writer);
        wire_fills(&wire);
        if (reader_first) {
            socket_set_readable_callback(&wire.near, &reads);
        }
        socket_set_writable_callback(&wire.near, &writes);
        if (!reader_first) {
            socket_set_readable_callback(&wire.near, &reads);
        }
        wire_sends(&wire, "x");
        wire_drains(&wire);
        turn();
        cr_assert(reader.wakes == 1 && writer.wakes == 1,
                  "A reader and a writer wait on one socket, which has data "
                  "and room: they were woken %d times and %d times instead of "
                  "once each. The second interest replaced the first.",
                  reader.wakes, writer.wakes);
        wire_close(&wire);
    }
}

Test(socket, callback_that_cannot_be_set_keeps_no_waker, .timeout = 10) {
    Socket file;
    ProbeWaker w;
    probe_waker_init(&w, "W");
    Waker lent = probe_waker_lend(&w);
    int result = socket_init(&file, open(__FILE__, O_RDONLY));
    cr_assert_eq(result, 0, "A file is a descriptor as well (%d).", result);
    cr_assert_eq(socket_set_readable_callback(&file, &lent), -EPERM,
                 "No system can wait for a regular file.");
    cr_assert_eq(socket_set_writable_callback(&file, &lent), -EPERM,
                 "No system can wait for a regular file.");
    assert_balanced(&w);
    socket_close(&file);
}

Test(socket, cleared_callbacks_wake_nobody, .timeout = 10) {
    Wire wire = wire_open();
    ProbeWaker w;
    probe_waker_init(&w, "W");
    Waker lent = probe_waker_lend(&w);
    socket_set_readable_callback(&wire.near, &lent);
    socket_set_writable_callback(&wire.near, &lent);
    socket_clear_readable_callback(&wire.near);
    socket_clear_writable_callback(&wire.near);
    wire_sends(&wire, "x");
    assert_nothing_is_reported();
    cr_assert_eq(w.wakes, 0, "A callback that was cleared woke somebody.");
    assert_balanced(&w);
    wire_close(&wire);
}
