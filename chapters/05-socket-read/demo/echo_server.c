/*
 * The two futures of this file are state machines: what another language's
 * compiler makes of `await`, written by hand. `state` says for which child
 * the task waits; each turn of the loop polls that one child, and either
 * returns pending or moves on to the next state.
 */
#include "echo_server.h"

#include <errno.h>
#include <string.h>

#include "clock.h"
#include "platform.h"
#include "select.h"
#include "socket_accept.h"
#include "socket_read.h"
#include "socket_write.h"

/* One connection: read some, write it back, until the end of file. */
//! [connection]
typedef struct Connection {
    Future future;
    EchoServer *server;
    unsigned long number;
    Socket socket;
    enum { CONNECTION_NEW, CONNECTION_READS, CONNECTION_WRITES } state;
    SocketRead read;
    TimerFuture idle;
    Select read_or_idle;
    SocketWrite write;
    uint64_t bytes;
    char buffer[4096];
} Connection;
//! [connection]

static void connection_log(const Connection *self, const char *why) {
    log_line(self->server->log, "connection %lu ends after %llu bytes: %s",
             self->number, (unsigned long long)self->bytes, why);
}

//! [idle]
/* A read that gives up: the first of two, the bytes or the time. */
static void connection_read(Connection *self) {
    uint64_t idle_ns = self->server->idle_ns;
    socket_read_init(&self->read, &self->socket, self->buffer,
                     sizeof self->buffer);
    timer_future_init(&self->idle,
                      idle_ns == 0 ? DEADLINE_NEVER : clock_now_ns() + idle_ns);
    select_init(&self->read_or_idle, &self->read.future, &self->idle.future);
    self->state = CONNECTION_READS;
}
//! [idle]

/* Why there is nothing to send back; `NULL` if there is something. */
static const char *connection_end(const Connection *self) {
    if (self->read_or_idle.winner == &self->idle.future) {
        return "it said nothing for too long";
    }
    ssize_t length = self->read.result;
    return length > 0    ? NULL
           : length == 0 ? "end of file"
                         : strerror(-(int)length);
}

/* Returns whether there is something to send back. */
static bool connection_write(Connection *self) {
    const char *why = connection_end(self);
    size_t length = (size_t)self->read.result;
    future_drop(&self->read_or_idle.future);
    if (why != NULL) {
        connection_log(self, why);
        self->state = CONNECTION_NEW;
        return false;
    }
    socket_write_init(&self->write, &self->socket, self->buffer, length);
    self->state = CONNECTION_WRITES;
    return true;
}

/* Returns whether there may be more to read. */
static bool connection_written(Connection *self) {
    int result = self->write.result;
    self->bytes += self->write.written;
    self->server->bytes += self->write.written;
    future_drop(&self->write.future);
    self->state = CONNECTION_NEW;
    if (result != 0) {
        connection_log(self, strerror(-result));
    }
    return result == 0;
}

//! [connection_poll]
static Poll connection_poll(Future *future, Context *context) {
    Connection *self = (Connection *)future;
    for (;;) {
        switch (self->state) {
        case CONNECTION_NEW:
            connection_read(self);
            break;
        case CONNECTION_READS:
            if (future_poll(&self->read_or_idle.future, context) ==
                POLL_PENDING) {
                return POLL_PENDING;
            }
            if (!connection_write(self)) {
                return POLL_READY;
            }
            break;
        case CONNECTION_WRITES:
            if (future_poll(&self->write.future, context) == POLL_PENDING) {
                return POLL_PENDING;
            }
            if (!connection_written(self)) {
                return POLL_READY;
            }
            break;
        }
    }
}
//! [connection_poll]

static void connection_drop(Future *future) {
    Connection *self = (Connection *)future;
    if (self->state == CONNECTION_READS) {
        future_drop(&self->read_or_idle.future);
    } else if (self->state == CONNECTION_WRITES) {
        future_drop(&self->write.future);
    }
    socket_close(&self->socket);
    self->server->open -= 1;
    if (self->server->open == 0) {
        waiter_list_wake_all(&self->server->waiting);
    }
}

/* Makes a task of a connection; without memory for it, closes it. */
static void serve(EchoServer *server, Socket socket) {
    static const FutureVtable vtable = {connection_poll, connection_drop};
    Connection connection = {.future = {&vtable},
                             .server = server,
                             .number = ++server->accepted,
                             .socket = socket};
    int result = spawner_spawn(&server->spawner, &connection.future,
                               sizeof connection, NULL);
    if (result != 0) {
        connection_log(&connection, strerror(-result));
        socket_close(&connection.socket);
        return;
    }
    server->open += 1;
}

