/*
 * Is the model of kqueue(2) a good one? Two kinds of answers:
 *
 *   against the kernel    Where Linux behaves as kqueue does, the same random
 *                         steps are taken with both, and after each of them
 *                         both must report the same: readiness as a level, as
 *                         an edge (EV_CLEAR, EPOLLET) and once (EV_ONESHOT,
 *                         EPOLLONESHOT), end of file, the number of bytes.
 *   against the pages     What Linux has nothing like, one by one, as the
 *                         manual pages of FreeBSD and macOS say it, and the
 *                         habits in which their sources differ.
 *
 * `check` runs everything and says how much it was; `check SEED` begins the
 * random steps elsewhere.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "sys/event.h"

static unsigned begin = 1, seed = 1;
static int step;
static int comparisons, checks;

/* Prints a sentence and ends the program, unless a condition holds. */
static void require(bool holds, const char *format, ...) {
    checks += 1;
    if (holds) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "The model of kqueue is wrong (check %u, step %d): ", begin,
            step);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    va_end(arguments);
    exit(1);
}

/* --- A connection ---------------------------------------------------------- */

typedef enum Kind { LOCAL, TCP, PIPE_READ, PIPE_WRITE, KINDS } Kind;

static const char *const kind_names[KINDS] = {"local socket", "TCP socket",
                                              "pipe to read", "pipe to write"};

typedef struct Pair {
    Kind kind;
    int near;
    int far;
} Pair;

static int unblocked(int descriptor) {
    require(descriptor >= 0, "no descriptor: %s", strerror(errno));
    fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
    return descriptor;
}

static void open_tcp(int ends[2]) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    require(bind(listener, (struct sockaddr *)&address, length) == 0 &&
                listen(listener, 1) == 0,
            "no port: %s", strerror(errno));
    getsockname(listener, (struct sockaddr *)&address, &length);
    ends[1] = socket(AF_INET, SOCK_STREAM, 0);
    require(connect(ends[1], (struct sockaddr *)&address, length) == 0,
            "no connection: %s", strerror(errno));
    ends[0] = accept(listener, NULL, NULL);
    close(listener);
}

static Pair pair_open(Kind kind) {
    int ends[2] = {-1, -1}, result = 0;
    if (kind == TCP) {
        open_tcp(ends);
    } else {
        result = kind == LOCAL ? socketpair(AF_UNIX, SOCK_STREAM, 0, ends)
                               : pipe(ends);
    }
    require(result == 0, "no pair: %s", strerror(errno));
    bool turned = kind == PIPE_WRITE;
    return (Pair){kind, unblocked(ends[turned]), unblocked(ends[!turned])};
}

static void far_close(Pair *pair) {
    if (pair->far >= 0) {
        close(pair->far);
    }
    pair->far = -1;
}

static void pair_close(Pair *pair) {
    far_close(pair);
    close(pair->near);
}

/* --- One change, one look --------------------------------------------------- */

static int change(int queue, int ident, short filter, unsigned short flags,
                  unsigned fflags) {
    struct kevent one;
    EV_SET(&one, (uintptr_t)ident, filter, flags, fflags, 0, NULL);
    return kevent(queue, &one, 1, NULL, 0, NULL) < 0 ? errno : 0;
}

static int look(int queue, struct kevent *events, int capacity) {
    static const struct timespec now;
    return kevent(queue, NULL, 0, events, capacity, &now);
}

/* Whether a filter is among what is reported; what else is, is not asked. */
static bool reported(int queue, short filter, struct kevent *out) {
    struct kevent events[4];
    int count = look(queue, events, 4);
    for (int i = 0; i < count; i++) {
        if (events[i].filter == filter) {
            *out = events[i];
            return true;
        }
    }
    return false;
}

/* --- The same random steps with both ---------------------------------------- */

typedef enum Way { LEVEL, EDGE, ONCE, WAYS } Way;

