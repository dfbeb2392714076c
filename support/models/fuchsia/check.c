/*
 * Holds the model of Fuchsia's ports against a real kernel where Linux has the
 * same behaviour, and against Fuchsia's documentation where it has not. Each
 * function is one claim; the first that does not hold ends the program.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <lib/fdio/unsafe.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <zircon/syscalls.h>

enum { MS = 1000000 };

static const char *claim;
static zx_handle_t port;

#define CHECK(condition)                                                       \
    do {                                                                       \
        if (!(condition)) {                                                    \
            fprintf(stderr,                                                    \
                    "The model of Fuchsia's ports is wrong, line %d: %s; but " \
                    "not (%s).\n",                                             \
                    __LINE__, claim, #condition);                              \
            exit(1);                                                           \
        }                                                                      \
    } while (0)

/* A socket pair whose near end is known to fdio. */
typedef struct Line {
    int near;
    int far;
    fdio_t *io;
    zx_handle_t handle;
} Line;

static Line line_open(void) {
    int ends[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
    Line line = {ends[0], ends[1], fdio_unsafe_fd_to_io(ends[0]), 0};
    zx_signals_t signals;
    fdio_unsafe_wait_begin(line.io, POLLIN, &line.handle, &signals);
    CHECK(line.handle != ZX_HANDLE_INVALID);
    return line;
}

static void line_close(Line *line) {
    fdio_unsafe_release(line->io);
    close(line->near);
    if (line->far >= 0) {
        close(line->far);
    }
}

static void far_sends(const Line *line) {
    CHECK(write(line->far, "x", 1) == 1);
}

static void far_closes(Line *line) {
    close(line->far);
    line->far = -1;
}

static void near_reads(const Line *line) {
    char bytes[16];
    CHECK(read(line->near, bytes, sizeof bytes) > 0);
}

static void near_fills(const Line *line) {
    static const char bytes[4096];
    while (write(line->near, bytes, sizeof bytes) > 0) {
        /* until there is no room */
    }
}

static zx_status_t begin(const Line *line, uint64_t key, zx_signals_t signals,
                         uint32_t options) {
    return zx_object_wait_async(line->handle, port, key, signals, options);
}

/* Looks without waiting. Returns whether there was a packet. */
static bool look(zx_port_packet_t *packet_out) {
    zx_status_t status = zx_port_wait(port, 0, packet_out);
    CHECK(status == ZX_OK || status == ZX_ERR_TIMED_OUT);
    return status == ZX_OK;
}

static int look_for_one(void) {
    zx_port_packet_t packet;
    return look(&packet);
}

static zx_time_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (zx_time_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* --- Beside Linux --------------------------------------------------------- */

/* The same steps for an epoll set and for a port; what each reports. */
typedef struct Side {
    Line line;
    int epoll; /* -1 for the port */
    uint32_t flags;
    bool known;
} Side;

static void arm(Side *side) {
    if (side->epoll < 0) {
        CHECK(begin(&side->line, 1, ZX_SOCKET_READABLE, side->flags) == ZX_OK);
        return;
    }
    struct epoll_event event = {.events = EPOLLIN | side->flags};
    int operation = side->known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    CHECK(epoll_ctl(side->epoll, operation, side->line.near, &event) == 0);
    side->known = true;
}

static int events_of(Side *side) {
    struct epoll_event event;
    return side->epoll < 0 ? look_for_one()
                           : epoll_wait(side->epoll, &event, 1, 0);
}

/* a: arm, s: the far end sends, r: read all, w: wait; what the waits said. */
static unsigned run(Side side, const char *steps) {
    unsigned reported = 1;
    side.line = line_open();
    for (; *steps != '\0'; steps++) {
        switch (*steps) {
        case 'a':
            arm(&side);
            break;
        case 's':
            far_sends(&side.line);
            break;
        case 'r':
            near_reads(&side.line);
            break;
        default:
            reported = reported << 1 | (unsigned)events_of(&side);
        }
    }
    if (side.epoll < 0) {
        (void)zx_port_cancel(port, side.line.handle, 1);
    } else {
        close(side.epoll);
    }
    line_close(&side.line);
    return reported;
}

static void assert_same(const char *steps, uint32_t flags, uint32_t options) {
    Side linux_side = {.epoll = epoll_create1(0), .flags = flags};
    Side model_side = {.epoll = -1, .flags = options};
    unsigned expected = run(linux_side, steps);
    unsigned reported = run(model_side, steps);
    if (expected != reported) {
        fprintf(stderr, "Steps %s: epoll says %x, the model %x.\n", steps,
                expected, reported);
    }
    CHECK(expected == reported);
}

static void one_shot_is_linux_one_shot(void) {
    static const char *const scripts[] = {"asww",    "saww",    "wasw",
                                          "asswaw",  "aswraw",  "aswsw",
                                          "aswrasw", "aswsaww", "aswawrsaw"};
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        assert_same(scripts[i], EPOLLONESHOT, ZX_WAIT_ASYNC_ONCE);
    }
}

/*
 * Random steps on two socket pairs, and after each a look at both: what one
 * reports the other must report. Each is armed for one signal or both, again
 * when it is spent; a hang-up, which Linux reports unasked, is asked for.
 */
typedef struct Walk {
    Line lines[2]; /* Linux's, the model's */
    int epoll;
    bool known;     /* to epoll */
    unsigned armed; /* POLLIN, POLLOUT; 0 when spent */
    int reports;
} Walk;

static void walk_arm(Walk *walk, unsigned events) {
    struct epoll_event event = {.events = events | EPOLLONESHOT};
    int operation = walk->known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    int descriptor = walk->lines[0].near;
    zx_handle_t handle;
    zx_signals_t signals;
    if (walk->armed != 0) {
        return;
    }
    CHECK(epoll_ctl(walk->epoll, operation, descriptor, &event) == 0);
    fdio_unsafe_wait_begin(walk->lines[1].io, events, &handle, &signals);
    CHECK(begin(&walk->lines[1], 1, signals | ZX_SOCKET_PEER_CLOSED, 0) ==
          ZX_OK);
    walk->known = true;
    walk->armed = events;
}

static void walk_look(Walk *walk) {
    struct epoll_event event = {.events = 0};
    zx_port_packet_t packet;
    uint32_t events = 0;
    int count = epoll_wait(walk->epoll, &event, 1, 0);
    bool has_packet = look(&packet);
    CHECK((count == 1) == has_packet);
    if (!has_packet) {
        return;
    }
    fdio_unsafe_wait_end(walk->lines[1].io, packet.signal.observed, &events);
    bool closed = (packet.signal.observed & ZX_SOCKET_PEER_CLOSED) != 0;
    CHECK(closed == ((event.events & EPOLLHUP) != 0));
    CHECK(closed || (event.events & walk->armed) == (events & walk->armed));
    walk->armed = 0;
    walk->reports += 1;
}

/* The same step on both sides; returns false when the far ends are closed. */
static bool walk_step(Walk *walk, unsigned step) {
    static char bytes[4096];
    for (int i = 0; i < 2; i++) {
        Line *line = &walk->lines[i];
        switch (step) {
        case 0:
            far_closes(line);
            break;
        case 1:
            shutdown(line->far, SHUT_WR);
            break;
        case 2:
        case 3:
            (void)!send(line->far, bytes, 100, MSG_NOSIGNAL);
            break;
        case 4:
            (void)!read(line->near, bytes, 50);
            break;
        case 5:
            (void)!read(line->near, bytes, sizeof bytes);
            break;
        case 6:
            near_fills(line);
            break;
        case 7:
            while (read(line->far, bytes, sizeof bytes) > 0) {
                /* until there is no more */
            }
            break;
        default:
            walk_arm(walk,
                     (unsigned[]){POLLIN, POLLOUT, POLLIN | POLLOUT}[step % 3]);
            return true;
        }
    }
    return step != 0;
}

/* Returns how many events both sides reported. */
static int walk(unsigned *random) {
    Walk walk = {.lines = {line_open(), line_open()},
                 .epoll = epoll_create1(EPOLL_CLOEXEC)};
    bool goes_on = true;
    for (int i = 0; i < 60 && goes_on; i++) {
        *random = *random * 1103515245u + 12345u;
        unsigned step = (*random >> 16) % 100;
        step = step >= 98 ? step - 98 : 2 + step % 14; /* the ends are rare */
        goes_on = walk_step(&walk, step);
        walk_look(&walk);
    }
    walk_arm(&walk, POLLIN);
    walk_look(&walk);
    (void)zx_port_cancel(port, walk.lines[1].handle, 1);
    close(walk.epoll);
    line_close(&walk.lines[0]);
    line_close(&walk.lines[1]);
    return walk.reports;
}

static void random_steps_are_linux_one_shot(void) {
    unsigned random = 1;
    int reports = 0;
    for (int i = 0; i < 500; i++) {
        reports += walk(&random);
    }
    CHECK(reports > 2000); /* or nothing was compared */
}

/* Where both speak of an edge: the socket was empty, and then it was not. */
static void an_edge_from_nothing_is_linux_edge(void) {
    static const char *const scripts[] = {"aww", "asww", "awsww", "aswrww",
                                          "awswrwaswww"};
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        assert_same(scripts[i], EPOLLET | EPOLLONESHOT, ZX_WAIT_ASYNC_EDGE);
    }
}

