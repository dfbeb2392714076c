/*
 * The server, talked to by strangers: bare descriptors that say, do not say,
 * and go whenever they like.
 */
#include "echo_server.h"
#include "error_name.h"
#include "platform.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "echo_client.h"
#include "runtime.h"
#include "script_descriptors.h"
#include "script_memory.h"
#include "script_sockets.h"
#include "script_time.h"

static EchoServer server;
static JoinHandle accepting;
static uint16_t port;
static int log_pipe[2];
static Log lines;

/* What the server has logged. */
static const char *said(void) {
    static char text[8192];
    static size_t length;
    int more = stranger_reads(log_pipe[0], text + length, 8191 - length);
    length += more > 0 ? (size_t)more : 0;
    return text;
}

static void open_server(void) {
    runtime_open();
    cr_assert_eq(pipe(log_pipe), 0, "The test has no pipe for the log.");
    fcntl(log_pipe[0], F_SETFL, O_NONBLOCK);
    lines = (Log){.descriptor = log_pipe[1]};
    int result = echo_server_start(&server, runtime, 0, &lines, &accepting);
    cr_assert_eq(result, 0, "The server does not start: %s.",
                 strerror(-result));
    port = socket_port(&server.listener);
}

/* Ends it as a program does: with whatever is under way. */
static void close_server(void) {
    drop_handle(&accepting);
    runtime_free();
    cr_assert_eq(server.open, 0,
                 "The executor is gone, and the server counts %lu connections "
                 "as open.",
                 server.open);
    echo_server_stop(&server);
    close(log_pipe[0]);
    close(log_pipe[1]);
    runtime_close();
}

TestSuite(echo_server, .init = open_server, .fini = close_server);

#define assert_said(text)                                                      \
    cr_assert_not_null(strstr(said(), text),                                   \
                       "The server should say \"%s\". It says: %s", text,      \
                       said())

/* Turns until a stranger has received so many bytes. */
static void receive(int stranger, char *buffer, size_t length) {
    size_t got = 0;
    while (got < length) {
        int result = -1;
        turn_until((result = stranger_reads(stranger, buffer + got,
                                            length - got)) >= 0 ||
                       errno != EAGAIN,
                   "Of %zu bytes %zu came back.", length, got);
        cr_assert_gt(result, 0, "Of %zu bytes %zu came back, then the end.",
                     length, got);
        got += (size_t)result;
    }
}

static void assert_echoes(int stranger, const char *text) {
    char buffer[64] = {0};
    cr_assert_eq(stranger_writes(stranger, text, strlen(text)),
                 (int)strlen(text), "The stranger cannot write.");
    receive(stranger, buffer, strlen(text));
    cr_assert_str_eq(buffer, text, "\"%s\" came back as \"%s\".", text, buffer);
}

static void assert_end_of_file(int stranger) {
    char byte;
    int result = -1;
    turn_until((result = stranger_reads(stranger, &byte, 1)) >= 0 ||
                   errno != EAGAIN,
               "The server does not close its end.");
    cr_assert_leq(result, 0, "There is more than what was sent.");
}

Test(echo_server, sends_back_what_it_is_sent, .timeout = 60) {
    int stranger = stranger_connects(port);
    assert_echoes(stranger, "hello");
    assert_echoes(stranger, "world");
    cr_assert(server.accepted == 1 && server.open == 1,
              "One connection is there: %lu accepted, %lu open.",
              server.accepted, server.open);
    close(stranger);
    turn_until(server.open == 0, "The stranger has gone: one is still open.");
    cr_assert_eq(server.bytes, 10, "Ten bytes went back, %d are counted.",
                 (int)server.bytes);
    assert_said("connection 1 ends after 10 bytes: end of file");
}

Test(echo_server, serves_many_at_the_same_time, .timeout = 60) {
    int strangers[20];
    for (int i = 0; i < 20; i++) {
        strangers[i] = stranger_connects(port);
    }
    for (int i = 19; i >= 0; i--) {
        char text[32];
        snprintf(text, sizeof text, "stranger %d", i);
        assert_echoes(strangers[i], text);
    }
    cr_assert_eq(server.open, 20, "20 are connected, %lu are open.",
                 server.open);
    for (int i = 0; i < 20; i++) {
        close(strangers[i]);
    }
    turn_until(server.open == 0, "All have gone, %lu are still open.",
               server.open);
}