static const char *const way_names[WAYS] = {"level", "edge", "one-shot"};

/* The near end, watched by both, in one of the ways, for one filter. */
typedef struct Watch {
    Pair pair;
    Way way;
    short filter;
    int queue;
    int epoll;
} Watch;

static void add_to_both(const Watch *watch, int operation) {
    static const unsigned short ours[WAYS] = {0, EV_CLEAR, EV_ONESHOT};
    static const uint32_t theirs[WAYS] = {0, EPOLLET, EPOLLONESHOT};
    struct kevent added;
    EV_SET(&added, (uintptr_t)watch->pair.near, watch->filter, EV_ADD, 0, 0,
           NULL);
    added.flags |= ours[watch->way];
    int result = kevent(watch->queue, &added, 1, NULL, 0, NULL);
    require(result == 0, "EV_ADD failed: %s", strerror(errno));
    uint32_t in = EPOLLIN | EPOLLRDHUP, out = EPOLLOUT;
    struct epoll_event event = {.events =
                                    theirs[watch->way] |
                                    (watch->filter == EVFILT_READ ? in : out)};
    result = epoll_ctl(watch->epoll, operation, watch->pair.near, &event);
    require(result == 0, "epoll_ctl failed: %s", strerror(errno));
}

static void watch_open(Watch *watch, Kind kind, Way way, short filter) {
    *watch = (Watch){pair_open(kind), way, filter, kqueue(),
                     epoll_create1(EPOLL_CLOEXEC)};
    require(watch->queue >= 0 && watch->epoll >= 0, "no queue");
    add_to_both(watch, EPOLL_CTL_ADD);
}

static void watch_close(Watch *watch) {
    pair_close(&watch->pair);
    close(watch->queue);
    close(watch->epoll);
}

static size_t some(size_t most) {
    return 1 + (size_t)rand_r(&seed) % most;
}

static void take_a_step(Watch *watch) {
    static char bytes[65536];
    Pair *pair = &watch->pair;
    bool reads = pair->kind != PIPE_WRITE, writes = pair->kind != PIPE_READ;
    ssize_t moved = 0;
    switch (rand_r(&seed) % 8) {
    case 0:
    case 1:
        moved = reads && pair->far >= 0 ? write(pair->far, bytes, some(9)) : 0;
        break;
    case 2:
        moved = reads ? read(pair->near, bytes, some(9)) : 0;
        break;
    case 3:
        moved = reads ? read(pair->near, bytes, sizeof bytes) : 0;
        break;
    case 4:
        while (writes && write(pair->near, bytes, sizeof bytes) > 0) {
            /* until it is full */
        }
        break;
    case 5:
        while (writes && pair->far >= 0 &&
               read(pair->far, bytes, sizeof bytes) > 0) {
            /* until it is empty */
        }
        break;
    case 6:
        if (rand_r(&seed) % 4 == 0 && pair->far >= 0 && pair->kind <= TCP) {
            shutdown(pair->far, SHUT_WR);
        } else if (watch->way == ONCE &&
                   (pair->kind != PIPE_WRITE || pair->far >= 0)) {
            add_to_both(watch, EPOLL_CTL_MOD);
        }
        break;
    default:
        if (rand_r(&seed) % 8 == 0) {
            far_close(pair);
        }
        break;
    }
    (void)moved;
}

/* TCP takes a moment, even here: wait until nothing is under way. */
static void settle(const Watch *watch) {
    if (watch->pair.kind == TCP) {
        usleep(300);
    }
}