/* poll(2)'s view of a socket in some state, against the model's. */
static void assert_state(const Line *line) {
    struct pollfd entry = {line->near, POLLIN | POLLOUT | POLLRDHUP, 0};
    CHECK(poll(&entry, 1, 0) >= 0);
    zx_port_packet_t packet;
    CHECK(begin(line, 1, ~(zx_signals_t)0, 0) == ZX_OK && look(&packet));
    uint32_t events;
    fdio_unsafe_wait_end(line->io, packet.signal.observed, &events);
    bool hung_up = (entry.revents & (POLLHUP | POLLERR)) != 0;
    bool closed = (packet.signal.observed & ZX_SOCKET_PEER_CLOSED) != 0;
    bool writable = (packet.signal.observed & ZX_SOCKET_WRITABLE) != 0;
    CHECK((events & POLLIN) == (uint32_t)(entry.revents & POLLIN));
    CHECK((events & POLLRDHUP) == (uint32_t)(entry.revents & POLLRDHUP));
    CHECK(closed == hung_up);
    CHECK(writable == ((entry.revents & POLLOUT) != 0 && !hung_up));
}

static void signals_are_linux_levels(void) {
    for (int filled = 0; filled < 2; filled++) {
        for (int data = 0; data < 2; data++) {
            for (int end = 0; end < 3; end++) {
                Line line = line_open();
                if (filled != 0) {
                    near_fills(&line);
                }
                if (data != 0) {
                    far_sends(&line);
                }
                if (end == 1) {
                    shutdown(line.far, SHUT_WR);
                } else if (end == 2) {
                    far_closes(&line);
                }
                assert_state(&line);
                line_close(&line);
            }
        }
    }
}

