/*
 * The course: chapter 5's runtime, its sources as they are, through the
 * interface that its readers use. The futures here are written as a reader
 * writes them; the echo is the chapter's own server.
 */
#include "workload.h"

#include <stdlib.h>
#include <string.h>

#include "echo_server.h"
#include "executor.h"
#include "socket_read.h"
#include "socket_write.h"

static Executor *executor;
static Spawner spawner;

static void succeed(int result, const char *what) {
    if (result < 0) {
        give_up(what, -result);
    }
}

static void make_executor(void) {
    succeed(executor_new(&executor), "The executor cannot be made");
    spawner = executor_spawner(executor);
}

static void spawn(const Future *future, size_t size) {
    succeed(spawner_spawn(&spawner, future, size, NULL),
            "There is no memory for a task");
}

const char *contestant(void) {
    return "chapter 5";
}

static void drop_nothing(Future *future) {
    (void)future;
}

/* --- A task that wakes itself --------------------------------------------- */

typedef struct Turns {
    Future future;
    unsigned *left;
} Turns;

static Poll turns_poll(Future *future, Context *context) {
    Turns *self = (Turns *)future;
    if (!turn(self->left)) {
        return POLL_READY;
    }
    waker_wake_by_ref(context->waker);
    return POLL_PENDING;
}

void work_poll(size_t tasks) {
    static const FutureVtable vtable = {turns_poll, drop_nothing};
    make_executor();
    for (size_t i = 0; i < tasks; i++) {
        Turns turns = {{&vtable}, &turns_left[i]};
        spawn(&turns.future, sizeof turns);
    }
    measure_begin();
    succeed(executor_run(executor), "The tasks cannot be run");
    measure_end();
    executor_free(executor);
}

/* --- A task that ends ----------------------------------------------------- */

static Poll end_poll(Future *future, Context *context) {
    (void)future;
    (void)context;
    tasks_ended += 1;
    return POLL_READY;
}

void work_spawn(size_t tasks, size_t rounds) {
    static const FutureVtable vtable = {end_poll, drop_nothing};
    make_executor();
    measure_begin();
    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i < tasks; i++) {
            Future end = {&vtable};
            spawn(&end, sizeof end);
        }
        succeed(executor_run(executor), "The tasks cannot be run");
    }
    measure_end();
    executor_free(executor);
}

/* --- A task that waits for another thread --------------------------------- */

typedef struct Pinged {
    Future future;
    Waker *waker; /* where the other thread finds it */
} Pinged;

static Poll pinged_poll(Future *future, Context *context) {
    Pinged *self = (Pinged *)future;
    waker_clone_from(self->waker, context->waker);
    return ping_answer() ? POLL_PENDING : POLL_READY;
}

static const FutureVtable pinged_vtable = {pinged_poll, drop_nothing};

static void wake(void *waker) {
    waker_wake_by_ref(waker);
}

/* The pinger may begin when the task has left its waker. */
typedef struct Starter {
    Future future;
    Waker *waker;
} Starter;

static Poll starter_poll(Future *future, Context *context) {
    (void)context;
    pinger_start(wake, ((Starter *)future)->waker);
    return POLL_READY;
}

void work_wake(void) {
    static const FutureVtable starter_vtable = {starter_poll, drop_nothing};
    Waker waker = {0};
    Pinged pinged = {{&pinged_vtable}, &waker};
    Starter starter = {{&starter_vtable}, &waker};
    make_executor();
    spawn(&pinged.future, sizeof pinged);
    spawn(&starter.future, sizeof starter);
    succeed(executor_run(executor), "The task cannot be run");
    pinger_join();
    waker_drop(&waker);
    executor_free(executor);
}

/* --- The chain ------------------------------------------------------------ */

/* Ready when the last token has arrived. */
typedef struct Finish {
    Future future;
    Waker waker;
} Finish;

static Finish finish;

static Poll finish_poll(Future *future, Context *context) {
    Finish *self = (Finish *)future;
    if (chain_finished()) {
        return POLL_READY;
    }
    waker_clone_from(&self->waker, context->waker);
    return POLL_PENDING;
}

static void finish_drop(Future *future) {
    waker_drop(&((Finish *)future)->waker);
}

/* Reads a token here, writes it to the next pair, and so on. */
typedef struct Link {
    Future future;
    size_t pair;
    Socket *in, *out;
    enum { LINK_NEW, LINK_READS, LINK_WRITES } state;
    SocketRead read;
    SocketWrite write;
    unsigned char token;
} Link;