static void compare(const Watch *watch) {
    struct epoll_event theirs = {0};
    struct kevent ours = {0};
    const char *what = watch->filter == EVFILT_READ ? "reading" : "writing";
    bool kernel = epoll_wait(watch->epoll, &theirs, 1, 0) == 1;
    bool model = reported(watch->queue, watch->filter, &ours);
    comparisons += 1;
    require(kernel == model,
            "%s of a %s, %s: the kernel reports %s (%#x), the model %s", what,
            kind_names[watch->pair.kind], way_names[watch->way],
            kernel ? "it" : "nothing", theirs.events, model ? "it" : "nothing");
    if (!model) {
        return;
    }
    bool is_pipe = watch->pair.kind >= PIPE_READ;
    bool reads = watch->filter == EVFILT_READ;
    uint32_t ends =
        is_pipe || !reads ? EPOLLHUP | EPOLLERR : EPOLLRDHUP | EPOLLERR;
    bool ended = (theirs.events & ends) != 0;
    require(ended == ((ours.flags & EV_EOF) != 0),
            "%s of a %s: the kernel says %#x, the model %s EV_EOF", what,
            kind_names[watch->pair.kind], theirs.events,
            ended ? "not" : "wrongly");
    int bytes = 0;
    ioctl(watch->pair.near, FIONREAD, &bytes);
    require(!reads || ours.data == bytes,
            "%d bytes can be read, the model says %d", bytes, (int)ours.data);
}

static void walk(Kind kind, Way way, short filter, int steps) {
    Watch watch;
    watch_open(&watch, kind, way, filter);
    for (step = 0; step < steps; step++) {
        compare(&watch);
        take_a_step(&watch);
        settle(&watch);
    }
    watch_close(&watch);
}

static void compare_with_the_kernel(void) {
    for (int round = 0; round < 40; round++) {
        for (Way way = LEVEL; way < WAYS; way++) {
            walk(LOCAL, way, EVFILT_READ, 60);
            walk(LOCAL, way, EVFILT_WRITE, 60);
            walk(PIPE_READ, way, EVFILT_READ, 60);
            walk(PIPE_WRITE, way, EVFILT_WRITE, 60);
            walk(TCP, way, EVFILT_READ, 20);
        }
    }
    step = checks = 0;
}

/* --- What the pages say ------------------------------------------------------- */

static uint64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void changes_that_are_refused(void) {
    int queue = kqueue();
    Pair pair = pair_open(LOCAL);
    require(change(queue, pair.near, EVFILT_READ, EV_DELETE, 0) == ENOENT,
            "deleting what was not added is ENOENT");
    require(change(queue, pair.near, EVFILT_READ, EV_ENABLE, 0) == ENOENT,
            "enabling what was not added is ENOENT");
    require(change(queue, 7, EVFILT_USER, 0, NOTE_TRIGGER) == ENOENT,
            "triggering what was not added is ENOENT");
    require(change(queue, 900, EVFILT_READ, EV_ADD, 0) == EBADF,
            "a number that is not open is EBADF");
    require(change(queue, pair.near, -99, EV_ADD, 0) == EINVAL,
            "an unknown filter is EINVAL");
    require(change(pair.near, pair.near, EVFILT_READ, EV_ADD, 0) == EBADF,
            "a descriptor that is no queue is EBADF");
    pair_close(&pair);
    Pair pipe = pair_open(PIPE_WRITE);
    far_close(&pipe);
    require(change(queue, pipe.near, EVFILT_WRITE, EV_ADD, 0) == EPIPE,
            "writing to a pipe that nobody reads is EPIPE");
    pair_close(&pipe);
    close(queue);
}