/* Sends `length` bytes in two parts, ends, and expects all of them back. */
static void cut(size_t length, size_t at) {
    static const char text[] =
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-+";
    char back[64];
    int stranger = stranger_connects(port);
    (void)stranger_writes(stranger, text, at);
    if (at % 2 == 0) {
        receive(stranger, back, at);
    }
    (void)stranger_writes(stranger, text + at, length - at);
    shutdown(stranger, SHUT_WR);
    receive(stranger, back + (at % 2 == 0 ? at : 0),
            length - (at % 2 == 0 ? at : 0));
    cr_assert_eq(memcmp(back, text, length), 0,
                 "%zu bytes, cut after %zu, came back changed.", length, at);
    assert_end_of_file(stranger);
    close(stranger);
}

Test(echo_server, loses_nothing_wherever_the_file_ends, .timeout = 60) {
    for (size_t length = 0; length <= 64; length++) {
        cut(length, 0);
        cut(length, length / 2);
        cut(length, length > 0 ? length - 1 : 0);
        cut(length, length);
    }
    turn_until(server.open == 0, "All have ended, %lu are open.", server.open);
}

Test(echo_server, writes_on_when_writes_are_short, .timeout = 60) {
    int stranger = stranger_connects(port);
    script_writes_take = 1;
    assert_echoes(stranger, "one byte at a time, please");
    script_writes_take = 0;
    script_reads_give = 1;
    assert_echoes(stranger, "and now the other way round");
    close(stranger);
}

/* Writes until nothing moves any more. Returns how much was taken. */
static size_t stuff(int stranger) {
    static const char bytes[65536];
    size_t taken = 0;
    int idle = 0;
    while (idle < 20) {
        int result = stranger_writes(stranger, bytes, sizeof bytes);
        taken += result > 0 ? (size_t)result : 0;
        uint64_t before = server.bytes;
        turn();
        idle = result > 0 || server.bytes > before ? 0 : idle + 1;
    }
    return taken;
}

Test(echo_server, client_that_never_reads_hinders_nobody, .timeout = 60) {
    static unsigned char bytes[100000];
    int lazy = stranger_connects(port);
    turn_until(server.open == 1, "It has connected.");
    turn(); /* the server waits for its bytes now */
    long before = script_bytes;
    size_t taken = stuff(lazy);
    cr_assert_gt(taken, 0, "Nothing was taken at all.");
    cr_assert(script_bytes == before,
              "A client sends and never reads, and the server has taken %ld "
              "bytes more of memory. It has to stop reading until it has "
              "written: then TCP holds the client back.",
              script_bytes - before);
    EchoClient client;
    echo_client_init(&client, port, bytes, sizeof bytes);
    run_to_the_end_of(&client.future);
    cr_assert_eq(client.result, 0,
                 "A client that never reads kept another from being served.");
    future_drop(&client.future);
    cr_assert(taken > server.bytes - sizeof bytes,
              "The lazy client has not read, but all came back.");
    stranger_resets(lazy);
    turn_until(server.open == 0, "The lazy client has gone.");
}

Test(echo_server, survives_a_peer_that_resets, .timeout = 60) {
    int rude = stranger_connects(port), polite = stranger_connects(port);
    assert_echoes(rude, "hello");
    stranger_resets(rude);
    assert_echoes(polite, "still there?");
    turn_until(server.open == 1, "The rude one is still open.");
    assert_said("connection 1 ends after 5 bytes: Connection reset");
    close(polite);
}

Test(echo_server, survives_a_reset_while_it_writes, .timeout = 60) {
    int lazy = stranger_connects(port);
    stuff(lazy);
    stranger_resets(lazy);
    turn_until(server.open == 0, "The lazy one is still open.");
    int polite = stranger_connects(port);
    assert_echoes(polite, "still there?");
    close(polite);
}