/* The task that accepts. It rests when there is no descriptor left. */
//! [acceptor]
typedef struct Acceptor {
    Future future;
    EchoServer *server;
    enum { ACCEPTOR_NEW, ACCEPTOR_ACCEPTS, ACCEPTOR_RESTS } state;
    int told; /* the failure that the log knows of, or 0 */
    SocketAccept accept;
    TimerFuture rest;
} Acceptor;
//! [acceptor]

enum { REST_MS = 100 };

static void acceptor_accept(Acceptor *self) {
    socket_accept_init(&self->accept, &self->server->listener);
    self->state = ACCEPTOR_ACCEPTS;
}

/*
 * A descriptor or memory may be had again later; the connection waits in the
 * system's queue until then. Returning pending at once instead would find the
 * listener readable again, and again: a loop that does nothing but fail. The
 * log hears of it once, until a connection has been accepted again.
 *
 * Returns false if the listener has been closed: there is nothing to accept.
 */
static bool acceptor_accepted(Acceptor *self) {
    int result = self->accept.result;
    Socket accepted = socket_take(&self->accept.accepted);
    future_drop(&self->accept.future);
    if (result == 0) {
        serve(self->server, accepted);
        self->told = 0;
        self->state = ACCEPTOR_NEW;
        return true;
    }
    if (result == -EBADF) {
        self->state = ACCEPTOR_NEW;
        return false;
    }
    if (result != self->told) {
        log_line(self->server->log,
                 "cannot accept with %lu connections open: %s; trying again "
                 "every %d ms",
                 self->server->open, strerror(-result), REST_MS);
        self->told = result;
    }
    timer_future_init(&self->rest, clock_now_ns() + REST_MS * NS_PER_MS);
    self->state = ACCEPTOR_RESTS;
    return true;
}

static Poll acceptor_poll(Future *future, Context *context) {
    Acceptor *self = (Acceptor *)future;
    for (;;) {
        switch (self->state) {
        case ACCEPTOR_NEW:
            acceptor_accept(self);
            break;
        case ACCEPTOR_ACCEPTS:
            if (future_poll(&self->accept.future, context) == POLL_PENDING) {
                return POLL_PENDING;
            }
            if (!acceptor_accepted(self)) {
                return POLL_READY;
            }
            break;
        case ACCEPTOR_RESTS:
            if (future_poll(&self->rest.future, context) == POLL_PENDING) {
                return POLL_PENDING;
            }
            future_drop(&self->rest.future);
            self->state = ACCEPTOR_NEW;
            break;
        }
    }
}

static void acceptor_drop(Future *future) {
    Acceptor *self = (Acceptor *)future;
    if (self->state == ACCEPTOR_ACCEPTS) {
        future_drop(&self->accept.future);
    } else if (self->state == ACCEPTOR_RESTS) {
        future_drop(&self->rest.future);
    }
}

int echo_server_start(EchoServer *server, Executor *executor, uint16_t port,
                      Log *log, JoinHandle *handle_out) {
    static const FutureVtable vtable = {acceptor_poll, acceptor_drop};
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    *server = (EchoServer){.listener = {.object = -1},
                           .spawner = executor_spawner(executor),
                           .log = log};
    waiter_list_init(&server->waiting);
    int result = socket_listen(
        &server->listener, (const struct sockaddr *)&address, sizeof address);
    if (result != 0) {
        return result;
    }
    Acceptor acceptor = {.future = {&vtable}, .server = server};
    result = spawner_spawn(&server->spawner, &acceptor.future, sizeof acceptor,
                           handle_out);
    if (result != 0) {
        socket_close(&server->listener);
    }
    return result;
}

void echo_server_stop(EchoServer *server) {
    socket_close(&server->listener);
}

//! [end]
static Poll echo_server_end_poll(Future *future, Context *context) {
    EchoServerEnd *self = (EchoServerEnd *)future;
    if (self->server->open == 0) {
        return POLL_READY;
    }
    waiter_list_insert(&self->server->waiting, &self->waiter, context->waker);
    return POLL_PENDING;
}

static void echo_server_end_drop(Future *future) {
    waiter_remove(&((EchoServerEnd *)future)->waiter);
}
//! [end]

void echo_server_end_init(EchoServerEnd *self, EchoServer *server) {
    static const FutureVtable vtable = {echo_server_end_poll,
                                        echo_server_end_drop};
    *self = (EchoServerEnd){.future = {&vtable}, .server = server};
}
