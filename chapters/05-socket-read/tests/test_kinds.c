/*
 * Sockets of every kind: pipes, FIFOs, terminals, IPv6, Unix sockets, and the
 * one whose number is 0. Windows has no FIFOs and no terminals, and its numbers
 * are the platform's own: nothing here is compiled there.
 */
#include "runtime.h"

#ifndef _WIN32
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "platform.h"
#include "script_memory.h"
#include "script_sockets.h"
#include "socket_connect.h"
#include "socket_write.h"

RuntimeSuite(kinds);

/* --- Kinds of descriptors --------------------------------------------------- */

/* Both ends of a pipe, or of what behaves like one. */
typedef struct Pipe {
    Socket reads, writes;
} Pipe;

static Pipe pipe_of(int reads, int writes) {
    Pipe pipe;
    int result = socket_init(&pipe.reads, reads);
    cr_assert_eq(result, 0, "socket_init() answered %s.", error_name(result));
    result = socket_init(&pipe.writes, writes);
    cr_assert_eq(result, 0, "socket_init() answered %s.", error_name(result));
    return pipe;
}

static void pipe_close(Pipe *pipe) {
    socket_close(&pipe->reads);
    socket_close(&pipe->writes);
}

/* A text goes through it, and the one who reads waits for that. */
static void assert_passes_on(Pipe *pipe, const char *kind) {
    char received[8] = {0};
    Waiting w;
    int waits = wait_to_read(&w, "W", &pipe->reads);
    cr_assert_eq(waits, 0, "Waiting to read a %s answered %s.", kind,
                 error_name(waits));
    ssize_t result = socket_write_buf(&pipe->writes, "hello\n", 6);
    cr_assert_eq(result, 6, "Writing six bytes to a %s answered %s.", kind,
                 error_name((int)result));
    turn_until(w.task.wakes > 0,
               "A %s was written to, and its reader was not "
               "woken.",
               kind);
    result = socket_read_buf(&pipe->reads, received, sizeof received);
    cr_assert(
        result > 0 && strncmp(received, "hello", 5) == 0,
        "\"hello\" was written to a %s, and reading answered %s (\"%s\").",
        kind, error_name((int)result), received);
}

/* Fills it; a write that waits for room goes on when there is some. */
static void assert_waits_for_room(Pipe *pipe, const char *kind) {
    static char bytes[4096];
    SocketWrite write;
    ProbeWaker w;
    while (socket_write_buf(&pipe->writes, bytes, sizeof bytes) > 0) {
        /* until there is no room */
    }
    probe_waker_init(&w, "W");
    socket_write_init(&write, &pipe->writes, "x", 1);
    cr_assert_eq(poll_for(&write.future, &w), POLL_PENDING,
                 "A %s is full, and a write of it is ready with %s.", kind,
                 error_name(write.result));
    while (socket_read_buf(&pipe->reads, bytes, sizeof bytes) > 0) {
        /* until it is empty */
    }
    turn_until(w.wakes > 0, "A %s has room, and its writer was not woken.",
               kind);
    cr_assert_eq(poll_for(&write.future, &w), POLL_READY,
                 "A %s has room, and a write is pending.", kind);
    cr_assert_eq(write.result, 0, "A %s has room, and a write ended with %s.",
                 kind, error_name(write.result));
    future_drop(&write.future);
}

Test(kinds, of_a_pipe_is_read_and_written, .timeout = 60) {
    int ends[2];
    cr_assert_eq(pipe(ends), 0, "This test gets no pipe.");
    Pipe pipe = pipe_of(ends[0], ends[1]);
    assert_passes_on(&pipe, "pipe");
    assert_waits_for_room(&pipe, "pipe");
    pipe_close(&pipe);
}

Test(kinds, of_a_fifo_is_read_and_written, .timeout = 60) {
    char folder[] = "/tmp/fifo-XXXXXX", path[64];
    cr_assert_not_null(mkdtemp(folder), "This test gets no folder.");
    snprintf(path, sizeof path, "%s/fifo", folder);
    cr_assert_eq(mkfifo(path, 0600), 0, "This test gets no FIFO.");
    int reads = open(path, O_RDONLY | O_NONBLOCK);
    Pipe fifo = pipe_of(reads, open(path, O_WRONLY | O_NONBLOCK));
    unlink(path);
    rmdir(folder);
    assert_passes_on(&fifo, "FIFO");
    assert_waits_for_room(&fifo, "FIFO");
    pipe_close(&fifo);
}

Test(kinds, of_a_terminal_is_read_and_written, .timeout = 60) {
    int keyboard = posix_openpt(O_RDWR | O_NOCTTY);
    cr_assert(keyboard >= 0 && grantpt(keyboard) == 0 &&
                  unlockpt(keyboard) == 0,
              "This test gets no terminal.");
    Pipe terminal =
        pipe_of(keyboard, open(ptsname(keyboard), O_RDWR | O_NOCTTY));
    assert_passes_on(&terminal, "terminal");
    pipe_close(&terminal);
}