static void answers_in_the_event_list(void) {
    int queue = kqueue();
    Pair pair = pair_open(LOCAL);
    struct kevent list[3];
    (void)!write(pair.far, "x", 1);
    EV_SET(&list[0], (uintptr_t)pair.near, EVFILT_READ, EV_ADD | EV_RECEIPT, 0,
           0, NULL);
    EV_SET(&list[1], 900, EVFILT_READ, EV_ADD, 0, 0, NULL);
    EV_SET(&list[2], (uintptr_t)pair.near, EVFILT_WRITE, EV_ADD, 0, 0, NULL);
    int count = kevent(queue, list, 3, list, 3, NULL);
    require(count == 2 && (list[0].flags & EV_ERROR) != 0 &&
                list[0].data == 0 && (list[1].flags & EV_ERROR) != 0 &&
                list[1].data == EBADF,
            "a receipt and an error are two answers, and no event is among "
            "them (%d)",
            count);
    require(look(queue, list, 3) == 2, "the changes beside an error are made");
    EV_SET(&list[0], 900, EVFILT_READ, EV_ADD, 0, 0, NULL);
    EV_SET(&list[1], (uintptr_t)pair.near, EVFILT_READ, EV_DELETE, 0, 0, NULL);
    count = kevent(queue, list, 2, NULL, 0, NULL);
    require(count == -1 && errno == EBADF && look(queue, list, 3) == 2,
            "without room for it an error is -1, and ends the changes");
    pair_close(&pair);
    close(queue);
}

static void adding_again(void) {
    int queue = kqueue(), first, second;
    Pair pair = pair_open(LOCAL);
    struct kevent one, events[2];
    EV_SET(&one, (uintptr_t)pair.near, EVFILT_WRITE, EV_ADD, 0, 0, &first);
    kevent(queue, &one, 1, NULL, 0, NULL);
    one.udata = &second;
    kevent(queue, &one, 1, NULL, 0, NULL);
    int count = look(queue, events, 2);
    require(count == 1 && events[0].udata == &second,
            "adding again makes no second event, and changes its udata");
    change(queue, pair.near, EVFILT_WRITE, EV_DISABLE, 0);
    require(look(queue, events, 2) == 0, "a disabled event is not reported");
    change(queue, pair.near, EVFILT_WRITE, EV_ENABLE, 0);
    require(look(queue, events, 2) == 1, "an enabled one is");
    change(queue, pair.near, EVFILT_WRITE, EV_DISABLE, 0);
    change(queue, pair.near, EVFILT_WRITE, EV_ADD, 0);
    require(look(queue, events, 2) == 1, "adding enables");
    change(queue, pair.near, EVFILT_WRITE, EV_ADD | EV_DISPATCH, 0);
    require(look(queue, events, 2) == 1 && look(queue, events, 2) == 0,
            "EV_DISPATCH disables after the report");
    require(change(queue, pair.near, EVFILT_WRITE, EV_ENABLE, 0) == 0 &&
                look(queue, events, 2) == 1,
            "and does not delete");
    pair_close(&pair);
    close(queue);
}

static void user_events(void) {
    int queue = kqueue();
    struct kevent event;
    change(queue, 5, EVFILT_USER, EV_ADD | EV_CLEAR, 0);
    require(look(queue, &event, 1) == 0, "nobody has triggered it");
    change(queue, 5, EVFILT_USER, 0, NOTE_FFOR | 3);
    require(look(queue, &event, 1) == 0, "a change of fflags is no trigger");
    change(queue, 5, EVFILT_USER, 0, NOTE_FFAND | 6 | NOTE_TRIGGER);
    change(queue, 5, EVFILT_USER, 0, NOTE_TRIGGER);
    require(look(queue, &event, 1) == 1 && event.ident == 5 &&
                event.fflags == 2,
            "two triggers are one event, with the fflags so far (%u)",
            event.fflags);
    require(look(queue, &event, 1) == 0, "EV_CLEAR spends the trigger");
    change(queue, 6, EVFILT_USER, EV_ADD, NOTE_TRIGGER);
    require(look(queue, &event, 1) == 1 && look(queue, &event, 1) == 1,
            "without EV_CLEAR it stays");
    change(queue, 6, EVFILT_USER, EV_DISABLE, 0);
    require(look(queue, &event, 1) == 0, "unless it is disabled");
    close(queue);
}

/* A queue in a kernel that has these habits. */
static int queue_with(const char *habits) {
    setenv("KQUEUE_HABITS", habits, 1);
    int queue = kqueue();
    setenv("KQUEUE_HABITS", "", 1);
    return queue;
}

