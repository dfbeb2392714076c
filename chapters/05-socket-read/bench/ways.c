/*
 * Seven functions that do the same: whatever arrives on any of the sockets is
 * read, checked and answered. They differ in how they wait for it. Read them
 * in order; each one mends what is wrong with the one before.
 */
#include "ways.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "executor.h"
#include "socket_read.h"

enum { FOREVER = -1, BATCH = 256 };

static void set_blocking(const Work *work, bool blocking) {
    for (size_t i = 0; i < work->driver->count; i++) {
        int flags = fcntl(work->driver->sockets[i], F_GETFL);
        fcntl(work->driver->sockets[i], F_SETFL,
              blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
    }
}

//! [serve]
/* Reads a message. Returns whether there was one. */
static bool receive(const Driver *driver, size_t socket,
                    unsigned char *message) {
    ssize_t length = read(driver->sockets[socket], message, MESSAGE_SIZE);
    if (length < 0 && errno == EAGAIN) {
        return false;
    }
    message_answer(message, length, socket);
    return true;
}

static void answer(const Driver *driver, size_t socket,
                   const unsigned char *message) {
    send(driver->sockets[socket], message, MESSAGE_SIZE, MSG_NOSIGNAL);
    work_done();
}

static void serve(const Driver *driver, size_t socket) {
    unsigned char message[MESSAGE_SIZE];
    if (receive(driver, socket, message)) {
        answer(driver, socket, message);
    }
}
//! [serve]

/* --- 1. Ask each socket, over and over ------------------------------------- */

//! [ask]
static void ask_each(const Work *work) {
    set_blocking(work, false);
    work_begin(work);
    for (;;) {
        for (size_t i = 0; i < work->driver->count; i++) {
            count(COUNT_LOOK, 1);
            serve(work->driver, i);
        }
    }
}
//! [ask]

/* --- 2. A thread for each blocked read ------------------------------------- */

//! [threads]
typedef struct Seat {
    const Driver *driver;
    size_t socket;
} Seat;

static atomic_size_t seated;

static void *serve_one(void *argument) {
    Seat *seat = argument;
    unsigned char message[MESSAGE_SIZE];
    atomic_fetch_add(&seated, 1);
    for (;;) {
        receive(seat->driver, seat->socket, message); /* sleeps in read() */
        count(COUNT_LOOK, 1);
        count(COUNT_WAKE_UP, 1);
        answer(seat->driver, seat->socket, message);
    }
    return NULL;
}

/* A system has room for so many threads, and says so. */
static void give_up_if(int error, size_t threads) {
    char trouble[80];
    if (error != 0) {
        snprintf(trouble, sizeof trouble,
                 "%s after %zu threads: there is no room for another one",
                 error == EAGAIN ? "-EAGAIN" : strerror(error), threads);
        work_give_up(trouble);
    }
}

static void thread_each(const Work *work) {
    size_t sockets = work->driver->count;
    Seat *seats = calloc(sockets, sizeof *seats);
    if (seats == NULL) {
        return;
    }
    set_blocking(work, true);
    for (size_t i = 0; i < sockets; i++) {
        pthread_t thread;
        seats[i] = (Seat){work->driver, i};
        if (i > 0) { /* the first is for the thread that is here already */
            int error = pthread_create(&thread, NULL, serve_one, &seats[i]);
            give_up_if(error, i);
        }
    }
    while (atomic_load(&seated) < sockets - 1) {
        sched_yield();
    }
    work_begin(work);
    serve_one(&seats[0]);
}
//! [threads]

/* --- 3. poll(2) ------------------------------------------------------------- */

//! [poll]
static void poll_all(const Work *work) {
    size_t sockets = work->driver->count;
    struct pollfd *list = calloc(sockets, sizeof *list);
    if (list == NULL) {
        return;
    }
    for (size_t i = 0; i < sockets; i++) {
        list[i] = (struct pollfd){work->driver->sockets[i], POLLIN, 0};
    }
    work_begin(work);
    for (;;) {
        poll(list, sockets, FOREVER);
        count(COUNT_LOOK, sockets);
        for (size_t i = 0; i < sockets; i++) {
            if (list[i].revents != 0) {
                serve(work->driver, i);
            }
        }
    }
}
//! [poll]

/* --- 4. epoll(7): an interest for each wait --------------------------------- */

static void tell(int epoll, int operation, const Driver *driver, size_t socket,
                 uint32_t events) {
    struct epoll_event event = {.events = events, .data.u64 = socket};
    epoll_ctl(epoll, operation, driver->sockets[socket], &event);
}

static int add_all(const Driver *driver, uint32_t events) {
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    for (size_t i = 0; i < driver->count; i++) {
        tell(epoll, EPOLL_CTL_ADD, driver, i, events);
    }
    return epoll;
}

/*
 * Whoever waits adds an interest, and its event removes it: a socket that
 * nobody waits for must not be reported, and level-triggered it would be.
 */
//! [add_remove]
static void add_and_remove(const Work *work) {
    struct epoll_event events[BATCH];
    int epoll = add_all(work->driver, EPOLLIN);
    work_begin(work);
    for (;;) {
        int ready = epoll_wait(epoll, events, BATCH, FOREVER);
        for (int i = 0; i < ready; i++) {
            size_t socket = events[i].data.u64;
            count(COUNT_LOOK, 1);
            tell(epoll, EPOLL_CTL_DEL, work->driver, socket, 0);
            serve(work->driver, socket);
            tell(epoll, EPOLL_CTL_ADD, work->driver, socket, EPOLLIN);
        }
    }
}
//! [add_remove]

/* --- 5. epoll(7), one-shot --------------------------------------------------- */

/* The event itself disarms the interest; whoever waits again arms it. */
//! [one_shot]
static void one_shot(const Work *work) {
    struct epoll_event events[BATCH];
    int epoll = add_all(work->driver, EPOLLIN | EPOLLONESHOT);
    work_begin(work);
    for (;;) {
        int ready = epoll_wait(epoll, events, BATCH, FOREVER);
        for (int i = 0; i < ready; i++) {
            size_t socket = events[i].data.u64;
            count(COUNT_LOOK, 1);
            serve(work->driver, socket);
            tell(epoll, EPOLL_CTL_MOD, work->driver, socket,
                 EPOLLIN | EPOLLONESHOT);
        }
    }
}
//! [one_shot]

/* --- 6. This chapter ---------------------------------------------------------- */

/* A task for each socket: it reads, answers, and reads again. */
typedef struct Reader {
    Future future;
    size_t number;
    Socket socket;
    SocketRead read;
    bool reading;
    unsigned char message[MESSAGE_SIZE];
} Reader;

//! [reader]
static Poll reader_poll(Future *future, Context *context) {
    Reader *self = (Reader *)future;
    for (;;) {
        if (!self->reading) {
            socket_read_init(&self->read, &self->socket, self->message,
                             MESSAGE_SIZE);
            self->reading = true;
        }
        count(COUNT_LOOK, 1);
        if (future_poll(&self->read.future, context) == POLL_PENDING) {
            return POLL_PENDING;
        }
        message_answer(self->message, self->read.result, self->number);
        future_drop(&self->read.future);
        self->reading = false;
        socket_write_buf(&self->socket, self->message, MESSAGE_SIZE);
        work_done();
    }
}
//! [reader]

static void reader_drop(Future *future) {
    Reader *self = (Reader *)future;
    if (self->reading) {
        future_drop(&self->read.future);
    }
    socket_close(&self->socket);
}

static int spawn_reader(Spawner spawner, const Driver *driver, size_t number) {
    static const FutureVtable vtable = {reader_poll, reader_drop};
    Reader reader = {.future = {&vtable}, .number = number};
    int result = socket_init(&reader.socket, driver->sockets[number]);
    if (result != 0) {
        return result;
    }
    return spawner_spawn(&spawner, &reader.future, sizeof reader, NULL);
}

//! [this_chapter]
static void this_chapter(const Work *work) {
    Executor *executor;
    int result = executor_new(&executor);
    for (size_t i = 0; result == 0 && i < work->driver->count; i++) {
        result = spawn_reader(executor_spawner(executor), work->driver, i);
    }
    work_begin(work);
    if (result == 0) {
        result = executor_run(executor);
    }
    errno = -result;
}
//! [this_chapter]

/* --- The limit ------------------------------------------------------------------ */

/*
 * Each socket is added once and never told of again. A loop can do so if it
 * reads at once whatever is reported: it has no sockets that nobody waits for.
 */
//! [by_hand]
static void by_hand(const Work *work) {
    struct epoll_event events[BATCH];
    int epoll = add_all(work->driver, EPOLLIN);
    work_begin(work);
    for (;;) {
        int ready = epoll_wait(epoll, events, BATCH, FOREVER);
        for (int i = 0; i < ready; i++) {
            count(COUNT_LOOK, 1);
            serve(work->driver, events[i].data.u64);
        }
    }
}
//! [by_hand]

const Way ways[WAYS] = {
    {"1 ask each in turn", ask_each, true},
    {"2 a thread each", thread_each, false},
    {"3 poll(2)", poll_all, true},
    {"4 epoll, add + remove", add_and_remove, false},
    {"5 epoll, one-shot", one_shot, false},
    {"6 this chapter", this_chapter, false},
    {"- epoll by hand", by_hand, false},
};
