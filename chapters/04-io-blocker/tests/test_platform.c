/*
 * What the sources rely on, whichever system it is: the calls of POSIX, as
 * platform.h has them. On Windows, platform_windows.c makes them.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "platform.h"

enum { PATIENCE_MS = 5000 };

static int near_end, far_end;

static void open_pair(void) {
    int ends[2];
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0,
                 "The test got no pair of sockets.");
    near_end = ends[0];
    far_end = ends[1];
    fcntl(near_end, F_SETFL, O_NONBLOCK);
}

TestSuite(platform, .init = open_pair, .timeout = 60);

int __real_poll(struct pollfd *entries, nfds_t count, int timeout_ms);

/* Waits for events at the near end. Returns those that came. */
static int wait_for(int events, int timeout_ms) {
    struct pollfd look = {.fd = near_end, .events = (short)events};
    int ready = __real_poll(&look, 1, timeout_ms);
    cr_assert_eq(ready, look.revents != 0,
                 "poll() counts %d descriptors, and the events are %d.", ready,
                 look.revents);
    return look.revents;
}

static struct sockaddr_in loopback(void) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

/* A listener at a free port; its address is the caller's to connect to. */
static int listen_at(struct sockaddr_in *address_out) {
    socklen_t length = sizeof *address_out;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    *address_out = loopback();
    cr_assert(bind(listener, (struct sockaddr *)address_out, length) == 0 &&
                  listen(listener, 8) == 0,
              "No port on 127.0.0.1: error %d.", errno);
    getsockname(listener, (struct sockaddr *)address_out, &length);
    return listener;
}

Test(platform, gives_the_lowest_number_that_is_free) {
    int third = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert(third > near_end && third > far_end,
              "Two numbers are in use, and the third is %d.", third);
    close(near_end);
    int next = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(next, near_end,
                 "Number %d is free again, and the next socket got %d.",
                 near_end, next);
}

Test(platform, knows_what_is_not_open) {
    char byte;
    close(near_end);
    int results[] = {
        (int)read(near_end, &byte, 1),
        (int)send(near_end, "x", 1, MSG_NOSIGNAL),
        close(near_end),
        dup(near_end),
        fcntl(near_end, F_GETFL),
    };
    for (int i = 0; i < 5; i++) {
        cr_assert_eq(results[i], -1, "Call %d works on what was closed.", i);
    }
    cr_assert_eq(errno, EBADF, "What is not open is EBADF, not %d.", errno);
    cr_assert_eq(wait_for(POLLIN, 0), POLLNVAL,
                 "poll() takes what is not open for a socket.");
}

Test(platform, remembers_what_does_not_block) {
    char byte;
    cr_assert_neq(fcntl(near_end, F_GETFL) & O_NONBLOCK, 0,
                  "It was made non-blocking, and does not say so.");
    cr_assert_eq(fcntl(far_end, F_GETFL) & O_NONBLOCK, 0,
                 "It was not made non-blocking, and says so.");
    cr_assert_eq(read(near_end, &byte, 1), -1, "There was nothing to read.");
    cr_assert_eq(errno, EAGAIN, "Nothing there yet is EAGAIN, not %d.", errno);
}

Test(platform, tells_the_end_of_file_after_the_data) {
    char bytes[8];
    cr_assert_eq(write(far_end, "last", 4), 4, "Four bytes found no room.");
    close(far_end);
    wait_for(POLLIN, PATIENCE_MS);
    cr_assert_eq(read(near_end, bytes, sizeof bytes), 4, "Data come first.");
    wait_for(POLLIN, PATIENCE_MS);
    cr_assert_eq(read(near_end, bytes, sizeof bytes), 0, "Then comes the end.");
}

Test(platform, polls_for_what_was_asked) {
    cr_assert_eq(wait_for(POLLIN, 0), 0, "Nothing was written yet.");
    cr_assert_eq(wait_for(POLLIN | POLLOUT, 0), POLLOUT, "There is room.");
    cr_assert_eq(write(far_end, "x", 1), 1, "One byte found no room.");
    cr_assert_eq(wait_for(POLLIN, PATIENCE_MS), POLLIN, "There is a byte.");
}

