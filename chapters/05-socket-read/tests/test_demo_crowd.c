/*
 * The crowd as a whole: two processes. What is scripted here is scripted in
 * both.
 */
#include "demo.h"
#include "platform.h"

#include <string.h>

#include "descriptors.h"
#include "runtime.h"
#include "script_descriptors.h"
#include "script_sleep.h"
#include "script_sockets.h"
#include "script_time.h"

static Demo demo;
static int output[2], errors[2];
static int before;

static void open_demo(void) {
    before = descriptors_open();
    cr_assert(pipe(output) == 0 && pipe(errors) == 0,
              "The test has no pipes for what the program says.");
    demo = (Demo){.crowd = 5,
                  .output = {.descriptor = output[1]},
                  .errors = {.descriptor = errors[1]}};
}

static void close_demo(void) {
    for (int i = 0; i < 2; i++) {
        close(output[i]);
        close(errors[i]);
    }
    stage_assert_nothing_left();
    cr_assert_eq(descriptors_open(), before,
                 "The crowd has gone, and %d descriptors are left open.",
                 descriptors_open() - before);
}

TestSuite(demo_crowd, .init = open_demo, .fini = close_demo);

/* All that came through a pipe. */
static const char *read_all(const int pipe[2], char text[4096]) {
    fcntl(pipe[0], F_SETFL, O_NONBLOCK);
    int length = stranger_reads(pipe[0], text, 4095);
    text[length > 0 ? length : 0] = '\0';
    return text;
}

static char said[4096], complained[4096];

static int run_crowd(void) {
    int status = demo_crowd(&demo);
    read_all(output, said);
    read_all(errors, complained);
    return status;
}

Test(demo_crowd, is_served_in_another_process, .timeout = 60) {
    script_use_real_time();
    int status = run_crowd();
    cr_assert(status == 0 && strstr(said, "5 answered twice") != NULL &&
                  strstr(said, "served 5 connections, 640 bytes") != NULL,
              "It ended with %d and said: %s%s", status, said, complained);
}

static void expect_an_end_in_time(void *unused) {
    cr_assert(script_clock_ns < 30 * NS_PER_S,
              "Nobody can be accepted, half a minute has gone by, and the "
              "server still waits for its crowd.");
    script_before_park = (Cue){expect_an_end_in_time, unused, 0};
}

Test(demo_crowd, whose_server_cannot_accept_gives_up, .timeout = 60) {
    script_fail_always(&script_accept, ENFILE);
    script_clock_ns = 0;
    expect_an_end_in_time(NULL);
    int status = run_crowd();
    cr_assert(status == 1 && strstr(complained, "for 5 seconds") != NULL,
              "Nobody is accepted, so the visitors wait, and the server waits "
              "for them: one of them has to give up. It ended with %d and "
              "said: %s%s",
              status, said, complained);
}

Test(demo_crowd, without_a_second_pipe_ends, .timeout = 60) {
    script_fail(&script_pipe, 2, EMFILE);
    int status = run_crowd();
    cr_assert(status == 1 &&
                  strstr(complained, "A pipe cannot be made: Too many open "
                                     "files.") != NULL,
              "It ended with %d and said: %s%s", status, said, complained);
}

Test(demo_crowd, without_descriptors_is_told_how_large_it_may_be,
     .timeout = 60) {
    limit_descriptors(30);
    script_fail(&script_setrlimit, 1, EPERM);
    demo.crowd = 30;
    cr_assert_eq(run_crowd(), 1, "There are not descriptors enough.");
    cr_assert_not_null(strstr(complained, "try --crowd "), "It says: %s",
                       complained);
    limit_descriptors(before + 8);
    script_fail(&script_setrlimit, 1, EPERM);
    demo.crowd = 1;
    cr_assert_eq(run_crowd(), 1, "There are not descriptors enough.");
    cr_assert_not_null(strstr(complained, "too few for a crowd of one"),
                       "It says: %s", complained);
}