static bool loses_trigger(int queue) {
    struct kevent event;
    change(queue, 6, EVFILT_USER, EV_ADD, NOTE_TRIGGER);
    bool lost = look(queue, &event, 1) == 0;
    change(queue, 6, EVFILT_USER, 0, NOTE_TRIGGER);
    require(look(queue, &event, 1) == 1, "a trigger by itself is never lost");
    return lost;
}

/* How often whoever writes to a pipe is told that its reader has gone: to 3. */
static int told_of_no_reader(int queue) {
    Pair pipe = pair_open(PIPE_WRITE);
    struct kevent event;
    int told = 0;
    change(queue, pipe.near, EVFILT_WRITE, EV_ADD, 0);
    far_close(&pipe);
    while (told < 3 && look(queue, &event, 1) == 1) {
        bool once = (event.flags & EV_ONESHOT) != 0;
        require((event.flags & EV_EOF) != 0, "the end of a pipe is EV_EOF");
        told += 1;
        require(!once || look(queue, &event, 1) == 0,
                "what is said with EV_ONESHOT is said once");
    }
    pair_close(&pipe);
    return told;
}

/* What is said of an error: 0 is nothing, 1 readiness alone, 2 EV_EOF too. */
static int said_of_error(int queue) {
    Pair pair = pair_open(TCP);
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    struct kevent event;
    setsockopt(pair.far, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    far_close(&pair);
    struct pollfd reset = {.fd = pair.near};
    require(poll(&reset, 1, 5000) == 1, "the reset arrives");
    change(queue, pair.near, EVFILT_READ, EV_ADD, 0);
    int said = look(queue, &event, 1);
    bool ended = said == 1 && (event.flags & EV_EOF) != 0;
    require(said != 1 || ended == (event.fflags != 0),
            "the error is in fflags");
    pair_close(&pair);
    return said + ended;
}

static int add_without_reader(int queue) {
    Pair pipe = pair_open(PIPE_WRITE);
    far_close(&pipe);
    int error = change(queue, pipe.near, EVFILT_WRITE, EV_ADD, 0);
    pair_close(&pipe);
    return error;
}

/* Each habit is there when it is asked for, and none unless it is. */
static void habits(void) {
    static const struct {
        const char *names;
        bool loses;
        int told, refused, said;
    } kernels[] = {
        {"", false, 3, EPIPE, 2},
        {"loses-trigger", true, 3, EPIPE, 2},
        {"drops-writer", false, 1, EPIPE, 2},
        {"says-ebadf", false, 3, EBADF, 2},
        {"takes-pipe", false, 3, 0, 2},
        {"bare-error", false, 3, EPIPE, 1},
        {"loses-trigger,drops-writer", true, 1, EPIPE, 2},
    };
    for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++) {
        int queue = queue_with(kernels[i].names);
        bool loses = loses_trigger(queue);
        close(queue);
        queue = queue_with(kernels[i].names);
        int told = told_of_no_reader(queue), said = said_of_error(queue);
        int refused = add_without_reader(queue);
        close(queue);
        require(loses == kernels[i].loses && told == kernels[i].told &&
                    refused == kernels[i].refused && said == kernels[i].said,
                "with the habits '%s' it %s a trigger, tells a pipe's writer "
                "%d times, refuses it with %d, and says %d of an error",
                kernels[i].names, loses ? "loses" : "keeps", told, refused,
                said);
    }
    unsetenv("KQUEUE_HABITS");
    int queue = kqueue();
    require(loses_trigger(queue), "unless told otherwise it is like FreeBSD");
    close(queue);
    setenv("KQUEUE_HABITS", "", 1);
}