static void a_deadline_is_never_early(void) {
    zx_port_packet_t packet;
    struct pollfd none = {.fd = -1};
    for (int i = 1; i <= 5; i++) {
        zx_time_t deadline = now_ns() + i * MS + MS / 3;
        CHECK(zx_port_wait(port, deadline, &packet) == ZX_ERR_TIMED_OUT);
        CHECK(now_ns() >= deadline);
        deadline = now_ns() + i * MS;
        CHECK(poll(&none, 1, i) == 0 && now_ns() >= deadline);
    }
    CHECK(zx_port_wait(port, 0, &packet) == ZX_ERR_TIMED_OUT);
    CHECK(zx_port_wait(port, ZX_TIME_INFINITE_PAST, &packet) ==
          ZX_ERR_TIMED_OUT);
}

static void user_packets_count_as_a_semaphore_does(void) {
    int semaphore = eventfd(0, EFD_SEMAPHORE | EFD_NONBLOCK);
    uint64_t one = 1;
    for (uint64_t i = 0; i < 300; i++) {
        zx_port_packet_t packet = {.key = i, .status = -7, .user.u64 = {i, 2}};
        CHECK(zx_port_queue(port, &packet) == ZX_OK);
        CHECK(write(semaphore, &one, sizeof one) == sizeof one);
    }
    for (uint64_t i = 0; read(semaphore, &one, sizeof one) > 0; i++) {
        zx_port_packet_t packet;
        CHECK(look(&packet) && packet.type == ZX_PKT_TYPE_USER);
        CHECK(packet.key == i && packet.status == -7);
        CHECK(packet.user.u64[0] == i && packet.user.u64[1] == 2);
    }
    CHECK(look_for_one() == 0);
    close(semaphore);
}

static void *queue_later(void *unused) {
    (void)unused;
    zx_port_packet_t packet = {.key = 5};
    CHECK(zx_port_queue(port, &packet) == ZX_OK);
    return NULL;
}

static void another_thread_ends_a_wait(void) {
    pthread_t thread;
    zx_port_packet_t packet;
    CHECK(pthread_create(&thread, NULL, queue_later, NULL) == 0);
    CHECK(zx_port_wait(port, ZX_TIME_INFINITE, &packet) == ZX_OK);
    CHECK(packet.key == 5);
    pthread_join(thread, NULL);
}