Test(echo_server, without_descriptors_serves_on_and_accepts_again,
     .timeout = 60) {
    int strangers[4];
    for (int i = 0; i < 4; i++) {
        strangers[i] = stranger_connects(port);
    }
    limit_descriptors(next_descriptor() + 2);
    turn_until(server.accepted == 2, "There is room for two.");
    for (int i = 0; i < 10; i++) {
        turn();
    }
    cr_assert_eq(server.accepted, 2, "There is room for two, not %lu.",
                 server.accepted);
    assert_said("cannot accept with 2 connections open");
    size_t before_the_rest = strlen(said());
    script_clock_ns += 100 * NS_PER_MS;
    turn();
    turn();
    cr_assert_eq(strlen(said()), before_the_rest,
                 "The server tried again, failed as before, and said so once "
                 "more: a log that says the same ten times a second hides all "
                 "else. It says: %s",
                 said());
    assert_echoes(strangers[0], "first");
    assert_echoes(strangers[1], "second");
    /* It must not run into the wall in each turn. */
    int before = script_accept.calls;
    for (int i = 0; i < 10; i++) {
        turn();
    }
    cr_assert_eq(script_accept.calls, before,
                 "No descriptor is left, and the server tried to accept %d "
                 "times in 10 turns: it has to rest, or it spins.",
                 script_accept.calls - before);
    close(strangers[0]); /* frees one descriptor here and one there */
    turn_until(server.open == 1, "The first one has gone.");
    script_clock_ns += 100 * NS_PER_MS;
    turn_until(server.accepted >= 3,
               "A descriptor is free again, the rest is over, and the server "
               "does not accept any more.");
    assert_echoes(strangers[2], "third");
    limit_descriptors(1024);
    script_clock_ns += 100 * NS_PER_MS;
    turn_until(server.accepted == 4, "The fourth one still waits.");
    assert_echoes(strangers[3], "fourth");
    for (int i = 1; i < 4; i++) {
        close(strangers[i]);
    }
}

/* Such an error is of one connection: the next one is there already. */
Test(echo_server, does_not_rest_after_an_error_of_the_network, .timeout = 60) {
    int stranger = stranger_connects(port);
    script_fail(&script_accept, 1, ENETDOWN);
    turn_until(server.accepted == 1,
               "Accepting failed once with ENETDOWN, and a connection that "
               "waits is left waiting: try again, without a rest. It says: %s",
               said());
    assert_echoes(stranger, "hello");
    close(stranger);
}

Test(echo_server, rests_by_itself_until_it_can_accept, .timeout = 60) {
    int stranger = stranger_connects(port);
    script_fail(&script_accept, 1, ENFILE);
    EchoClient client;
    echo_client_init(&client, port, "hello", 5);
    run_to_the_end_of(&client.future); /* sleeps through the rest */
    cr_assert_eq(client.result, 0, "It was not served after the rest.");
    assert_said("trying again every 100 ms");
    future_drop(&client.future);
    close(stranger);
}

static void refuse_memory(void *unused) {
    (void)unused;
    script_refuse_allocation = 2; /* the socket's entry, then the task */
}

Test(echo_server, without_memory_closes_that_connection_only, .timeout = 60) {
    int first = stranger_connects(port);
    assert_echoes(first, "hello");
    int refused = stranger_connects(port);
    script_after_accept = (Cue){refuse_memory, NULL, 0};
    assert_end_of_file(refused);
    cr_assert_eq(server.open, 1,
                 "There was no memory for a connection: it has to be closed, "
                 "and is not counted as open (%lu).",
                 server.open);
    assert_said("connection 2 ends after 0 bytes: Cannot allocate memory");
    assert_echoes(first, "still there?");
    int third = stranger_connects(port);
    assert_echoes(third, "and the next?");
    close(first);
    close(refused);
    close(third);
}

Test(echo_server, ended_in_the_middle_leaves_nothing, .timeout = 60) {
    int idle = stranger_connects(port), lazy = stranger_connects(port);
    assert_echoes(idle, "hello");
    stuff(lazy);
    cr_assert_eq(server.open, 2, "One reads and one writes.");
    runtime_free(); /* what it leaves is looked for at the end of the test */
    cr_assert_eq(server.open, 0, "%lu connections were not closed.",
                 server.open);
    runtime = stage_open();
    close(idle);
    close(lazy);
}

Test(echo_server, ended_while_it_rests_leaves_nothing, .timeout = 60) {
    int stranger = stranger_connects(port);
    script_fail_always(&script_accept, EMFILE);
    for (int i = 0; i < 5; i++) {
        turn();
    }
    assert_said("trying again");
    close(stranger);
}

Test(echo_server, cancelled_accepting_leaves_its_connections, .timeout = 60) {
    int stranger = stranger_connects(port);
    assert_echoes(stranger, "hello");
    join_handle_cancel(&accepting);
    assert_echoes(stranger, "still there?");
    int late = stranger_connects(port);
    for (int i = 0; i < 5; i++) {
        turn();
    }
    cr_assert_eq(server.accepted, 1, "It was told to accept no more.");
    close(stranger);
    close(late);
}

