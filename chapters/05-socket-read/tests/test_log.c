/*
 * A log into a pipe of which the test holds the other end, and reads it or
 * does not. A write that would have to wait is not made, but noted.
 */
#include "log.h"
#include "platform.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script.h"
#include "wire.h"

enum { LONGEST = 512 };

/* --- Writes --------------------------------------------------------------- */

static Scripted script_write;
static size_t write_takes; /* at most so many bytes; 0: no limit */
static int waiting_writes;
static bool a_log_is_tested; /* others may write to whatever they like */

ssize_t __real_write(int descriptor, const void *bytes, size_t length);
int __real_poll(struct pollfd *entries, nfds_t count, int timeout_ms);

/* A terminal that blocks may do so at any time. */
static bool would_wait(int descriptor) {
    struct pollfd entry = {.fd = descriptor, .events = POLLOUT};
    return (fcntl(descriptor, F_GETFL) & O_NONBLOCK) == 0 &&
           (isatty(descriptor) || __real_poll(&entry, 1, 0) == 0);
}

ssize_t __wrap_write(int descriptor, const void *bytes, size_t length) {
    if (script_fails(&script_write)) {
        return -1;
    }
    if (a_log_is_tested && would_wait(descriptor)) {
        waiting_writes += 1;
        errno = EAGAIN;
        return -1;
    }
    return __real_write(descriptor, bytes,
                        write_takes > 0 ? write_takes : length);
}

/* --- The other end -------------------------------------------------------- */

static Log lines;
static int reader;

static void open_log(void) {
    int ends[2];
    a_log_is_tested = true;
    cr_assert_eq(pipe(ends), 0, "The test has no pipe for the log.");
    reader = ends[0];
    fcntl(reader, F_SETFL, O_NONBLOCK);
    lines = (Log){.descriptor = ends[1]};
}

static void close_log(void) {
    close(lines.descriptor);
    close(reader);
}

TestSuite(log, .init = open_log, .fini = close_log);

/* Writes until there is no room any more. */
static void fill(void) {
    static const char bytes[LONGEST];
    struct pollfd entry = {.fd = lines.descriptor, .events = POLLOUT};
    while (__real_poll(&entry, 1, 0) > 0) {
        (void)!__real_write(lines.descriptor, bytes, sizeof bytes);
    }
}

/* Reads all there is; the last of it is a text. */
static const char *drain(void) {
    static char text[1 << 20];
    size_t length = 0;
    int more;
    while ((more = stranger_reads(reader, text + length,
                                  sizeof text - 1 - length)) > 0) {
        length += (size_t)more;
    }
    text[length] = '\0';
    return text;
}

#define assert_reads(expected)                                                 \
    do {                                                                       \
        const char *text_read = drain();                                       \
        cr_assert_str_eq(text_read, expected,                                  \
                         "The log should say \"%s\". It says: \"%s\".",        \
                         expected, text_read);                                 \
    } while (0)

#define assert_did_not_wait()                                                  \
    cr_assert_eq(waiting_writes, 0,                                            \
                 "A line was written where there was no room for it: the "     \
                 "server would stand still until it is read there.")

/* --- Tests ---------------------------------------------------------------- */

Test(log, writes_whole_lines_at_once, .timeout = 60) {
    log_line(&lines, "connection %d ends: %s", 1, "end of file");
    assert_reads("connection 1 ends: end of file\n");
    cr_assert_eq(script_write.calls, 1, "One line took %d writes.",
                 script_write.calls);
    cr_assert_eq(log_end(&lines), 0, "Nothing failed.");
    assert_reads("");
}

Test(log, that_is_none_says_nothing, .timeout = 60) {
    log_line(NULL, "hello");
    cr_assert_eq(script_write.calls, 0, "There is no log, and it wrote.");
}

Test(log, drops_a_line_without_room_and_counts_it, .timeout = 60) {
    fill();
    log_line(&lines, "first");
    log_line(&lines, "second");
    assert_did_not_wait();
    cr_assert_eq(lines.dropped, 2, "Two lines were dropped, %lu are counted.",
                 lines.dropped);
    cr_assert_eq(lines.error, 0, "That there is no room is no error.");
    drain();
    log_line(&lines, "third");
    assert_reads("2 lines of the log were dropped\nthird\n");
    log_line(&lines, "fourth");
    assert_reads("fourth\n");
}

