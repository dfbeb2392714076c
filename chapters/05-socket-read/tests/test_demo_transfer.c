/*
 * The transfer as a whole, while the network or the system misbehaves.
 */
#include "demo.h"
#include "platform.h"

#include <stdlib.h>
#include <string.h>

#include "descriptors.h"
#include "runtime.h"
#include "script_sleep.h"
#include "script_sockets.h"
#include "script_time.h"

static Demo demo;
static int output[2], errors[2];
static int stranger = -1;
static int before;

static void open_demo(void) {
    before = descriptors_open();
    cr_assert(pipe(output) == 0 && pipe(errors) == 0,
              "The test has no pipes for what the program says.");
    fcntl(output[0], F_SETFL, O_NONBLOCK);
    fcntl(errors[0], F_SETFL, O_NONBLOCK);
    demo = (Demo){.file = "Makefile",
                  .output = {.descriptor = output[1]},
                  .errors = {.descriptor = errors[1]}};
}

static void close_demo(void) {
    for (int i = 0; i < 2; i++) {
        close(output[i]);
        close(errors[i]);
    }
    if (stranger >= 0) {
        close(stranger);
    }
    stage_assert_nothing_left();
    cr_assert_eq(descriptors_open(), before,
                 "The transfer has ended, and %d descriptors are left open.",
                 descriptors_open() - before);
}

TestSuite(demo_transfer, .init = open_demo, .fini = close_demo);

/* Adds what has come through a pipe to a text. */
static const char *read_on(int reader, char text[4096]) {
    size_t length = strlen(text);
    (void)stranger_reads(reader, text + length, 4095 - length);
    return text;
}

static const char *said(void) {
    static char text[4096];
    return read_on(output[0], text);
}

static const char *complained(void) {
    static char text[4096];
    return read_on(errors[0], text);
}

Test(demo_transfer, says_that_all_came_back, .timeout = 60) {
    int status = demo_transfer(&demo);
    cr_assert(status == 0 && strstr(said(), "what came back is what went in"),
              "It ended with %d and said: %s%s", status, said(), complained());
    cr_assert_not_null(
        strstr(said(), "server: 1 connection served, 0 open, 0 tasks left"),
        "The server's end is told otherwise: %s", said());
}

/* Between the client's last words and the server's there is no sleep. */
static void expect_the_end(void *unused) {
    cr_assert(strstr(said(), "what came back is what went in") == NULL ||
                  strstr(said(), "connections served") != NULL,
              "All came back, and the program waits for a stranger who has "
              "connected as well, and who may stay for ever.");
    script_before_park = (Cue){expect_the_end, unused, 0};
}

static void stranger_comes(void *unused) {
    (void)unused;
    const char *port = strstr(said(), "127.0.0.1:");
    stranger = stranger_connects(
        (uint16_t)strtoul(port + strlen("127.0.0.1:"), NULL, 10));
}

Test(demo_transfer, does_not_wait_for_a_stranger, .timeout = 60) {
    script_after_accept = (Cue){stranger_comes, NULL, 0};
    script_before_park = (Cue){expect_the_end, NULL, 0};
    int status = demo_transfer(&demo);
    cr_assert_geq(stranger, 0, "No stranger came: this test has to be mended.");
    cr_assert_eq(status, 0, "A stranger came: it ended with %d and said: %s%s",
                 status, said(), complained());
}

static void expect_an_end_in_time(void *unused) {
    cr_assert(script_clock_ns < 30 * NS_PER_S,
              "Nobody is accepted, half a minute has gone by, and the client "
              "still waits for an answer.");
    script_before_park = (Cue){expect_an_end_in_time, unused, 0};
}

Test(demo_transfer, gives_up_if_the_server_cannot_accept, .timeout = 60) {
    script_fail_always(&script_accept, EMFILE);
    script_clock_ns = 0;
    expect_an_end_in_time(NULL);
    int status = demo_transfer(&demo);
    cr_assert(status == 1 &&
                  strstr(complained(), "for 5 seconds nothing came back"),
              "Nobody accepted, and the client was to give up. It ended with "
              "%d and said: %s%s",
              status, said(), complained());
}