/* --- Starting ------------------------------------------------------------- */

RuntimeSuite(echo_server_start);

Test(echo_server, silent_connection_is_closed_after_its_time, .timeout = 60) {
    server.idle_ns = 10 * NS_PER_S;
    int stranger = stranger_connects(port);
    assert_echoes(stranger, "hello");
    script_clock_ns += 9 * NS_PER_S;
    assert_echoes(stranger, "still here");
    script_clock_ns += 9 * NS_PER_S;
    turn();
    cr_assert_eq(
        server.open, 1,
        "The connection spoke 9 seconds ago, may be silent for 10, and "
        "is closed: each read begins a time of its own.");
    script_clock_ns += 2 * NS_PER_S;
    turn_until(server.open == 0,
               "The connection has been silent for 11 seconds, may be for 10, "
               "and is still open.");
    assert_said("it said nothing for too long");
    assert_end_of_file(stranger);
    close(stranger);
}

/* Whether the system refuses a connection to a port. */
static bool is_refused(uint16_t to) {
    struct sockaddr_in address = loopback(to);
    int stranger = socket(AF_INET, SOCK_STREAM, 0);
    int result = connect(stranger, (struct sockaddr *)&address, sizeof address);
    close(stranger);
    return result < 0;
}

Test(echo_server, that_stops_serves_those_who_are_there, .timeout = 60) {
    int stranger = stranger_connects(port);
    assert_echoes(stranger, "hello");
    echo_server_stop(&server);
    turn_until(
        join_handle_is_finished(&accepting),
        "The listener is closed, and the task that accepts still waits.");
    cr_assert(is_refused(port),
              "The server has stopped, and takes another connection.");
    assert_echoes(stranger, "goodbye");
    EchoServerEnd end;
    ProbeWaker w;
    probe_waker_init(&w, "W");
    echo_server_end_init(&end, &server);
    cr_assert_eq(poll_for(&end.future, &w), POLL_PENDING,
                 "A connection is open, and the server says it has ended.");
    close(stranger);
    turn_until(server.open == 0, "The stranger has gone: one is still open.");
    cr_assert_eq(w.wakes, 1,
                 "The last connection has ended, and who waits for that was "
                 "woken %d times, not once.",
                 w.wakes);
    cr_assert_eq(poll_for(&end.future, &w), POLL_READY,
                 "No connection is open, and the server says one is.");
    future_drop(&end.future);
    assert_balanced(&w);
}

Test(echo_server_start, port_in_use_is_told, .timeout = 60) {
    EchoServer second;
    uint16_t used;
    int listener = stranger_listens(&used);
    int result = echo_server_start(&second, runtime, used, NULL, NULL);
    cr_assert_eq(result, -EADDRINUSE, "The port is in use, it says %s.",
                 error_name(result));
    cr_assert_eq(executor_pending_tasks(runtime), 0, "It failed, and runs.");
    close(listener);
}

Test(echo_server_start, works_without_a_log, .timeout = 60) {
    EchoServer quiet;
    EchoClient client;
    cr_assert_eq(echo_server_start(&quiet, runtime, 0, NULL, NULL), 0,
                 "Nobody wants to know what happens.");
    script_fail(&script_accept, 1, EMFILE);
    echo_client_init(&client, socket_port(&quiet.listener), "hello", 5);
    run_to_the_end_of(&client.future);
    cr_assert_eq(client.result, 0, "It does not work without a log.");
    future_drop(&client.future);
    runtime_free();
    echo_server_stop(&quiet);
}

Test(echo_server_start, without_memory_leaves_nothing, .timeout = 60) {
    int nth = 0, result = -ENOMEM;
    while (result == -ENOMEM) {
        EchoServer refused;
        nth += 1;
        script_refuse_allocation = nth;
        result = echo_server_start(&refused, runtime, 0, NULL, NULL);
        if (script_refuse_allocation > 0) {
            script_refuse_allocation = 0;
            cr_assert_eq(result, 0, "Nothing was refused.");
            runtime_free();
            echo_server_stop(&refused);
            return;
        }
        cr_assert_eq(result, -ENOMEM, "Memory was refused, it said %s.",
                     error_name(result));
        cr_assert_eq(executor_pending_tasks(runtime), 0,
                     "It failed, and runs.");
    }
}
