/*
 * Sockets without futures: what each call does, and what it does when the
 * system refuses.
 */
#include "platform.h"
#include "runtime.h"
#include "script_descriptors.h"
#include "script_memory.h"
#include "script_sockets.h"
#include "script_waiting.h"

#include <signal.h>
#include <string.h>

RuntimeSuite(socket);

/* So that it shows whether a call that fails writes its result. */
#define UNTOUCHED ((Socket){.object = 42})

static int listen_on(Socket *listener, uint16_t port) {
    struct sockaddr_in address = loopback(port);
    return socket_listen(listener, (struct sockaddr *)&address, sizeof address);
}

static int connect_to(Socket *socket, uint16_t port) {
    struct sockaddr_in address = loopback(port);
    return socket_connect(socket, (struct sockaddr *)&address, sizeof address);
}

static Socket listener_open(void) {
    Socket listener = {.object = -1};
    int result = listen_on(&listener, 0);
    cr_assert_eq(result, 0, "socket_listen() answered %s.", error_name(result));
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

Test(socket, is_made_non_blocking_and_not_inherited, .timeout = 60) {
    Wire wire = wire_open();
    cr_assert((fcntl(wire.near.object, F_GETFL) & O_NONBLOCK) != 0,
              "The socket blocks: one read that has to wait would stop the "
              "whole executor.");
    cr_assert_eq(fcntl(wire.near.object, F_GETFD), FD_CLOEXEC,
                 "A program that is started from here would inherit the "
                 "socket, and keep it open.");
    wire_close(&wire);
}

Test(socket, of_a_descriptor_that_is_not_open_is_refused, .timeout = 60) {
    Socket socket = UNTOUCHED;
    cr_assert_eq(socket_init(&socket, next_descriptor()), -EBADF,
                 "There is no such descriptor.");
    cr_assert_eq(socket.object, 42, "It failed and wrote the socket.");
}

Test(socket, init_that_fails_leaves_the_descriptor_to_its_owner,
     .timeout = 60) {
    int ends[2];
    cr_assert_eq(pipe(ends), 0, "This test needs a pipe.");
    Socket socket = UNTOUCHED;
    for (int nth = 1; nth <= 3; nth++) {
        script_fail(&script_fcntl, nth, EBADF);
        cr_assert_eq(socket_init(&socket, ends[0]), -EBADF,
                     "The %d. fcntl() failed, and socket_init() did not.", nth);
    }
    script_refuse_allocation = 1;
    cr_assert_eq(socket_init(&socket, ends[0]), -ENOMEM,
                 "There is no memory for the event map.");
    script_refuse_allocation = 0;
    cr_assert_eq(socket.object, 42, "It failed and wrote the socket.");
    cr_assert_geq(fcntl(ends[0], F_GETFD), 0,
                  "socket_init() failed and closed a descriptor that is still "
                  "the caller's.");
    close(ends[0]);
    close(ends[1]);
}

Test(socket, interest_is_removed_before_it_is_closed, .timeout = 60) {
    Waiting w;
    Wire wire = wire_open();
    wait_to_read(&w, "W", &wire.near);
    script_traced_object = wire.near.object;
    socket_close(&wire.near);
    script_traced_object = -1;
    assert_trace("remove interest, wake W, close socket",
                 "Remove the interest, THEN close: once the number is free, "
                 "the system no longer knows what to remove, and another "
                 "socket may have the number.");
    assert_balanced(&w.task);
    wire_close(&wire);
}

Test(socket, closed_with_a_duplicate_alive_is_reported_to_nobody,
     .timeout = 60) {
    Waiting w;
    Wire wire = wire_open();
    int duplicate = dup(wire.near.object);
    wait_to_read(&w, "W", &wire.near);
    socket_close(&wire.near);
    wire_sends(&wire, "x");
    int before = script_reports;
    turn();
    turn();
    cr_assert_eq(script_reports, before,
                 "The socket is closed, a duplicate of it lives, and the "
                 "system goes on reporting it.");
    cr_assert_eq(w.task.wakes, 1,
                 "Its closing is what the reader was to be woken by, once; it "
                 "was woken %d times.",
                 w.task.wakes);
    close(duplicate);
    wire_close(&wire);
}

/* Whoever waited to read, or to write, or both. */
Test(socket, closed_while_both_wait_is_reported_to_nobody, .timeout = 60) {
    for (Signals which = READABLE; which <= BOTH; which++) {
        Waiting reader, writer;
        Wire wire = wire_open();
        int duplicate = dup(wire.near.object);
        wire_fills(&wire);
        if (which != WRITABLE) {
            wait_to_read(&reader, "reader", &wire.near);
        }
        if (which != READABLE) {
            wait_to_write(&writer, "writer", &wire.near);
        }
        socket_close(&wire.near);
        wire_sends(&wire, "x");
        wire_drains(&wire);
        int before = script_reports;
        turn();
        cr_assert_eq(script_reports, before,
                     "A socket was closed while a future waited for %s, a "
                     "duplicate of it lives, and the system reports it.",
                     signals_name(which));
        close(duplicate);
        wire_close(&wire);
    }
}

Test(socket, closed_twice_is_closed_once, .timeout = 60) {
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

Test(socket, may_be_closed_after_its_executor_is_gone, .timeout = 60) {
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
     .timeout = 60) {
    Waiting old, new;
    Wire first = wire_open();
    wait_to_read(&old, "old", &first.near);
    Event under_way = {first.near.entry->id, READABLE};
    int number = first.near.object;
    wire_close(&first);
    Wire second = wire_open();
    cr_assert_eq(second.near.object, number,
                 "This test is about a number that is used again.");
    wait_to_read(&new, "new", &second.near);
    event_map_wake(executor_event_map(runtime), under_way);
    cr_assert_eq(new.task.wakes, 0,
                 "An event that was under way for a closed socket woke the "
                 "reader of a new one with the same number.");
    cr_assert(!socket_has_data_to_read(&second.near),
              "A new socket seems to have the old one's data.");
    wire_close(&second);
}

/* --- Listening and accepting ---------------------------------------------- */

Test(socket, listens_on_any_port_and_tells_which, .timeout = 60) {
    Socket listener = listener_open();
    uint16_t port = socket_port(&listener);
    cr_assert_neq(port, 0, "A socket listens, but on port 0.");
    int stranger = stranger_connects(port);
    runtime_signals(&listener, READABLE);
    Socket accepted;
    SocketAddress peer;
    cr_assert_eq(socket_accept(&listener, &accepted, &peer), 0,
                 "A connection was waiting and was not accepted.");
    cr_assert(!socket_has_data_to_read(&listener),
              "A connection was accepted, and the listener is still said to "
              "have one: only the next event can say so.");
    socket_close(&accepted);
    socket_close(&listener);
    close(stranger);
}

Test(socket, port_in_use_is_refused_by_name, .timeout = 60) {
    Socket first = listener_open(), second = UNTOUCHED;
    int result = listen_on(&second, socket_port(&first));
    cr_assert_eq(result, -EADDRINUSE,
                 "A port is in use, and socket_listen() answered %s instead of "
                 "-EADDRINUSE.",
                 error_name(result));
    cr_assert_eq(second.object, 42, "socket_listen() failed and wrote.");
    socket_close(&first);
}

Test(socket, port_can_be_used_again_at_once, .timeout = 60) {
    Socket first = listener_open(), accepted, second;
    SocketAddress peer;
    uint16_t port = socket_port(&first);
    int stranger = stranger_connects(port);
    cr_assert_eq(socket_accept(&first, &accepted, &peer), 0,
                 "It has connected.");
    socket_close(&accepted); /* this end closes first: it has to linger */
    socket_close(&first);
    close(stranger);
    int result = listen_on(&second, port);
    cr_assert_eq(result, 0,
                 "A server was ended and started again, and its port is said "
                 "to be in use (%s): SO_REUSEADDR is for that.",
                 error_name(result));
    socket_close(&second);
}

Test(socket, each_refusal_of_listening_is_returned, .timeout = 60) {
    Scripted *const calls[] = {&script_socket, &script_bind, &script_listen};
    for (int i = 0; i < 3; i++) {
        Socket listener = UNTOUCHED;
        script_fail(calls[i], 1, EACCES);
        cr_assert_eq(listen_on(&listener, 0), -EACCES,
                     "Call %d of socket, bind, listen was refused, and "
                     "socket_listen() returned something else.",
                     i + 1);
        cr_assert_eq(listener.object, 42, "It failed and wrote.");
    }
}

Test(socket, accept_finds_nobody, .timeout = 60) {
    Socket listener = listener_open(), accepted = UNTOUCHED;
    SocketAddress peer = {.length = 7};
    int result = socket_accept(&listener, &accepted, &peer);
    cr_assert_eq(result, -EAGAIN,
                 "No connection was waiting, and socket_accept() answered %s "
                 "instead of -EAGAIN.",
                 error_name(result));
    cr_assert(accepted.object == 42 && peer.length == 7,
              "No connection was accepted, and it wrote its results.");
    socket_close(&listener);
}

Test(socket, without_a_descriptor_the_connection_goes_on_waiting,
     .timeout = 60) {
    Socket listener = listener_open(), accepted;
    SocketAddress peer;
    int stranger = stranger_connects(socket_port(&listener));
    limit_descriptors(next_descriptor());
    int result = socket_accept(&listener, &accepted, &peer);
    limit_descriptors(1024);
    cr_assert_eq(result, -EMFILE,
                 "There is no descriptor for the connection, and "
                 "socket_accept() answered %s instead of -EMFILE.",
                 error_name(result));
    cr_assert_eq(socket_accept(&listener, &accepted, &peer), 0,
                 "There was no descriptor; now there is, and the connection "
                 "is gone: it has to wait in the system's queue.");
    socket_close(&accepted);
    socket_close(&listener);
    close(stranger);
}

Test(socket, without_memory_the_accepted_connection_is_closed, .timeout = 60) {
    Socket listener = listener_open(), accepted = UNTOUCHED;
    SocketAddress peer;
    int stranger = stranger_connects(socket_port(&listener));
    script_refuse_allocation = 1;
    int result = socket_accept(&listener, &accepted, &peer);
    script_refuse_allocation = 0;
    cr_assert_eq(result, -ENOMEM,
                 "There was no memory for the connection, and socket_accept() "
                 "answered %s.",
                 error_name(result));
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

Test(socket, small_messages_are_not_held_back, .timeout = 60) {
    Socket listener = listener_open(), near, far;
    SocketAddress peer;
    cr_assert_eq(connect_to(&near, socket_port(&listener)), 0, "Connects.");
    cr_assert_eq(socket_accept(&listener, &far, &peer), 0, "Is accepted.");
    cr_assert(sends_at_once(&near) && sends_at_once(&far),
              "TCP holds a small message back until the one before has been "
              "acknowledged, 40 ms here: TCP_NODELAY at both ends.");
    socket_close(&near);
    socket_close(&far);
    socket_close(&listener);
}

/* --- Connecting ----------------------------------------------------------- */

/* A connection that has come about, and nobody has asked yet. */
static Socket connected_to(uint16_t port) {
    Socket socket;
    Waiting w;
    int result = connect_to(&socket, port);
    cr_assert_eq(result, 0, "Connecting begins: %s.", error_name(result));
    wait_to_write(&w, "W", &socket);
    turn_until(w.task.wakes > 0, "A connection came about and woke nobody.");
    return socket;
}

Test(socket, refusal_is_told_by_its_name_however_often_it_is_asked_for,
     .timeout = 60) {
    Socket socket;
    Waiting w;
    cr_assert_eq(connect_to(&socket, deserted_port()), 0,
                 "Connecting begins; how it ends shows later.");
    wait_to_write(&w, "W", &socket);
    turn_until(w.task.wakes > 0, "A refused connection woke nobody.");
    cr_assert(socket_has_room_to_write(&socket),
              "A refused connection is writable, on this system.");
    for (int i = 1; i <= 3; i++) {
        int result = socket_connect_result(&socket);
        cr_assert_eq(result, -ECONNREFUSED,
                     "Nobody listens there, and socket_connect_result() "
                     "answered %s when it was asked for the %d. time.",
                     error_name(result), i);
    }
    socket_close(&socket);
}

/* The peer goes with a reset; a read is the first to hear of it. */
Test(socket, reset_that_a_read_has_told_is_how_connecting_went, .timeout = 60) {
    uint16_t port;
    Socket socket;
    char byte;
    Waiting w;
    int listener = stranger_listens(&port);
    cr_assert_eq(connect_to(&socket, port), 0, "Connecting begins.");
    stranger_resets(accept(listener, NULL, NULL));
    wait_to_read(&w, "W", &socket);
    turn_until(w.task.wakes > 0, "A reset connection woke nobody.");
    ssize_t told = socket_read_buf(&socket, &byte, 1);
    cr_assert_eq(told, -ECONNRESET, "The read answered %s.",
                 error_name((int)told));
    for (int i = 1; i <= 3; i++) {
        int result = socket_connect_result(&socket);
        cr_assert_eq(result, -ECONNRESET,
                     "A read has told of a reset, and socket_connect_result() "
                     "answered %s when it was asked for the %d. time.",
                     error_name(result), i);
    }
    socket_close(&socket);
    close(listener);
}

Test(socket, refusal_that_a_write_has_told_is_how_connecting_went,
     .timeout = 60) {
    uint16_t port;
    Socket socket;
    int listener = stranger_listens(&port);
    cr_assert_eq(connect_to(&socket, port), 0, "Connecting begins.");
    script_fail(&script_send, 1, ECONNREFUSED);
    socket_write_buf(&socket, "x", 1);
    int result = socket_connect_result(&socket);
    cr_assert_eq(result, -ECONNREFUSED,
                 "A write has told of a refusal, and socket_connect_result() "
                 "answered %s.",
                 error_name(result));
    socket_close(&socket);
    close(listener);
}

#ifdef __linux__
/* Whichever call is the first to ask is told of the refusal, and uses it up. */
static ssize_t read_one(Socket *socket) {
    char byte;
    return socket_read_buf(socket, &byte, 1);
}

static ssize_t write_one(Socket *socket) {
    return socket_write_buf(socket, "x", 1);
}

static void assert_refusal_is_remembered(const char *call,
                                         ssize_t (*ask)(Socket *socket)) {
    Socket socket;
    Waiting w;
    cr_assert_eq(connect_to(&socket, deserted_port()), 0, "Connecting begins.");
    wait_to_write(&w, "W", &socket);
    turn_until(w.task.wakes > 0, "A refused connection woke nobody.");
    ssize_t told = ask(&socket);
    cr_assert_eq(told, -ECONNREFUSED, "A %s on it answered %s.", call,
                 error_name((int)told));
    int result = socket_connect_result(&socket);
    cr_assert_eq(result, -ECONNREFUSED,
                 "A %s has told of a refusal, and socket_connect_result() "
                 "answered %s.",
                 call, error_name(result));
    socket_close(&socket);
}

Test(socket, is_told_of_a_refusal_by_its_first_read, .timeout = 60) {
    assert_refusal_is_remembered("read", read_one);
}

Test(socket, is_told_of_a_refusal_by_its_first_write, .timeout = 60) {
    assert_refusal_is_remembered("write", write_one);
}
#endif

Test(socket, that_was_connected_stays_so_whatever_a_read_tells, .timeout = 60) {
    uint16_t port;
    char byte;
    int listener = stranger_listens(&port);
    Socket socket = connected_to(port);
    int result = socket_connect_result(&socket);
    cr_assert_eq(result, 0, "It is connected, and this is told as %s.",
                 error_name(result));
    script_fail(&script_read, 1, ECONNRESET);
    socket_read_buf(&socket, &byte, 1);
    result = socket_connect_result(&socket);
    cr_assert_eq(result, 0,
                 "It was connected, then a read failed, and asked again how "
                 "connecting went, it answered %s.",
                 error_name(result));
    socket_close(&socket);
    close(listener);
}

/* ENOTCONN and EAGAIN say that connecting goes on. */
Test(socket, read_before_it_is_connected_settles_nothing, .timeout = 60) {
    uint16_t port;
    Socket socket;
    char byte;
    int listener = stranger_listens(&port);
    cr_assert_eq(connect_to(&socket, port), 0, "Connecting begins.");
    script_fail(&script_read, 1, ENOTCONN);
    socket_read_buf(&socket, &byte, 1);
    script_fail(&script_send, 1, EAGAIN);
    socket_write_buf(&socket, "x", 1);
    int result;
    turn_until((result = socket_connect_result(&socket)) != -EAGAIN,
               "It is connected, and socket_connect_result() goes on to say "
               "-EAGAIN.");
    cr_assert_eq(result, 0,
                 "A read said ENOTCONN and a write EAGAIN before it was "
                 "connected, and socket_connect_result() answered %s.",
                 error_name(result));
    socket_close(&socket);
    close(listener);
}

Test(socket, each_refusal_of_connecting_is_returned, .timeout = 60) {
    Scripted *const calls[] = {&script_socket, &script_connect};
    for (int i = 0; i < 2; i++) {
        Socket socket = UNTOUCHED;
        script_fail(calls[i], 1, ENETUNREACH);
        cr_assert_eq(connect_to(&socket, 1), -ENETUNREACH,
                     "%s() was refused, and socket_connect() returned "
                     "something else.",
                     i == 0 ? "socket" : "connect");
        cr_assert_eq(socket.object, 42, "It failed and wrote.");
    }
}

Test(socket, interrupted_connecting_goes_on, .timeout = 60) {
    Socket listener = listener_open(), socket;
    script_fail(&script_connect, 1, EINTR);
    int result = connect_to(&socket, socket_port(&listener));
    cr_assert_eq(result, 0,
                 "A signal came while it began to connect, and "
                 "socket_connect() answered %s.",
                 error_name(result));
    socket_close(&socket);
    socket_close(&listener);
}

Test(socket, connect_result_tells_what_the_system_says, .timeout = 60) {
    static const struct {
        Scripted *call;
        int error, result;
    } cases[] = {
        {&script_getpeername, ENOTCONN, -EAGAIN},
        {&script_getpeername, ENOBUFS, -ENOBUFS},
        {&script_getsockopt, ENOBUFS, -ENOBUFS},
    };
    uint16_t port;
    int listener = stranger_listens(&port);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Socket socket = connected_to(port);
        script_fail(cases[i].call, 1, cases[i].error);
        int result = socket_connect_result(&socket);
        cr_assert_eq(result, cases[i].result,
                     "The system said %s, and socket_connect_result() answered "
                     "%s instead of %s.",
                     error_name(-cases[i].error), error_name(result),
                     error_name(cases[i].result));
        int again = socket_connect_result(&socket);
        int then = result == -EAGAIN ? 0 : result;
        cr_assert_eq(again, then, "Asked again, it answered %s instead of %s.",
                     error_name(again), error_name(then));
        socket_close(&socket);
    }
    close(listener);
}

/* --- Reading -------------------------------------------------------------- */

Test(socket, has_data_after_its_event_and_until_it_is_read, .timeout = 60) {
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

Test(socket, tells_nothing_yet_from_end_of_file, .timeout = 60) {
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

Test(socket, reads_and_writes_again_when_interrupted, .timeout = 60) {
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

/* errno still says EINTR when the next read finds the end. */
Test(socket, read_that_was_interrupted_may_find_the_end_of_file,
     .timeout = 60) {
    Wire wire = wire_open();
    char byte;
    wire_hangs_up(&wire);
    script_fail(&script_read, 1, EINTR);
    ssize_t result = socket_read_buf(&wire.near, &byte, 1);
    cr_assert_eq(result, 0,
                 "The end of file came after an interruption, and the read "
                 "answered %s.",
                 error_name((int)result));
    wire_close(&wire);
}

Test(socket, tells_of_a_reset, .timeout = 60) {
    Wire wire = wire_open_tcp();
    char buffer[8];
    wire_resets(&wire);
    ssize_t result = socket_read_buf(&wire.near, buffer, 8);
    cr_assert_eq(result, -ECONNRESET,
                 "The peer has reset the connection, and the read answered %s "
                 "instead of -ECONNRESET.",
                 error_name((int)result));
    wire_close(&wire);
}

Test(socket, still_reads_after_it_has_finished_writing, .timeout = 60) {
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
     .timeout = 60) {
    Wire wire = wire_open();
    sigset_t pipe_signal, pending;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    sigprocmask(SIG_BLOCK, &pipe_signal, NULL); /* seen instead of suffered */
    wire_hangs_up(&wire);
    ssize_t result = socket_write_buf(&wire.near, "x", 1);
    cr_assert_eq(result, -EPIPE, "The peer is gone, and the write answered %s.",
                 error_name((int)result));
    sigpending(&pending);
    cr_assert(!sigismember(&pending, SIGPIPE),
              "Writing to a peer that is gone raised SIGPIPE, which ends the "
              "whole server: send with MSG_NOSIGNAL.");
    wire_close(&wire);
}

Test(socket, without_room_writes_nothing, .timeout = 60) {
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

Test(socket, reader_and_writer_wait_on_one_socket, .timeout = 60) {
    for (int reader_first = 0; reader_first < 2; reader_first++) {
        Wire wire = wire_open();
        Waiting reader, writer;
        wire_fills(&wire);
        if (reader_first) {
            wait_to_read(&reader, "reader", &wire.near);
        }
        wait_to_write(&writer, "writer", &wire.near);
        if (!reader_first) {
            wait_to_read(&reader, "reader", &wire.near);
        }
        wire_sends(&wire, "x");
        wire_drains(&wire);
        turn();
        cr_assert(reader.task.wakes == 1 && writer.task.wakes == 1,
                  "A reader and a writer wait on one socket, which has data "
                  "and room: they were woken %d times and %d times instead of "
                  "once each.",
                  reader.task.wakes, writer.task.wakes);
        wire_close(&wire);
    }
}

Test(socket, callback_that_cannot_be_set_keeps_no_waker, .timeout = 60) {
    Socket file;
    Waiting w;
    int result = socket_init(&file, open(__FILE__, O_RDONLY));
    cr_assert_eq(result, 0, "socket_init() of a file answered %s.",
                 error_name(result));
    result = wait_to_read(&w, "W", &file);
    cr_assert_eq(result, -EPERM,
                 "No system can wait for a regular file, and waiting to read "
                 "answered %s.",
                 error_name(result));
    assert_balanced(&w.task);
    result = wait_to_write(&w, "W", &file);
    cr_assert_eq(result, -EPERM,
                 "No system can wait for a regular file, and waiting to write "
                 "answered %s.",
                 error_name(result));
    assert_balanced(&w.task);
    socket_close(&file);
}

Test(socket, cleared_callbacks_wake_nobody, .timeout = 60) {
    Wire wire = wire_open();
    Waiting reader, writer;
    wait_to_read(&reader, "reader", &wire.near);
    wait_to_write(&writer, "writer", &wire.near);
    socket_clear_readable_callback(&wire.near, &reader.waiter);
    socket_clear_writable_callback(&wire.near, &writer.waiter);
    wire_sends(&wire, "x");
    assert_nothing_is_reported();
    cr_assert_eq(reader.task.wakes + writer.task.wakes, 0,
                 "Callbacks that were cleared woke %d times.",
                 reader.task.wakes + writer.task.wakes);
    assert_balanced(&reader.task);
    assert_balanced(&writer.task);
    wire_close(&wire);
}

Test(socket, callback_that_is_cleared_twice_takes_nothing_of_others,
     .timeout = 60) {
    Wire wire = wire_open();
    Waiting first, second;
    wait_to_read(&first, "first", &wire.near);
    socket_clear_readable_callback(&wire.near, &first.waiter);
    wait_to_read(&second, "second", &wire.near);
    socket_clear_readable_callback(&wire.near, &first.waiter);
    wire_sends(&wire, "x");
    turn();
    cr_assert_eq(second.task.wakes, 1,
                 "A callback was cleared a second time, and another one that "
                 "waits on the socket was woken %d times.",
                 second.task.wakes);
    wire_close(&wire);
}
