/*
 * libevent: an event for each descriptor (EV_READ | EV_PERSIST), registered
 * once. Its bufferevents do the reading and writing as well, through chains
 * of buffers; plain events are the faster way, and so the fairer one here.
 *
 * What asks to be run again makes its event active once more. Only the
 * wake-ups need locks (evthread_use_pthreads): all else runs without.
 */
#include "workload.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/thread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static struct event_base *base;

static void make_base(void) {
    base = event_base_new();
    must(base != NULL, "libevent makes no event base");
}

static struct event *new_event(int descriptor, short what,
                               event_callback_fn callback, void *argument) {
    struct event *event = event_new(base, descriptor, what, callback, argument);
    must(event != NULL, "libevent makes no event");
    return event;
}

const char *contestant(void) {
    static char version[64];
    snprintf(version, sizeof version, "libevent %s", event_get_version());
    return version;
}

/* --- Tasks ---------------------------------------------------------------- */

typedef struct Task {
    struct event *event;
    unsigned *left;
} Task;

static void take_turn(int descriptor, short what, void *argument) {
    Task *task = argument;
    (void)descriptor;
    (void)what;
    if (turn(task->left)) {
        event_active(task->event, 0, 0);
    }
}

void work_poll(size_t tasks) {
    Task *all = calloc(tasks, sizeof *all);
    must(all != NULL, "There is no memory for the tasks");
    make_base();
    for (size_t i = 0; i < tasks; i++) {
        all[i].left = &turns_left[i];
        all[i].event = new_event(-1, 0, take_turn, &all[i]);
        event_active(all[i].event, 0, 0);
    }
    measure_begin();
    event_base_dispatch(base);
    measure_end();
    free(all);
}

static void end(int descriptor, short what, void *argument) {
    (void)descriptor;
    (void)what;
    tasks_ended += 1;
    event_free(argument);
}

void work_spawn(size_t tasks, size_t rounds) {
    make_base();
    measure_begin();
    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i < tasks; i++) {
            struct event *task = new_event(-1, 0, end, event_self_cbarg());
            event_active(task, 0, 0);
        }
        event_base_dispatch(base);
    }
    measure_end();
}

void work_memory(size_t tasks) {
    struct event **waiting = calloc(tasks, sizeof(struct event *));
    must(waiting != NULL, "There is no memory for the tasks");
    make_base();
    size_t before = memory_used();
    for (size_t i = 0; i < tasks; i++) {
        waiting[i] = new_event(-1, EV_PERSIST, end, NULL);
    }
    memory_report(memory_used() - before);
}

/* --- The chain ------------------------------------------------------------ */

typedef struct Link {
    struct event *readable;
    size_t pair;
} Link;

static void hop(int descriptor, short what, void *argument) {
    Link *self = argument;
    unsigned char token;
    (void)what;
    if (read(descriptor, &token, 1) == 1 && token_arrived(self->pair, token)) {
        must(write(chain[chain_next(self->pair)].written, &token, 1) == 1,
             "A token cannot be passed on");
    }
    if (chain_finished()) {
        event_base_loopbreak(base);
    }
}

void work_chain(size_t pairs) {
    Link *links = calloc(pairs, sizeof *links);
    must(links != NULL, "There is no memory for the chain");
    make_base();
    for (size_t i = 0; i < pairs; i++) {
        links[i].pair = i;
        links[i].readable =
            new_event(chain[i].reads, EV_READ | EV_PERSIST, hop, &links[i]);
        event_add(links[i].readable, NULL);
    }
    chain_begin();
    event_base_dispatch(base);
    measure_end();
    free(links);
}

/* --- Echo ----------------------------------------------------------------- */

typedef struct Connection {
    struct event *readable;
    char buffer[ECHO_BUFFER];
} Connection;

static void echo(int descriptor, short what, void *argument) {
    Connection *self = argument;
    (void)what;
    ssize_t length = read(descriptor, self->buffer, ECHO_BUFFER);
    if (length > 0) {
        must(send(descriptor, self->buffer, (size_t)length, MSG_NOSIGNAL) ==
                 length,
             "An echo cannot be written");
    } else if (length == 0 || errno != EAGAIN) {
        event_free(self->readable);
        close(descriptor);
        free(self);
    }
}

static void accept_all(int listener, short what, void *unused) {
    int descriptor;
    (void)what;
    (void)unused;
    while ((descriptor = echo_accept(listener)) >= 0) {
        Connection *connection = malloc(sizeof *connection);
        must(connection != NULL, "There is no memory for a connection");
        connection->readable =
            new_event(descriptor, EV_READ | EV_PERSIST, echo, connection);
        event_add(connection->readable, NULL);
    }
}

void work_echo(void) {
    make_base();
    event_add(new_event(echo_listen(), EV_READ | EV_PERSIST, accept_all, NULL),
              NULL);
    event_base_dispatch(base);
    give_up("libevent's loop has ended", 0);
}

/* --- Wake-ups from another thread ----------------------------------------- */

static void woken(int descriptor, short what, void *unused) {
    (void)descriptor;
    (void)what;
    (void)unused;
    if (!ping_answer()) {
        event_base_loopbreak(base);
    }
}

static void wake(void *event) {
    event_active(event, 0, 0);
}

void work_wake(void) {
    must(evthread_use_pthreads() == 0, "libevent takes no locks");
    make_base();
    struct event *event = new_event(-1, EV_PERSIST, woken, NULL);
    pinger_start(wake, event);
    event_base_loop(base, EVLOOP_NO_EXIT_ON_EMPTY);
    pinger_join();
}