/* Who is reported goes to the end, so that a small batch serves everybody. */
static void order_of_events(void) {
    enum { COUNT = 5 };
    int queue = kqueue();
    Pair pairs[COUNT];
    struct kevent events[2];
    for (int i = 0; i < COUNT; i++) {
        pairs[i] = pair_open(LOCAL);
        change(queue, pairs[i].near, EVFILT_WRITE, EV_ADD, 0);
    }
    for (int turn = 0; turn < 3 * COUNT; turn++) {
        int count = look(queue, events, 1);
        require(count == 1 &&
                    events[0].ident == (uintptr_t)pairs[turn % COUNT].near,
                "with room for one, turn %d is not the next one's", turn);
    }
    for (int i = 0; i < COUNT; i++) {
        pair_close(&pairs[i]);
    }
    close(queue);
}

static void closed_descriptors(void) {
    int queue = kqueue();
    Pair pair = pair_open(LOCAL);
    struct kevent event;
    int duplicate = dup(pair.near);
    change(queue, pair.near, EVFILT_WRITE, EV_ADD, 0);
    close(pair.near);
    require(look(queue, &event, 1) == 0,
            "closing deletes, although a duplicate lives");
    require(change(queue, pair.near, EVFILT_WRITE, EV_DELETE, 0) == EBADF,
            "and then the number is not open");
    Pair next = pair_open(LOCAL);
    require(next.near == pair.near, "the number is used again");
    require(look(queue, &event, 1) == 0, "whoever has it next was not added");
    require(change(queue, next.near, EVFILT_WRITE, EV_DELETE, 0) == ENOENT,
            "so deleting it is ENOENT");
    change(queue, next.near, EVFILT_WRITE, EV_ADD, 0);
    close(next.near);
    next.near = unblocked(dup2(duplicate, next.near));
    require(look(queue, &event, 1) == 0, "replaced is closed as well");
    close(duplicate);
    close(pair.far);
    pair_close(&next);
    close(queue);
}

static void files_and_listeners(void) {
    int queue = kqueue();
    struct kevent event;
    FILE *file = tmpfile();
    (void)!write(fileno(file), "hello", 5);
    lseek(fileno(file), 2, SEEK_SET);
    require(change(queue, fileno(file), EVFILT_READ, EV_ADD, 0) == 0 &&
                look(queue, &event, 1) == 1 && event.data == 3,
            "a file is readable up to its end: 3 bytes are left");
    lseek(fileno(file), 0, SEEK_END);
    require(look(queue, &event, 1) == 0, "at its end it is not");
    const struct timespec time = {0, 20000000};
    require(kevent(queue, NULL, 0, &event, 1, &time) == 0, "nor while waiting");
    fclose(file);
    int fresh = socket(AF_INET, SOCK_STREAM, 0);
    change(queue, fresh, EVFILT_READ, EV_ADD, 0);
    change(queue, fresh, EVFILT_WRITE, EV_ADD, 0);
    require(look(queue, &event, 1) == 0,
            "a socket that was never connected is not ready");
    listen(fresh, 1);
    require(look(queue, &event, 1) == 0, "nobody has connected");
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    getsockname(fresh, (struct sockaddr *)&address, &length);
    int visitor = socket(AF_INET, SOCK_STREAM, 0);
    connect(visitor, (struct sockaddr *)&address, length);
    require(reported(queue, EVFILT_READ, &event) && event.data == 1,
            "a connection is there to be accepted");
    close(visitor);
    close(fresh);
    close(queue);
}