Test(kinds, pipe_without_a_reader_says_so_and_is_no_socket, .timeout = 60) {
    int ends[2];
    signal(SIGPIPE, SIG_IGN);
    cr_assert_eq(pipe(ends), 0, "This test gets no pipe.");
    Pipe pipe = pipe_of(ends[0], ends[1]);
    socket_close(&pipe.reads);
    ssize_t result = socket_write_buf(&pipe.writes, "x", 1);
    cr_assert_eq(result, -EPIPE,
                 "A pipe has no reader, and writing to it answered %s instead "
                 "of -EPIPE.",
                 error_name((int)result));
    pipe_close(&pipe);
}

/* --- Descriptor 0 ----------------------------------------------------------- */

static int standard_input;

static void free_descriptor_0(void) {
    standard_input = fcntl(0, F_DUPFD, 100);
    close(0);
}

static void restore_descriptor_0(void) {
    if (standard_input >= 0) {
        dup2(standard_input, 0);
        close(standard_input);
    }
}

static void assert_is_0(const Socket *socket, const char *what) {
    cr_assert_eq(socket->object, 0, "This test is about %s with number 0.",
                 what);
}

Test(kinds, with_number_0_is_read_written_and_closed, .timeout = 60) {
    Waiting w;
    char byte;
    free_descriptor_0();
    Wire wire = wire_open();
    assert_is_0(&wire.near, "a socket");
    int waits = wait_to_read(&w, "W", &wire.near);
    cr_assert_eq(waits, 0, "Waiting for descriptor 0 answered %s.",
                 error_name(waits));
    wire_sends(&wire, "x");
    turn();
    cr_assert_eq(w.task.wakes, 1,
                 "Descriptor 0 had data, and its reader was woken %d times.",
                 w.task.wakes);
    cr_assert(socket_read_buf(&wire.near, &byte, 1) == 1 &&
                  socket_write_buf(&wire.near, "y", 1) == 1,
              "Descriptor 0 could not be read or written.");
    wait_to_read(&w, "W", &wire.near);
    script_traced_object = 0;
    trace_clear();
    socket_close(&wire.near);
    script_traced_object = -1;
    assert_trace("remove interest, wake W, close socket",
                 "Descriptor 0 is closed as any other.");
    wire_close(&wire);
    restore_descriptor_0();
}

Test(kinds, with_number_0_listens_connects_and_is_accepted, .timeout = 60) {
    Socket listener, connecting, accepted;
    SocketAddress peer;
    struct sockaddr_in address = loopback(0);
    free_descriptor_0();
    int result =
        socket_listen(&listener, (struct sockaddr *)&address, sizeof address);
    cr_assert_eq(result, 0, "Listening answered %s.", error_name(result));
    assert_is_0(&listener, "a listener");
    uint16_t port = socket_port(&listener);
    cr_assert_neq(port, 0, "Descriptor 0 listens on port 0.");
    int held = dup(listener.object);
    socket_close(&listener);
    address = loopback(port);
    result = socket_connect(&connecting, (struct sockaddr *)&address,
                            sizeof address);
    cr_assert_eq(result, 0, "Connecting answered %s.", error_name(result));
    assert_is_0(&connecting, "a connection");
    result = socket_connect_result(&connecting);
    cr_assert_eq(result, 0, "Being connected is told as %s.",
                 error_name(result));
    int far = dup(connecting.object);
    result = socket_init(&listener, held);
    cr_assert_eq(result, 0, "socket_init() answered %s.", error_name(result));
    socket_close(&connecting);
    result = socket_accept(&listener, &accepted, &peer);
    cr_assert_eq(result, 0, "Accepting answered %s.", error_name(result));
    assert_is_0(&accepted, "an accepted connection");
    socket_close(&accepted);
    socket_close(&listener);
    close(far);
    restore_descriptor_0();
}

/* Connecting is not known to have ended; polled again, it goes on. */
Test(kinds, with_number_0_is_connected_once, .timeout = 60) {
    uint16_t port;
    SocketConnect connect;
    ProbeWaker w;
    int listener = stranger_listens(&port);
    struct sockaddr_in address = loopback(port);
    free_descriptor_0();
    probe_waker_init(&w, "W");
    socket_connect_init(&connect, (struct sockaddr *)&address, sizeof address);
    script_fail_always(&script_getpeername, ENOTCONN);
    int before = script_socket.calls;
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(poll_for(&connect.future, &w), POLL_PENDING,
                     "It is not connected, and the future is ready with %s.",
                     error_name(connect.result));
    }
    assert_is_0(&connect.connected, "a connection");
    cr_assert_eq(script_socket.calls - before, 1,
                 "Three polls of connecting made %d sockets.",
                 script_socket.calls - before);
    future_drop(&connect.future);
    cr_assert_lt(fcntl(0, F_GETFD), 0,
                 "Connecting was given up, and descriptor 0 is left open.");
    assert_balanced(&w);
    close(listener);
    restore_descriptor_0();
}

