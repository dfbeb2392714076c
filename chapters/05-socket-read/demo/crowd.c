#include "crowd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "platform.h"
#include "socket_connect.h"
#include "socket_read.h"
#include "socket_write.h"

enum { MESSAGE = 64, AT_THE_DOOR = 64 };

typedef struct Crowd Crowd;

/* One client. What it waits for stands in `state`. */
typedef struct Visitor {
    Future future;
    Crowd *crowd;
    unsigned number;
    enum {
        VISITOR_CONNECTS,
        VISITOR_SAYS,
        VISITOR_LISTENS,
        VISITOR_STAYS
    } state;
    bool again; /* the second time */
    Socket socket;
    SocketConnect connect;
    SocketWrite write;
    SocketRead read;
    Waiter stays; /* until all are there */
    size_t heard;
    char message[MESSAGE];
    char answer[MESSAGE];
} Visitor;

/* What the visitors share: how many are there, and wait for the others. */
struct Crowd {
    Spawner spawner;
    struct sockaddr_in address;
    unsigned count;
    unsigned spawned;
    unsigned arrived;   /* answered once, or failed */
    WaiterList staying; /* until the rest are there */
    CrowdResult result;
};

static int spawn_visitor(Crowd *crowd);

/* Keeps the first failure. */
static void note_failure(Crowd *crowd, int failure) {
    if (crowd->result.failure == 0) {
        crowd->result.failure = failure;
    }
}

/* The next one comes in when one has arrived: a listener's queue is short. */
static void arrive(Crowd *crowd, int failure) {
    crowd->arrived += 1;
    crowd->result.connected += failure == 0;
    note_failure(crowd, failure);
    while (crowd->spawned < crowd->count) {
        int result = spawn_visitor(crowd);
        if (result == 0) {
            return;
        }
        crowd->spawned += 1;
        crowd->arrived += 1;
        note_failure(crowd, result);
    }
    if (crowd->arrived == crowd->count) {
        waiter_list_wake_all(&crowd->staying);
    }
}

static void say(Visitor *self) {
    snprintf(self->message, sizeof self->message, "visitor %u, %s time",
             self->number, self->again ? "second" : "first");
    socket_write_init(&self->write, &self->socket, self->message, MESSAGE);
    self->state = VISITOR_SAYS;
}

static void listen_on(Visitor *self) {
    socket_read_init(&self->read, &self->socket, self->answer + self->heard,
                     MESSAGE - self->heard);
    self->state = VISITOR_LISTENS;
}

/* Ends the visit: returns what the poll returns. */
static Poll leave(Visitor *self, int failure) {
    Crowd *crowd = self->crowd;
    if (!self->again) {
        arrive(crowd, failure);
    } else {
        crowd->result.answered += failure == 0;
        note_failure(crowd, failure);
    }
    return POLL_READY;
}

/* Returns 0 when the whole answer is there, `-EAGAIN` if more is to come. */
static int check_answer(Visitor *self) {
    ssize_t length = self->read.result;
    if (length <= 0) {
        return length < 0 ? (int)length : -EPIPE;
    }
    self->heard += (size_t)length;
    if (self->heard < MESSAGE) {
        return -EAGAIN;
    }
    self->heard = 0;
    return memcmp(self->message, self->answer, MESSAGE) == 0 ? 0 : -EILSEQ;
}

/* Moves on from a child that is ready. Returns 0, or why the visit ends. */
static int visitor_go_on(Visitor *self) {
    switch (self->state) {
    case VISITOR_CONNECTS:
        if (self->connect.result != 0) {
            return self->connect.result;
        }
        self->socket = socket_take(&self->connect.connected);
        say(self);
        return 0;
    case VISITOR_SAYS:
        if (self->write.result != 0) {
            return self->write.result;
        }
        listen_on(self);
        return 0;
    case VISITOR_LISTENS: {
        int result = check_answer(self);
        if (result == -EAGAIN) {
            listen_on(self);
            return 0;
        }
        self->state = VISITOR_STAYS;
        return result;
    }
    case VISITOR_STAYS:
        break;
    }
    self->again = true;
    say(self);
    return 0;
}

static Future *visitor_child(Visitor *self) {
    switch (self->state) {
    case VISITOR_CONNECTS:
        return &self->connect.future;
    case VISITOR_SAYS:
        return &self->write.future;
    default:
        return &self->read.future;
    }
}

/* Waits for the rest of the crowd, if it is the first time. */
static Poll visitor_stay(Visitor *self, Context *context) {
    Crowd *crowd = self->crowd;
    if (crowd->arrived == crowd->count) {
        return POLL_READY;
    }
    waiter_list_insert(&crowd->staying, &self->stays, context->waker);
    return POLL_PENDING;
}

static Poll visitor_poll(Future *future, Context *context) {
    Visitor *self = (Visitor *)future;
    for (;;) {
        Poll poll = self->state == VISITOR_STAYS
                        ? visitor_stay(self, context)
                        : future_poll(visitor_child(self), context);
        if (poll == POLL_PENDING) {
            return POLL_PENDING;
        }
        int failure = visitor_go_on(self);
        bool answered = self->state == VISITOR_STAYS;
        if (failure != 0 || (answered && self->again)) {
            return leave(self, failure);
        }
        if (answered) {
            arrive(self->crowd, 0);
        }
    }
}

static void visitor_drop(Future *future) {
    Visitor *self = (Visitor *)future;
    if (self->state != VISITOR_STAYS) {
        future_drop(visitor_child(self));
    } else {
        waiter_remove(&self->stays);
    }
    socket_close(&self->socket);
}

static int spawn_visitor(Crowd *crowd) {
    static const FutureVtable vtable = {visitor_poll, visitor_drop};
    Visitor visitor = {.future = {&vtable},
                       .crowd = crowd,
                       .number = crowd->spawned,
                       .socket = {.object = -1}};
    socket_connect_init(&visitor.connect,
                        (const struct sockaddr *)&crowd->address,
                        sizeof crowd->address);
    int result =
        spawner_spawn(&crowd->spawner, &visitor.future, sizeof visitor, NULL);
    crowd->spawned += result == 0;
    return result;
}

int crowd_run(Executor *executor, uint16_t port, unsigned count,
              CrowdResult *result_out) {
    Crowd crowd = {
        .spawner = executor_spawner(executor),
        .address = {.sin_family = AF_INET,
                    .sin_port = htons(port),
                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)},
        .count = count,
    };
    int result = 0;
    waiter_list_init(&crowd.staying);
    while (result == 0 && crowd.spawned < count &&
           crowd.spawned < AT_THE_DOOR) {
        result = spawn_visitor(&crowd);
    }
    if (result == 0) {
        result = executor_run(executor);
    }
    if (result != 0) {
        executor_cancel_all(executor); /* they must not outlive the crowd */
    }
    *result_out = crowd.result;
    return result;
}