static void link_read(Link *self) {
    socket_read_init(&self->read, self->in, &self->token, 1);
    self->state = LINK_READS;
}

static void link_write(Link *self) {
    succeed((int)self->read.result, "A token cannot be read");
    future_drop(&self->read.future);
    self->state = LINK_NEW;
    if (token_arrived(self->pair, self->token)) {
        socket_write_init(&self->write, self->out, &self->token, 1);
        self->state = LINK_WRITES;
    } else if (chain_finished()) {
        waker_wake(&finish.waker);
    }
}

static void link_written(Link *self) {
    succeed(self->write.result, "A token cannot be passed on");
    future_drop(&self->write.future);
    self->state = LINK_NEW;
}

static Poll link_poll(Future *future, Context *context) {
    Link *self = (Link *)future;
    for (;;) {
        switch (self->state) {
        case LINK_NEW:
            link_read(self);
            break;
        case LINK_READS:
            if (future_poll(&self->read.future, context) == POLL_PENDING) {
                return POLL_PENDING;
            }
            link_write(self);
            break;
        case LINK_WRITES:
            if (future_poll(&self->write.future, context) == POLL_PENDING) {
                return POLL_PENDING;
            }
            link_written(self);
            break;
        }
    }
}

static void link_drop(Future *future) {
    Link *self = (Link *)future;
    if (self->state == LINK_READS) {
        future_drop(&self->read.future);
    } else if (self->state == LINK_WRITES) {
        future_drop(&self->write.future);
    }
}

static Socket *make_sockets(size_t pairs) {
    Socket *sockets = calloc(2 * pairs, sizeof *sockets);
    must(sockets != NULL, "There is no memory for the sockets");
    for (size_t i = 0; i < pairs; i++) {
        succeed(socket_init(&sockets[2 * i], chain[i].reads),
                "A socket cannot be made");
        succeed(socket_init(&sockets[2 * i + 1], chain[i].written),
                "A socket cannot be made");
    }
    return sockets;
}

void work_chain(size_t pairs) {
    static const FutureVtable link_vtable = {link_poll, link_drop};
    static const FutureVtable finish_vtable = {finish_poll, finish_drop};
    static const FutureVtable first_vtable = {turns_poll, drop_nothing};
    make_executor();
    Socket *sockets = make_sockets(pairs);
    for (size_t i = 0; i < pairs; i++) {
        Link link = {.future = {&link_vtable},
                     .pair = i,
                     .in = &sockets[2 * i],
                     .out = &sockets[2 * chain_next(i) + 1]};
        spawn(&link.future, sizeof link);
    }
    unsigned once = 1; /* one poll behind all others: then each waits */
    Turns first = {{&first_vtable}, &once};
    succeed(executor_block_on(executor, &first.future),
            "The chain cannot be set up");
    finish.future.vtable = &finish_vtable;
    chain_begin();
    succeed(executor_block_on(executor, &finish.future),
            "The chain cannot be run");
    measure_end();
    executor_cancel_all(executor);
    future_drop(&finish.future);
    for (size_t i = 0; i < 2 * pairs; i++) {
        socket_close(&sockets[i]);
    }
    free(sockets);
    executor_free(executor);
}

/* --- Memory --------------------------------------------------------------- */

/* The shortest future that waits: it leaves its waker, and that is all. */
static Poll waiting_poll(Future *future, Context *context) {
    Pinged *self = (Pinged *)future;
    *self->waker = waker_clone(context->waker);
    return POLL_PENDING;
}

void work_memory(size_t tasks) {
    static const FutureVtable vtable = {waiting_poll, drop_nothing};
    Waker *wakers = calloc(tasks, sizeof *wakers);
    must(wakers != NULL, "There is no memory for the wakers");
    make_executor();
    size_t before = memory_used();
    for (size_t i = 0; i < tasks; i++) {
        Pinged waiting = {{&vtable}, &wakers[i]};
        spawn(&waiting.future, sizeof waiting);
    }
    memory_report(memory_used() - before);
    executor_free(executor);
    free(wakers);
}

/* --- Echo ----------------------------------------------------------------- */

void work_echo(void) {
    EchoServer server;
    make_executor();
    succeed(echo_server_start(&server, executor, 0, NULL, NULL),
            "The server cannot listen on 127.0.0.1");
    echo_announce(socket_port(&server.listener));
    succeed(executor_run(executor), "The server cannot be run");
    give_up("The server has ended", 0);
}