static void half_closes_and_resets(void) {
    int queue = kqueue();
    Pair pair = pair_open(TCP);
    struct kevent event;
    change(queue, pair.near, EVFILT_READ, EV_ADD, 0);
    change(queue, pair.near, EVFILT_WRITE, EV_ADD, 0);
    (void)!write(pair.far, "last", 4);
    shutdown(pair.far, SHUT_WR);
    struct pollfd ended = {.fd = pair.near, .events = POLLRDHUP};
    require(poll(&ended, 1, 5000) == 1, "the end of the data arrives");
    require(reported(queue, EVFILT_READ, &event) &&
                (event.flags & EV_EOF) != 0 && event.data == 4,
            "end of file is said while there are bytes to read");
    require(reported(queue, EVFILT_WRITE, &event) &&
                (event.flags & EV_EOF) == 0,
            "and not of the direction that still works");
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    setsockopt(pair.far, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    far_close(&pair);
    usleep(2000);
    require(reported(queue, EVFILT_WRITE, &event) &&
                (event.flags & EV_EOF) != 0 && event.fflags != 0,
            "a reset is EV_EOF with an error");
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(pair.near, SOL_SOCKET, SO_ERROR, &error, &length);
    require(error != 0, "and the error is still there for the program");
    pair_close(&pair);
    close(queue);
}

/* --- Time, signals, threads --------------------------------------------------- */

static void time_outs(void) {
    int queue = kqueue();
    struct kevent event;
    uint64_t before = now_ms();
    const struct timespec some_time = {0, 30000000}, none = {0, 1000000000};
    require(kevent(queue, NULL, 0, &event, 1, &some_time) == 0 &&
                now_ms() - before >= 30,
            "a wait of 30 ms lasts 30 ms at least");
    require(kevent(queue, NULL, 0, &event, 1, &none) == -1 && errno == EINVAL,
            "a second of nanoseconds is EINVAL");
    before = now_ms();
    require(kevent(queue, NULL, 0, NULL, 0, NULL) == 0 &&
                now_ms() - before < 1000,
            "without room for events it never waits");
    close(queue);
}

static void on_alarm(int number) {
    (void)number;
}

static void interruptions(void) {
    int queue = kqueue();
    struct kevent event;
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    struct itimerval soon = {.it_value = {0, 20000}};
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
    const struct timespec long_time = {20, 0};
    require(kevent(queue, NULL, 0, &event, 1, &long_time) == -1 &&
                errno == EINTR,
            "a signal ends a wait with EINTR");
    close(queue);
}

typedef struct Other {
    int queue;
    Pair pair;
    int act;
} Other;

static void *act_later(void *argument) {
    Other *other = argument;
    usleep(5000);
    if (other->act == 0) {
        change(other->queue, 1, EVFILT_USER, 0, NOTE_TRIGGER);
    } else if (other->act == 1) {
        change(other->queue, other->pair.near, EVFILT_WRITE, EV_ADD, 0);
    } else {
        (void)!write(other->pair.far, "x", 1);
    }
    return NULL;
}

static void other_threads(void) {
    for (int act = 0; act < 3; act++) {
        Other other = {kqueue(), pair_open(LOCAL), act};
        struct kevent event;
        pthread_t thread;
        change(other.queue, 1, EVFILT_USER, EV_ADD | EV_CLEAR, 0);
        change(other.queue, other.pair.near, EVFILT_READ, EV_ADD, 0);
        pthread_create(&thread, NULL, act_later, &other);
        const struct timespec limit = {20, 0};
        int count = kevent(other.queue, NULL, 0, &event, 1, &limit);
        require(count == 1, "what another thread does ends a wait (%d)", act);
        pthread_join(thread, NULL);
        pair_close(&other.pair);
        close(other.queue);
    }
}

int main(int count, char **arguments) {
    signal(SIGPIPE, SIG_IGN);
    setenv("KQUEUE_HABITS", "", 1);
    begin = seed = count > 1 ? (unsigned)atoi(arguments[1]) : 1;
    compare_with_the_kernel();
    changes_that_are_refused();
    answers_in_the_event_list();
    adding_again();
    user_events();
    habits();
    order_of_events();
    closed_descriptors();
    files_and_listeners();
    half_closes_and_resets();
    time_outs();
    interruptions();
    other_threads();
    printf(
        "The model of kqueue reported the same as the kernel after each of "
        "%d random steps, and passes %d checks of what the manual pages say.\n",
        comparisons, checks);
    return 0;
}