/* --- Beside the documentation --------------------------------------------- */

static void an_edge_is_not_what_was_there(void) {
    Line line = line_open();
    far_sends(&line);
    CHECK(begin(&line, 1, ZX_SOCKET_READABLE, ZX_WAIT_ASYNC_EDGE) == ZX_OK);
    CHECK(look_for_one() == 0);
    far_sends(&line); /* it was readable before: Linux would report it */
    CHECK(look_for_one() == 0);
    near_reads(&line);
    CHECK(look_for_one() == 0);
    far_sends(&line);
    CHECK(look_for_one() == 1);
    CHECK(look_for_one() == 0);
    line_close(&line);
}

static void a_packet_says_what_was_there(void) {
    Line line = line_open();
    zx_port_packet_t packet;
    far_sends(&line);
    CHECK(begin(&line, 77, ZX_SOCKET_READABLE, 0) == ZX_OK);
    near_reads(&line); /* too late: the packet is queued */
    CHECK(look(&packet));
    CHECK(packet.key == 77 && packet.status == ZX_OK);
    CHECK(packet.type == ZX_PKT_TYPE_SIGNAL_ONE);
    CHECK(packet.signal.trigger == ZX_SOCKET_READABLE);
    CHECK((packet.signal.observed & ZX_SOCKET_READABLE) != 0);
    CHECK((packet.signal.observed & ZX_SOCKET_WRITABLE) != 0);
    CHECK(packet.signal.count == 1 && packet.signal.timestamp == 0);
    CHECK(packet.signal.reserved1 == 0);
    line_close(&line);
}

static void waits_are_not_merged(void) {
    Line line = line_open();
    for (int i = 0; i < 3; i++) {
        CHECK(begin(&line, 1, ZX_SOCKET_READABLE, 0) == ZX_OK);
    }
    far_sends(&line);
    CHECK(look_for_one() + look_for_one() + look_for_one() == 3);
    CHECK(look_for_one() == 0);
    line_close(&line);
}

static void packets_leave_in_order(void) {
    Line first = line_open(), second = line_open();
    zx_port_packet_t packet = {.key = 2};
    CHECK(begin(&first, 1, ZX_SOCKET_WRITABLE, 0) == ZX_OK);
    CHECK(zx_port_queue(port, &packet) == ZX_OK);
    CHECK(begin(&second, 3, ZX_SOCKET_WRITABLE, 0) == ZX_OK);
    for (uint64_t key = 1; key <= 3; key++) {
        CHECK(look(&packet) && packet.key == key);
    }
    line_close(&first);
    line_close(&second);
}

static void cancelling_takes_back(void) {
    Line line = line_open(), other = line_open();
    CHECK(zx_port_cancel(port, line.handle, 1) == ZX_ERR_NOT_FOUND);
    CHECK(begin(&line, 1, ZX_SOCKET_WRITABLE, 0) == ZX_OK); /* queued */
    CHECK(begin(&line, 1, ZX_SOCKET_READABLE, 0) == ZX_OK); /* waits */
    CHECK(begin(&line, 2, ZX_SOCKET_READABLE, 0) == ZX_OK);
    CHECK(begin(&other, 1, ZX_SOCKET_READABLE, 0) == ZX_OK);
    CHECK(zx_port_cancel(port, line.handle, 1) == ZX_OK);
    CHECK(zx_port_cancel(port, line.handle, 1) == ZX_ERR_NOT_FOUND);
    far_sends(&line);
    far_sends(&other);
    zx_port_packet_t packet;
    CHECK(look(&packet) && packet.key == 2);
    CHECK(look(&packet) && packet.key == 1); /* the other line's */
    CHECK(look_for_one() == 0);
    CHECK(zx_port_cancel(port, line.handle, 2) == ZX_ERR_NOT_FOUND);
    line_close(&line);
    line_close(&other);
}

static void a_closed_handle_ends_its_waits(void) {
    Line line = line_open();
    zx_port_packet_t packet;
    CHECK(begin(&line, 1, ZX_SOCKET_WRITABLE, 0) == ZX_OK); /* queued */
    CHECK(begin(&line, 2, ZX_SOCKET_READABLE, 0) == ZX_OK); /* waits */
    fdio_unsafe_release(line.io);
    far_sends(&line);
    CHECK(look(&packet) && packet.key == 1);
    CHECK(look_for_one() == 0);
    CHECK(begin(&line, 3, ZX_SOCKET_READABLE, 0) == ZX_ERR_BAD_HANDLE);
    CHECK(zx_port_cancel(port, line.handle, 2) == ZX_ERR_BAD_HANDLE);
    close(line.near);
    close(line.far);
}

