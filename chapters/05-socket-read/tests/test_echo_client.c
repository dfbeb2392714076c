/*
 * The client, and servers that are not what they should be.
 */
#include "echo_client.h"
#include "platform.h"

#include <stdio.h>
#include <string.h>

#include "echo_server.h"
#include "runtime.h"
#include "script_descriptors.h"
#include "script_sleep.h"
#include "script_sockets.h"

RuntimeSuite(echo_client);

static EchoServer server;
static EchoClient client;

static void start_server(void) {
    int result = echo_server_start(&server, runtime, 0, NULL, NULL);
    cr_assert_eq(result, 0, "The server does not start: %s.",
                 strerror(-result));
}

static void stop_server(void) {
    runtime_free();
    echo_server_stop(&server);
}

static void transfer(const void *bytes, size_t length) {
    echo_client_init(&client, socket_port(&server.listener), bytes, length);
    run_to_the_end_of(&client.future);
    cr_assert(client.result == 0 && client.received == length,
              "%zu bytes went, %zu came back, with result %d.", length,
              client.received, client.result);
    future_drop(&client.future);
}

Test(echo_client, gets_every_byte_of_every_length, .timeout = 60) {
    static const char text[] =
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-+";
    start_server();
    for (size_t length = 0; length <= 64; length++) {
        transfer(text, length);
    }
    stop_server();
}

Test(echo_client, gets_a_megabyte_back_while_it_sends, .timeout = 60) {
    static unsigned char bytes[3 << 20];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (unsigned char)(i * 31 + i / 4096);
    }
    start_server();
    transfer(bytes, sizeof bytes);
    cr_assert_eq(server.bytes, sizeof bytes, "The server counts %d bytes.",
                 (int)server.bytes);
    stop_server();
}

Test(echo_client, and_server_move_all_in_short_reads_and_writes,
     .timeout = 60) {
    static unsigned char bytes[500];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (unsigned char)i;
    }
    start_server();
    script_writes_take = 7;
    script_reads_give = 3;
    transfer(bytes, sizeof bytes);
    stop_server();
}

Test(echo_client, is_told_that_nobody_listens, .timeout = 60) {
    uint16_t port;
    close(stranger_listens(&port));
    echo_client_init(&client, port, "hello", 5);
    run_to_the_end_of(&client.future);
    cr_assert_eq(client.result, -ECONNREFUSED, "Nobody listens, it says %d.",
                 client.result);
    future_drop(&client.future);
}

/* A server that says something of its own, and goes. */
static int impostor;
static const char *lie;
static bool impostor_resets;

/* Hears the client out first, so that closing is no reset. */
static void tell_lie(void *unused) {
    static int stranger = -1;
    char heard[64];
    if (stranger < 0) {
        stranger = accept(impostor, NULL, NULL);
    }
    if (stranger_reads(stranger, heard, sizeof heard) <= 0) {
        script_before_park = (Cue){tell_lie, unused, 0};
        return;
    }
    (void)stranger_writes(stranger, lie, strlen(lie));
    if (impostor_resets) {
        stranger_resets(stranger);
    } else {
        close(stranger);
    }
}

static void talk_to_impostor(const char *says) {
    uint16_t port;
    impostor = stranger_listens(&port);
    lie = says;
    script_before_park = (Cue){tell_lie, NULL, 0};
    echo_client_init(&client, port, "hello", 5);
    run_to_the_end_of(&client.future);
    future_drop(&client.future);
    close(impostor);
}

Test(echo_client, sees_that_other_bytes_came_back, .timeout = 60) {
    talk_to_impostor("jello");
    cr_assert_eq(client.result, -EILSEQ,
                 "\"hello\" went and \"jello\" came back; the result is %d.",
                 client.result);
}

Test(echo_client, sees_that_more_came_back, .timeout = 60) {
    talk_to_impostor("hello!");
    cr_assert_eq(client.result, -EILSEQ,
                 "\"hello\" went and \"hello!\" came back; the result is %d.",
                 client.result);
}

Test(echo_client, sees_that_too_little_came_back, .timeout = 60) {
    talk_to_impostor("hell");
    cr_assert_eq(client.result, -EPIPE,
                 "Of \"hello\" only \"hell\" came back; the result is %d.",
                 client.result);
}

Test(echo_client, is_told_of_a_reset, .timeout = 60) {
    impostor_resets = true;
    talk_to_impostor("");
    cr_assert(client.result == -ECONNRESET || client.result == -EPIPE,
              "The server reset the connection; the result is %d.",
              client.result);
}

static void connected_at_last(void *unused) {
    (void)unused;
    script_getpeername.fail_in = 0;
}

Test(echo_client, waits_until_it_is_connected, .timeout = 60) {
    start_server();
    script_fail_always(&script_getpeername, ENOTCONN);
    script_after_accept = (Cue){connected_at_last, NULL, 0};
    transfer("hello", 5);
    stop_server();
}

Test(echo_client, is_told_that_its_write_failed, .timeout = 60) {
    start_server();
    script_fail(&script_send, 1, ENOBUFS);
    echo_client_init(&client, socket_port(&server.listener), "hello", 5);
    run_to_the_end_of(&client.future);
    cr_assert_eq(client.result, -ENOBUFS, "Its write failed, it says %d.",
                 client.result);
    future_drop(&client.future);
    stop_server();
}

Test(echo_client, may_be_dropped_at_any_moment, .timeout = 60) {
    static unsigned char bytes[1 << 20];
    start_server();
    for (int turns = 0; turns < 12; turns++) {
        ProbeWaker w;
        probe_waker_init(&w, "W");
        echo_client_init(&client, socket_port(&server.listener), bytes,
                         sizeof bytes);
        for (int i = 0; i < turns; i++) {
            cr_assert_eq(poll_for(&client.future, &w), POLL_PENDING,
                         "A megabyte cannot be through after %d polls.", i);
            turn();
        }
        future_drop(&client.future);
        assert_balanced(&w);
    }
    turn_until(server.open == 0, "The clients have gone, %lu are open.",
               server.open);
    stop_server();
}
