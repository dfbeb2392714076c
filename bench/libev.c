/*
 * libev: watchers that the caller owns, a callback in each.
 *
 * What asks to be run again is an ev_idle: it is called in each turn of the
 * loop for as long as it is started.
 */
#include "workload.h"

#include <errno.h>
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static struct ev_loop *loop;

static void make_loop(void) {
    loop = ev_loop_new(EVBACKEND_EPOLL);
    must(loop != NULL, "libev makes no loop on epoll");
}

const char *contestant(void) {
    static char version[32];
    snprintf(version, sizeof version, "libev %d.%d", ev_version_major(),
             ev_version_minor());
    return version;
}

/* --- Tasks ---------------------------------------------------------------- */

static void take_turn(struct ev_loop *self, ev_idle *task, int events) {
    (void)events;
    if (!turn(task->data)) {
        ev_idle_stop(self, task);
    }
}

void work_poll(size_t tasks) {
    ev_idle *idle = calloc(tasks, sizeof *idle);
    must(idle != NULL, "There is no memory for the tasks");
    make_loop();
    for (size_t i = 0; i < tasks; i++) {
        ev_idle_init(&idle[i], take_turn);
        idle[i].data = &turns_left[i];
        ev_idle_start(loop, &idle[i]);
    }
    measure_begin();
    ev_run(loop, 0);
    measure_end();
    free(idle);
}

static void end(struct ev_loop *self, ev_idle *task, int events) {
    (void)events;
    tasks_ended += 1;
    ev_idle_stop(self, task);
    free(task);
}

void work_spawn(size_t tasks, size_t rounds) {
    make_loop();
    measure_begin();
    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i < tasks; i++) {
            ev_idle *task = malloc(sizeof *task);
            must(task != NULL, "There is no memory for a task");
            ev_idle_init(task, end);
            ev_idle_start(loop, task);
        }
        ev_run(loop, 0);
    }
    measure_end();
}

static void woken(struct ev_loop *self, ev_async *async, int events) {
    (void)async;
    (void)events;
    if (!ping_answer()) {
        ev_break(self, EVBREAK_ALL);
    }
}

void work_memory(size_t tasks) {
    ev_async **waiting = calloc(tasks, sizeof(ev_async *));
    must(waiting != NULL, "There is no memory for the tasks");
    make_loop();
    size_t before = memory_used();
    for (size_t i = 0; i < tasks; i++) {
        waiting[i] = malloc(sizeof *waiting[i]);
        must(waiting[i] != NULL, "There is no memory for a task");
        ev_async_init(waiting[i], woken);
        ev_async_start(loop, waiting[i]);
    }
    memory_report(memory_used() - before);
}

/* --- The chain ------------------------------------------------------------ */

typedef struct Link {
    ev_io readable;
    size_t pair;
} Link;

static void hop(struct ev_loop *self, ev_io *readable, int events) {
    Link *link = (Link *)readable;
    unsigned char token;
    (void)events;
    if (read(readable->fd, &token, 1) == 1 &&
        token_arrived(link->pair, token)) {
        must(write(chain[chain_next(link->pair)].written, &token, 1) == 1,
             "A token cannot be passed on");
    }
    if (chain_finished()) {
        ev_break(self, EVBREAK_ALL);
    }
}

void work_chain(size_t pairs) {
    Link *links = calloc(pairs, sizeof *links);
    must(links != NULL, "There is no memory for the chain");
    make_loop();
    for (size_t i = 0; i < pairs; i++) {
        links[i].pair = i;
        ev_io_init(&links[i].readable, hop, chain[i].reads, EV_READ);
        ev_io_start(loop, &links[i].readable);
    }
    ev_run(loop, EVRUN_NOWAIT); /* only now does it tell the kernel */
    chain_begin();
    ev_run(loop, 0);
    measure_end();
    free(links);
}

/* --- Echo ----------------------------------------------------------------- */

typedef struct Connection {
    ev_io readable;
    char buffer[ECHO_BUFFER];
} Connection;

static void echo(struct ev_loop *self, ev_io *readable, int events) {
    Connection *connection = (Connection *)readable;
    (void)events;
    ssize_t length = read(readable->fd, connection->buffer, ECHO_BUFFER);
    if (length > 0) {
        must(send(readable->fd, connection->buffer, (size_t)length,
                  MSG_NOSIGNAL) == length,
             "An echo cannot be written");
    } else if (length == 0 || errno != EAGAIN) {
        ev_io_stop(self, readable);
        close(readable->fd);
        free(connection);
    }
}

static void accept_all(struct ev_loop *self, ev_io *listener, int events) {
    int descriptor;
    (void)events;
    while ((descriptor = echo_accept(listener->fd)) >= 0) {
        Connection *connection = malloc(sizeof *connection);
        must(connection != NULL, "There is no memory for a connection");
        ev_io_init(&connection->readable, echo, descriptor, EV_READ);
        ev_io_start(self, &connection->readable);
    }
}

void work_echo(void) {
    ev_io listener;
    make_loop();
    ev_io_init(&listener, accept_all, echo_listen(), EV_READ);
    ev_io_start(loop, &listener);
    ev_run(loop, 0);
    give_up("libev's loop has ended", 0);
}

/* --- Wake-ups from another thread ----------------------------------------- */

static void wake(void *async) {
    ev_async_send(loop, async);
}

void work_wake(void) {
    ev_async async;
    make_loop();
    ev_async_init(&async, woken);
    ev_async_start(loop, &async);
    pinger_start(wake, &async);
    ev_run(loop, 0);
    pinger_join();
}