static void a_share_keeps_the_socket_open(void) {
    Line line = line_open();
    char byte;
    CHECK(begin(&line, 1, ZX_SOCKET_READABLE, 0) == ZX_OK);
    close(line.near);
    CHECK(read(line.far, &byte, 1) < 0 && errno == EAGAIN);
    far_sends(&line);
    CHECK(look_for_one() == 1);
    fdio_unsafe_release(line.io);
    CHECK(read(line.far, &byte, 1) <= 0 && errno != EAGAIN);
    close(line.far);
}

/* What fdio's own test of a socket pair expects. */
static void fdio_maps_events_as_its_tests_say(void) {
    static const zx_signals_t end =
        ZX_SOCKET_PEER_CLOSED | ZX_SOCKET_PEER_WRITE_DISABLED;
    static const struct {
        uint32_t events;
        zx_signals_t signals;
    } begins[] = {{POLLIN, ZX_SOCKET_READABLE | end},
                  {POLLOUT, ZX_SOCKET_WRITABLE | ZX_SOCKET_WRITE_DISABLED},
                  {POLLRDHUP, end},
                  {POLLHUP, ZX_SIGNAL_NONE}},
      ends[] = {{POLLIN, ZX_SOCKET_READABLE},
                {POLLIN | POLLRDHUP, ZX_SOCKET_PEER_CLOSED},
                {POLLIN | POLLRDHUP, ZX_SOCKET_PEER_WRITE_DISABLED},
                {POLLOUT, ZX_SOCKET_WRITABLE},
                {POLLOUT, ZX_SOCKET_WRITE_DISABLED}};
    Line line = line_open();
    for (size_t i = 0; i < 4; i++) {
        zx_handle_t handle;
        zx_signals_t signals;
        fdio_unsafe_wait_begin(line.io, begins[i].events, &handle, &signals);
        CHECK(handle == line.handle && signals == begins[i].signals);
    }
    for (size_t i = 0; i < 5; i++) {
        uint32_t events;
        fdio_unsafe_wait_end(line.io, ends[i].signals, &events);
        CHECK(events == ends[i].events);
    }
    line_close(&line);
}

/* The events of a socket that listens, and of one that is still connecting. */
static void fdio_knows_what_a_socket_is_doing(void) {
    static const zx_signals_t end =
        ZX_SOCKET_PEER_CLOSED | ZX_SOCKET_PEER_WRITE_DISABLED;
    struct sockaddr_in address = {.sin_family = AF_INET};
    struct sockaddr *place = (struct sockaddr *)&address;
    socklen_t length = sizeof address;
    zx_handle_t handle;
    zx_signals_t signals;
    int sockets[4]; /* the last one finds the queue full, and waits */
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < 4; i++) {
        sockets[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (i == 0) {
            CHECK(bind(sockets[0], place, length) == 0);
            CHECK(listen(sockets[0], 0) == 0);
            CHECK(getsockname(sockets[0], place, &length) == 0);
        } else {
            (void)connect(sockets[i], place, length);
        }
    }
    fdio_t *listens = fdio_unsafe_fd_to_io(sockets[0]);
    fdio_unsafe_wait_begin(listens, POLLIN, &handle, &signals);
    CHECK(signals == (ZX_USER_SIGNAL_0 | end));
    CHECK(zx_object_wait_async(handle, port, 9, signals, 0) == ZX_OK);
    CHECK(look_for_one() == 1); /* somebody is there */
    fdio_t *connects = fdio_unsafe_fd_to_io(sockets[3]);
    fdio_unsafe_wait_begin(connects, POLLIN, &handle, &signals);
    CHECK(signals == (ZX_SOCKET_READABLE | ZX_USER_SIGNAL_0 | end));
    fdio_unsafe_wait_begin(connects, POLLOUT, &handle, &signals);
    CHECK(signals == (ZX_USER_SIGNAL_1 | ZX_SOCKET_WRITE_DISABLED));
    CHECK(zx_object_wait_async(handle, port, 9, signals, 0) == ZX_OK);
    CHECK(look_for_one() == 0);
    fdio_unsafe_release(listens);
    fdio_unsafe_release(connects);
    for (int i = 0; i < 4; i++) {
        close(sockets[i]);
    }
}

