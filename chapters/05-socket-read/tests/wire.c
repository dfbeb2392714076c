#include "wire.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "platform.h"

ssize_t __real_read(int descriptor, void *buffer, size_t capacity);
ssize_t __real_send(int descriptor, const void *bytes, size_t length,
                    int flags);
int __real_accept(int descriptor, struct sockaddr *address, socklen_t *length);

static int opened(int descriptor) {
    cr_assert(descriptor >= 0, "This test gets no descriptor: %s.",
              strerror(errno));
    return descriptor;
}

static int unblocked(int descriptor) {
    fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
    return descriptor;
}

static Wire adopt(int near, int far) {
    Wire wire = {.far = unblocked(far)};
    int result = socket_init(&wire.near, near);
    cr_assert(result == 0, "socket_init() failed on an open socket: %s.",
              strerror(-result));
    return wire;
}

Wire wire_open(void) {
    int ends[2] = {-1, -1};
    (void)!socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    return adopt(opened(ends[0]), opened(ends[1]));
}

Wire wire_open_tcp(void) {
    uint16_t port;
    int listener = stranger_listens(&port);
    int far = stranger_connects(port);
    int near;
    do {
        near = __real_accept(listener, NULL, NULL);
    } while (near < 0 && errno == EAGAIN);
    close(listener);
    return adopt(opened(near), far);
}

void wire_close(Wire *wire) {
    socket_close(&wire->near);
    if (wire->far >= 0) {
        close(wire->far);
        wire->far = -1;
    }
}

void wire_sends(const Wire *wire, const char *text) {
    size_t length = strlen(text);
    cr_assert(stranger_writes(wire->far, text, length) == (int)length,
              "The far end cannot write: %s.", strerror(errno));
}

void wire_hangs_up(Wire *wire) {
    close(wire->far);
    wire->far = -1;
}

void wire_resets(Wire *wire) {
    stranger_resets(wire->far);
    wire->far = -1;
}

void wire_fills(const Wire *wire) {
    static const char bytes[4096];
    while (stranger_writes(wire->near.object, bytes, sizeof bytes) > 0) {
        /* until it would have to wait */
    }
}

void wire_drains(const Wire *wire) {
    char bytes[4096];
    while (stranger_reads(wire->far, bytes, sizeof bytes) > 0) {
        /* until there is no more */
    }
}

int wire_receives(const Wire *wire, void *buffer, size_t capacity) {
    return stranger_reads(wire->far, buffer, capacity);
}

void wire_delivers_hello(void *wire) {
    wire_sends(wire, "hello");
}

/* --- Bare descriptors --------------------------------------------------- */

struct sockaddr_in loopback(uint16_t port) {
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

int stranger_listens(uint16_t *port_out) {
    struct sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    int listener = opened(socket(AF_INET, SOCK_STREAM, 0));
    cr_assert(bind(listener, (struct sockaddr *)&address, length) == 0 &&
                  listen(listener, 64) == 0,
              "No port on 127.0.0.1: %s.", strerror(errno));
    getsockname(listener, (struct sockaddr *)&address, &length);
    *port_out = ntohs(address.sin_port);
    return unblocked(listener);
}

int stranger_connects(uint16_t port) {
    struct sockaddr_in address = loopback(port);
    int stranger = opened(socket(AF_INET, SOCK_STREAM, 0));
    cr_assert(
        connect(stranger, (struct sockaddr *)&address, sizeof address) == 0,
        "Cannot connect to port %d on 127.0.0.1: %s.", port, strerror(errno));
    return unblocked(stranger);
}

int stranger_reads(int stranger, void *buffer, size_t capacity) {
    return (int)__real_read(stranger, buffer, capacity);
}

int stranger_writes(int stranger, const void *bytes, size_t length) {
    return (int)__real_send(stranger, bytes, length, MSG_NOSIGNAL);
}

void stranger_resets(int stranger) {
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    setsockopt(stranger, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(stranger);
}

int next_descriptor(void) {
    int number = opened(fcntl(0, F_DUPFD, 0));
    close(number);
    return number;
}

void limit_descriptors(int limit) {
    struct rlimit now;
    getrlimit(RLIMIT_NOFILE, &now);
    now.rlim_cur = (rlim_t)limit;
    cr_assert(setrlimit(RLIMIT_NOFILE, &now) == 0,
              "The limit of descriptors cannot be set to %d.", limit);
}