Test(log, tells_of_dropped_lines_at_its_end, .timeout = 60) {
    fill();
    log_line(&lines, "first");
    cr_assert_eq(log_end(&lines), 0, "Nothing failed.");
    assert_did_not_wait();
    cr_assert_eq(lines.dropped, 1,
                 "There was no room to tell of it: one line is still dropped.");
    drain();
    cr_assert_eq(log_end(&lines), 0, "Nothing failed.");
    assert_reads("1 line of the log was dropped\n");
    cr_assert_eq(lines.dropped, 0, "It has told, and still counts.");
}

Test(log, cuts_a_line_that_a_pipe_might_not_take_at_once, .timeout = 60) {
    char text[2 * LONGEST];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (unsigned long dropped = 0; dropped < 2; dropped++) {
        lines.dropped = dropped;
        log_line(&lines, "%s", text);
        const char *line = drain();
        cr_assert(strlen(line) == LONGEST && line[LONGEST - 1] == '\n',
                  "512 bytes, the last of them the line's end, are what any "
                  "pipe takes at once; %zu were written.",
                  strlen(line));
    }
}

Test(log, takes_a_full_disk_for_a_dropped_line_and_tries_again, .timeout = 60) {
    script_fail(&script_write, 1, ENOSPC);
    log_line(&lines, "first");
    cr_assert_eq(lines.error, -ENOSPC,
                 "The disk is full, the log does not "
                 "know.");
    log_line(&lines, "second");
    assert_reads("1 line of the log was dropped\nsecond\n");
    cr_assert_eq(log_end(&lines), -ENOSPC,
                 "A line is missing, and the log forgot why.");
}

Test(log, drops_a_line_that_a_signal_interrupts, .timeout = 60) {
    script_fail(&script_write, 1, EINTR);
    log_line(&lines, "first");
    cr_assert(lines.dropped == 1 && lines.error == 0,
              "A signal, Ctrl-C perhaps, ended the write: the line is dropped, "
              "and nothing is wrong with the log.");
}

Test(log, begins_a_new_line_after_one_that_was_cut_short, .timeout = 60) {
    write_takes = 3;
    log_line(&lines, "first");
    write_takes = 0;
    log_line(&lines, "second");
    assert_reads("fir\n1 line of the log was dropped\nsecond\n");
    log_line(&lines, "third");
    assert_reads("third\n");
}

Test(log, remembers_a_cut_line_over_one_that_is_not_written, .timeout = 60) {
    write_takes = 3;
    log_line(&lines, "first");
    write_takes = 0;
    script_fail(&script_write, 1, EAGAIN);
    log_line(&lines, "second");
    log_line(&lines, "third");
    assert_reads("fir\n2 lines of the log were dropped\nthird\n");
}

Test(log, outlives_its_reader, .timeout = 60) {
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL);
    close(reader);
    log_line(&lines, "first");
    log_line(&lines, "second");
    cr_assert(lines.error == -EPIPE && lines.dropped == 2,
              "The reader has gone: two lines are dropped, and the error is "
              "that of a broken pipe. Counted are %lu, the error is \"%s\".",
              lines.dropped, strerror(-lines.error));
    reader = dup(lines.descriptor); /* something to close */
}

Test(log, waits_for_room_if_it_is_told_to, .timeout = 60) {
    lines.waits = true;
    fill();
    log_line(&lines, "first");
    cr_assert_eq(waiting_writes, 1, "It did not try to write.");
}

Test(log, leaves_the_open_file_that_others_share_as_it_is, .timeout = 60) {
    log_stop_waiting(&lines);
    log_line(&lines, "first");
    cr_assert_eq(fcntl(lines.descriptor, F_GETFL) & O_NONBLOCK, 0,
                 "The log's pipe was made non-blocking: so it is for all who "
                 "share it, the shell and the other programs in it.");
}

#ifndef _WIN32 /* where a terminal is a file, whose writes wait */
Test(log, does_not_wait_for_a_terminal, .timeout = 60) {
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    cr_assert(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0,
              "The test has no terminal: %s.", strerror(errno));
    int shared = open(ptsname(master), O_RDWR | O_NOCTTY);
    Log terminal = {.descriptor = dup(shared)};
    log_stop_waiting(&terminal);
    for (int i = 0; i < 20000 && terminal.dropped == 0; i++) {
        log_line(&terminal, "line %d, and nobody reads at the other end", i);
    }
    cr_assert_eq(waiting_writes, 0,
                 "A line was written to a terminal that blocks: if nobody "
                 "reads at its other end, the server stands still.");
    cr_assert_gt(terminal.dropped, 0, "20,000 lines were not too many.");
    cr_assert_eq(fcntl(shared, F_GETFL) & O_NONBLOCK, 0,
                 "The terminal was made non-blocking for all who share it.");
    close(terminal.descriptor);
    close(shared);
    close(master);
}
#endif