static void some_cannot_be_waited_for(void) {
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    fdio_t *io = fdio_unsafe_fd_to_io(file);
    zx_handle_t handle;
    zx_signals_t signals;
    fdio_unsafe_wait_begin(io, POLLIN, &handle, &signals);
    CHECK(handle == ZX_HANDLE_INVALID);
    fdio_unsafe_release(io);
    close(file);
    CHECK(fdio_unsafe_fd_to_io(file) == NULL);
}

static void errors_have_their_names(void) {
    Line line = line_open();
    zx_handle_t other;
    zx_port_packet_t packet = {.key = 0};
    CHECK(zx_port_create(2, &other) == ZX_ERR_INVALID_ARGS);
    CHECK(zx_port_create(0, &other) == ZX_OK && other != port);
    CHECK(zx_object_wait_async(line.handle, port, 0, 1, 4) ==
          ZX_ERR_INVALID_ARGS);
    CHECK(zx_object_wait_async(line.handle, line.handle, 0, 1, 0) ==
          ZX_ERR_WRONG_TYPE);
    CHECK(zx_object_wait_async(other, port, 0, 1, 0) == ZX_ERR_NOT_SUPPORTED);
    CHECK(zx_port_cancel(line.handle, line.handle, 0) == ZX_ERR_WRONG_TYPE);
    CHECK(zx_handle_close(other) == ZX_OK);
    CHECK(zx_handle_close(other) == ZX_ERR_BAD_HANDLE);
    CHECK(zx_port_wait(other, 0, &packet) == ZX_ERR_BAD_HANDLE);
    CHECK(zx_port_queue(other, &packet) == ZX_ERR_BAD_HANDLE);
    CHECK(zx_object_wait_async(line.handle, other, 0, 1, 0) ==
          ZX_ERR_BAD_HANDLE);
    line_close(&line);
}

/* A wait for room, and a far end that goes: poll(2) would speak up for ever. */
static void a_signal_nobody_ordered_is_not_reported(void) {
    Line line = line_open();
    zx_port_packet_t packet;
    near_fills(&line);
    CHECK(begin(&line, 1, ZX_SOCKET_WRITABLE, 0) == ZX_OK);
    far_closes(&line);
    zx_time_t deadline = now_ns() + 30 * MS;
    CHECK(zx_port_wait(port, deadline, &packet) == ZX_ERR_TIMED_OUT);
    CHECK(now_ns() >= deadline);
    line_close(&line);
}

/* --- All of them ----------------------------------------------------------- */

#define CLAIM(name)                                                            \
    { #name, name }

static const struct {
    const char *name;
    void (*holds)(void);
} beside_linux[] = {CLAIM(one_shot_is_linux_one_shot),
                    CLAIM(random_steps_are_linux_one_shot),
                    CLAIM(an_edge_from_nothing_is_linux_edge),
                    CLAIM(signals_are_linux_levels),
                    CLAIM(a_deadline_is_never_early),
                    CLAIM(user_packets_count_as_a_semaphore_does),
                    CLAIM(another_thread_ends_a_wait)},
  documented[] = {CLAIM(an_edge_is_not_what_was_there),
                  CLAIM(a_packet_says_what_was_there),
                  CLAIM(waits_are_not_merged),
                  CLAIM(packets_leave_in_order),
                  CLAIM(cancelling_takes_back),
                  CLAIM(a_closed_handle_ends_its_waits),
                  CLAIM(a_share_keeps_the_socket_open),
                  CLAIM(fdio_maps_events_as_its_tests_say),
                  CLAIM(fdio_knows_what_a_socket_is_doing),
                  CLAIM(some_cannot_be_waited_for),
                  CLAIM(errors_have_their_names),
                  CLAIM(a_signal_nobody_ordered_is_not_reported)};

static void check(const char *name, void (*holds)(void)) {
    claim = name;
    CHECK(zx_port_create(0, &port) == ZX_OK);
    holds();
    CHECK(zx_handle_close(port) == ZX_OK);
}

int main(void) {
    const size_t real = sizeof beside_linux / sizeof *beside_linux;
    const size_t words = sizeof documented / sizeof *documented;
    for (size_t i = 0; i < real; i++) {
        check(beside_linux[i].name, beside_linux[i].holds);
    }
    for (size_t i = 0; i < words; i++) {
        check(documented[i].name, documented[i].holds);
    }
    printf("The model of Fuchsia's ports: %zu claims hold beside Linux, %zu "
           "beside the documentation.\n",
           real, words);
    return 0;
}
