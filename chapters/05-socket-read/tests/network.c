#include "network.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "platform.h"

enum { MOST = 16384 };

static int opened[MOST];
static int opened_count;

static int keep(int descriptor) {
    cr_assert(descriptor >= 0 && opened_count < MOST,
              "This test needs more descriptors than it gets (%s): see "
              "'ulimit -n'.",
              strerror(errno));
    opened[opened_count++] = descriptor;
    return descriptor;
}

void network_close(int descriptor) {
    int i = opened_count - 1;
    while (opened[i] != descriptor) {
        i -= 1;
    }
    opened[i] = opened[--opened_count];
    close(descriptor);
}

void network_close_all(void) {
    while (opened_count > 0) {
        close(opened[--opened_count]);
    }
}

int network_duplicate(int descriptor) {
    return keep(dup(descriptor));
}

static int unblocked(int descriptor) {
    fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
    return descriptor;
}

static Pair keep_pair(int near, int far) {
    return (Pair){unblocked(keep(near)), unblocked(keep(far))};
}

Pair pair_open(void) {
    int ends[2] = {-1, -1};
    (void)!socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    return keep_pair(ends[0], ends[1]);
}

Pair pair_open_pipe_to_read(void) {
    int ends[2] = {-1, -1};
    (void)!pipe(ends);
    return keep_pair(ends[0], ends[1]);
}

Pair pair_open_pipe_to_write(void) {
    Pair pipe_to_read = pair_open_pipe_to_read();
    return (Pair){pipe_to_read.far, pipe_to_read.near};
}

static struct sockaddr_in loopback(void) {
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static int bound_open(void) {
    struct sockaddr_in address = loopback();
    int descriptor = keep(socket(AF_INET, SOCK_STREAM, 0));
    cr_assert(bind(descriptor, (struct sockaddr *)&address, sizeof address) ==
                  0,
              "No port on 127.0.0.1: %s.", strerror(errno));
    return descriptor;
}

int listener_open(void) {
    int descriptor = unblocked(bound_open());
    cr_assert(listen(descriptor, 8) == 0, "Cannot listen on 127.0.0.1.");
    return descriptor;
}

/* Begins to connect, without waiting for the end of it. */
int connect_to(int listener) {
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    getsockname(listener, (struct sockaddr *)&address, &length);
    int descriptor = unblocked(keep(socket(AF_INET, SOCK_STREAM, 0)));
    int result = connect(descriptor, (struct sockaddr *)&address, length);
    cr_assert(result == 0 || errno == EINPROGRESS,
              "This system decides at once (%s); the test is about a "
              "connection that is under way.",
              strerror(errno));
    return descriptor;
}

int refused_open(void) {
    return connect_to(bound_open()); /* nobody listens there */
}

Pair pair_open_tcp(void) {
    int listener = listener_open();
    int far = connect_to(listener);
    return (Pair){unblocked(keep(accept(listener, NULL, NULL))), far};
}

void far_sends(const Pair *pair, const char *text) {
    size_t length = strlen(text);
    cr_assert(write(pair->far, text, length) == (ssize_t)length,
              "The far end cannot write: %s.", strerror(errno));
}

void far_closes(Pair *pair) {
    network_close(pair->far);
    pair->far = -1;
}

void far_resets(Pair *pair) {
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    setsockopt(pair->far, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    network_close(pair->far);
    pair->far = -1;
}

int __real_poll(struct pollfd *entries, nfds_t count, int timeout_ms);

/* TCP moves bytes on for a moment: it is full when there is no room again. */
static int patience_ms(int descriptor) {
    struct sockaddr_storage name = {0};
    socklen_t length = sizeof name;
    getsockname(descriptor, (struct sockaddr *)&name, &length);
    return name.ss_family == AF_INET ? 100 : 0;
}

void near_fills(const Pair *pair) {
    static const char bytes[4096];
    struct pollfd room = {.fd = pair->near, .events = POLLOUT};
    do {
        while (write(pair->near, bytes, sizeof bytes) > 0) {
            /* until it would have to wait */
        }
    } while (__real_poll(&room, 1, patience_ms(pair->near)) > 0);
}

void far_drains(const Pair *pair) {
    char bytes[4096];
    while (read(pair->far, bytes, sizeof bytes) > 0) {
        /* until there is no more */
    }
}

int near_reads(const Pair *pair, char *buffer, size_t capacity) {
    return (int)read(pair->near, buffer, capacity);
}

int descriptors_limit(void) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur > MOST ? MOST : (int)limit.rlim_cur;
}
