/*
 * The limit: what one writes by hand when there is nothing but the work.
 *
 * Tasks are a function and an argument in a ring. Sockets are registered
 * once, level-triggered, with their handler in the event; a hop is three
 * system calls: epoll_wait, read, write. Nothing is general, nothing can be
 * cancelled, nobody else could use it: a loop cannot be expected to be faster,
 * and should not be much slower.
 */
#include "workload.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BATCH = 256 };

const char *contestant(void) {
    return "epoll(7) by hand";
}

/* --- A queue of functions ------------------------------------------------- */

typedef struct Job {
    void (*run)(void *argument);
    void *argument;
} Job;

static struct {
    Job *jobs;
    size_t mask, head, tail;
} queue;

/* Room for `jobs` of them. */
static void queue_init(size_t jobs) {
    size_t size = 1;
    while (size < jobs + 1) {
        size *= 2;
    }
    queue.jobs = calloc(size, sizeof *queue.jobs);
    must(queue.jobs != NULL, "There is no memory for the queue");
    queue.mask = size - 1;
}

static void queue_push(void (*run)(void *), void *argument) {
    queue.jobs[queue.tail++ & queue.mask] = (Job){run, argument};
}

static void queue_run(void) {
    while (queue.head != queue.tail) {
        Job job = queue.jobs[queue.head++ & queue.mask];
        job.run(job.argument);
    }
}

static void take_turn(void *argument) {
    if (turn(argument)) {
        queue_push(take_turn, argument);
    }
}

void work_poll(size_t tasks) {
    queue_init(tasks);
    for (size_t i = 0; i < tasks; i++) {
        queue_push(take_turn, &turns_left[i]);
    }
    measure_begin();
    queue_run();
    measure_end();
}

static void end(void *argument) {
    uint64_t *ended = argument;
    *ended += 1;
}

void work_spawn(size_t tasks, size_t rounds) {
    queue_init(tasks);
    measure_begin();
    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i < tasks; i++) {
            queue_push(end, &tasks_ended);
        }
        queue_run();
    }
    measure_end();
}

/* A task that waits: a function and an argument, in a block of its own. */
void work_memory(size_t tasks) {
    Job **waiting = calloc(tasks, sizeof *waiting);
    must(waiting != NULL, "There is no memory for the tasks");
    size_t before = memory_used();
    for (size_t i = 0; i < tasks; i++) {
        waiting[i] = malloc(sizeof *waiting[i]);
        must(waiting[i] != NULL, "There is no memory for a task");
        *waiting[i] = (Job){end, &tasks_ended};
    }
    memory_report(memory_used() - before);
}

/* --- epoll ---------------------------------------------------------------- */

/* What an event's data point to. */
typedef struct Handler {
    void (*readable)(struct Handler *self);
    int descriptor;
} Handler;

static int epoll;

static void epoll_init(void) {
    epoll = epoll_create1(EPOLL_CLOEXEC);
    must(epoll >= 0, "There is no epoll instance");
}

static void watch(Handler *handler) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = handler};
    must(epoll_ctl(epoll, EPOLL_CTL_ADD, handler->descriptor, &event) == 0,
         "A descriptor cannot be watched");
}

static void wait_and_handle(void) {
    struct epoll_event events[BATCH];
    int count = epoll_wait(epoll, events, BATCH, -1);
    must(count >= 0 || errno == EINTR, "Waiting for events failed");
    for (int i = 0; i < count; i++) {
        Handler *handler = events[i].data.ptr;
        handler->readable(handler);
    }
}

/* --- The chain ------------------------------------------------------------ */

typedef struct Link {
    Handler handler;
    size_t pair;
} Link;

static void hop(Handler *handler) {
    Link *self = (Link *)handler;
    unsigned char token;
    if (read(handler->descriptor, &token, 1) == 1 &&
        token_arrived(self->pair, token)) {
        must(write(chain[chain_next(self->pair)].written, &token, 1) == 1,
             "A token cannot be passed on");
    }
}

void work_chain(size_t pairs) {
    Link *links = calloc(pairs, sizeof *links);
    must(links != NULL, "There is no memory for the chain");
    epoll_init();
    for (size_t i = 0; i < pairs; i++) {
        links[i] = (Link){{hop, chain[i].reads}, i};
        watch(&links[i].handler);
    }
    chain_begin();
    while (!chain_finished()) {
        wait_and_handle();
    }
    measure_end();
    free(links);
}

/* --- Echo ----------------------------------------------------------------- */

typedef struct Connection {
    Handler handler;
    char buffer[ECHO_BUFFER];
} Connection;

static void echo(Handler *handler) {
    Connection *self = (Connection *)handler;
    ssize_t length = read(handler->descriptor, self->buffer, ECHO_BUFFER);
    if (length > 0) {
        must(send(handler->descriptor, self->buffer, (size_t)length,
                  MSG_NOSIGNAL) == length,
             "An echo cannot be written");
    } else if (length == 0 || errno != EAGAIN) {
        close(handler->descriptor);
        free(self);
    }
}

static void accept_all(Handler *handler) {
    int descriptor;
    while ((descriptor = echo_accept(handler->descriptor)) >= 0) {
        Connection *connection = malloc(sizeof *connection);
        must(connection != NULL, "There is no memory for a connection");
        connection->handler = (Handler){echo, descriptor};
        watch(&connection->handler);
    }
}

void work_echo(void) {
    Handler listener = {accept_all, echo_listen()};
    epoll_init();
    watch(&listener);
    for (;;) {
        wait_and_handle();
    }
}

/* --- Wake-ups from another thread ----------------------------------------- */

static bool more;

static void woken(Handler *handler) {
    uint64_t times;
    if (read(handler->descriptor, &times, sizeof times) == sizeof times) {
        more = ping_answer();
    }
}

static void wake(void *argument) {
    const Handler *handler = argument;
    uint64_t one = 1;
    must(write(handler->descriptor, &one, sizeof one) == sizeof one,
         "The loop cannot be woken");
}

void work_wake(void) {
    Handler handler = {woken, eventfd(0, EFD_NONBLOCK)};
    epoll_init();
    watch(&handler);
    more = true;
    pinger_start(wake, &handler);
    while (more) {
        wait_and_handle();
    }
    pinger_join();
}