Test(kinds, that_fails_with_number_0_leaves_it_free, .timeout = 60) {
    struct sockaddr_in address = loopback(0);
    Socket socket;
    free_descriptor_0();
    script_fail(&script_bind, 1, EACCES);
    (void)socket_listen(&socket, (struct sockaddr *)&address, sizeof address);
    cr_assert_lt(fcntl(0, F_GETFD), 0,
                 "Listening failed with descriptor 0, which is left open.");
    script_fail(&script_connect, 1, ENETUNREACH);
    (void)socket_connect(&socket, (struct sockaddr *)&address, sizeof address);
    cr_assert_lt(fcntl(0, F_GETFD), 0,
                 "Connecting failed with descriptor 0, which is left open.");
    script_refuse_allocation = 1;
    (void)socket_connect(&socket, (struct sockaddr *)&address, sizeof address);
    script_refuse_allocation = 0;
    cr_assert_lt(fcntl(0, F_GETFD), 0,
                 "There was no memory for descriptor 0, which is left open.");
    restore_descriptor_0();
}

/* --- Other families --------------------------------------------------------- */

/* Listens, connects, accepts, and a byte goes there. */
static SocketAddress connect_in_family(const SocketAddress *address,
                                       Socket *listener) {
    Socket near, far;
    SocketAddress peer;
    char byte;
    Waiting w;
    int result = socket_connect(
        &near, (const struct sockaddr *)&address->storage, address->length);
    cr_assert_eq(result, 0, "Connecting answered %s.", error_name(result));
    wait_to_read(&w, "W", listener);
    turn_until(w.task.wakes > 0, "A connection came, and nobody was woken.");
    result = socket_accept(listener, &far, &peer);
    cr_assert_eq(result, 0, "Accepting answered %s.", error_name(result));
    result = socket_connect_result(&near);
    cr_assert_eq(result, 0, "Being connected is told as %s.",
                 error_name(result));
    cr_assert_eq(socket_write_buf(&near, "x", 1), 1, "It cannot be written.");
    turn_until(socket_read_buf(&far, &byte, 1) == 1, "A byte did not arrive.");
    socket_close(&near);
    socket_close(&far);
    return peer;
}

Test(kinds, of_ipv6_is_connected_and_tells_port_and_peer, .timeout = 60) {
    SocketAddress address = {.length = sizeof(struct sockaddr_in6)};
    struct sockaddr_in6 *name = (struct sockaddr_in6 *)&address.storage;
    Socket listener;
    name->sin6_family = AF_INET6;
    name->sin6_addr = in6addr_loopback;
    int result =
        socket_listen(&listener, (struct sockaddr *)name, address.length);
    if (result == -EADDRNOTAVAIL || result == -EAFNOSUPPORT) {
        cr_skip_test("This machine has no IPv6.");
    }
    cr_assert_eq(result, 0, "Listening on ::1 answered %s.",
                 error_name(result));
    name->sin6_port = htons(socket_port(&listener));
    cr_assert_neq(name->sin6_port, 0, "It listens on ::1, port 0.");
    SocketAddress peer = connect_in_family(&address, &listener);
    const struct sockaddr_in6 *from =
        (const struct sockaddr_in6 *)&peer.storage;
    cr_assert(peer.length == sizeof *from && from->sin6_family == AF_INET6 &&
                  IN6_IS_ADDR_LOOPBACK(&from->sin6_addr) &&
                  from->sin6_port != 0,
              "A connection came from ::1, and its peer is told as family %d, "
              "port %d.",
              from->sin6_family, ntohs(from->sin6_port));
    socket_close(&listener);
}

Test(kinds, of_unix_is_connected_and_has_no_port, .timeout = 60) {
    SocketAddress address = {.length = sizeof(struct sockaddr_un)};
    struct sockaddr_un *name = (struct sockaddr_un *)&address.storage;
    char folder[] = "/tmp/unix-XXXXXX";
    Socket listener;
    cr_assert_not_null(mkdtemp(folder), "This test gets no folder.");
    name->sun_family = AF_UNIX;
    snprintf(name->sun_path, sizeof name->sun_path, "%s/socket", folder);
    int result =
        socket_listen(&listener, (struct sockaddr *)name, address.length);
    cr_assert_eq(result, 0, "Listening on a Unix socket answered %s.",
                 error_name(result));
    cr_assert_eq(socket_port(&listener), 0,
                 "A Unix socket has no port, and socket_port() answered %d.",
                 socket_port(&listener));
    SocketAddress peer = connect_in_family(&address, &listener);
    cr_assert_eq(((struct sockaddr *)&peer.storage)->sa_family, AF_UNIX,
                 "The peer's family is told as %d instead of AF_UNIX.",
                 ((struct sockaddr *)&peer.storage)->sa_family);
    socket_close(&listener);
    unlink(name->sun_path);
    rmdir(folder);
}
#endif