Test(platform, polls_no_negative_number) {
    struct pollfd looks[] = {{.fd = -1, .events = POLLIN},
                             {.fd = near_end, .events = POLLOUT}};
    cr_assert_eq(__real_poll(looks, 2, 0), 1, "One of the two has room.");
    cr_assert_eq(looks[0].revents, 0, "A negative number is nobody's.");
}

Test(platform, duplicates_share_one_connection) {
    char byte;
    int second = dup(near_end);
    cr_assert(second >= 0 && second != near_end, "It has no second number.");
    close(near_end);
    cr_assert_eq(write(far_end, "x", 1), 1, "One byte found no room.");
    near_end = second;
    wait_for(POLLIN, PATIENCE_MS);
    cr_assert_eq(read(second, &byte, 1), 1,
                 "The first was closed, and the second with it.");
}

Test(platform, accepts_only_what_it_has_a_number_for) {
    struct sockaddr_in address;
    struct rlimit limit;
    int listener = listen_at(&address);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    connect(client, (struct sockaddr *)&address, sizeof address);
    getrlimit(RLIMIT_NOFILE, &limit);
    struct rlimit none_left = limit;
    none_left.rlim_cur = (rlim_t)client + 1;
    setrlimit(RLIMIT_NOFILE, &none_left);
    cr_assert_eq(accept(listener, NULL, NULL), -1, "It got no number.");
    cr_assert_eq(errno, EMFILE, "No number left is EMFILE, not %d.", errno);
    setrlimit(RLIMIT_NOFILE, &limit);
    cr_assert_geq(accept(listener, NULL, NULL), 0,
                  "There was no number for the connection; now there is, and "
                  "it is gone.");
}

Test(platform, connecting_without_waiting_tells_the_refusal_later) {
    struct sockaddr_in address;
    int error = 0;
    socklen_t length = sizeof error;
    close(listen_at(&address));
    near_end = socket(AF_INET, SOCK_STREAM, 0);
    fcntl(near_end, F_SETFL, O_NONBLOCK);
    int result = connect(near_end, (struct sockaddr *)&address, sizeof address);
    cr_assert(result == -1 && errno == EINPROGRESS,
              "Connecting has begun: that is EINPROGRESS, not %d.", errno);
    wait_for(POLLOUT, PATIENCE_MS);
    getsockopt(near_end, SOL_SOCKET, SO_ERROR, &error, &length);
    cr_assert_eq(error, ECONNREFUSED, "SO_ERROR says %d, not ECONNREFUSED.",
                 error);
}

Test(platform, port_in_use_cannot_be_taken) {
    struct sockaddr_in address;
    int on = 1;
    listen_at(&address);
    int second = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(second, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    cr_assert_eq(bind(second, (struct sockaddr *)&address, sizeof address), -1,
                 "Two listeners have one port.");
    cr_assert_eq(errno, EADDRINUSE, "That is EADDRINUSE, not %d.", errno);
}

static volatile sig_atomic_t caught;

static void catch_it(int signal_number) {
    caught = signal_number;
}

Test(platform, handler_stays_after_it_was_called) {
    struct sigaction action = {.sa_handler = catch_it};
    sigaction(SIGTERM, &action, NULL);
    for (int i = 1; i <= 2; i++) {
        caught = 0;
        raise(SIGTERM);
        cr_assert_eq(caught, SIGTERM, "Signal number %d was not caught.", i);
    }
}

Test(platform, errors_have_words) {
    cr_assert_not_null(strstr(strerror(ECONNREFUSED), "refused"),
                       "ECONNREFUSED is called '%s'.", strerror(ECONNREFUSED));
    cr_assert_not_null(strstr(strerror(ECONNRESET), "reset"),
                       "ECONNRESET is called '%s'.", strerror(ECONNRESET));
}
