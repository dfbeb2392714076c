#include "socket_accept.h"

#include <errno.h>

static inline SocketAccept *socket_accept_of(Future *future) {
    return (SocketAccept *)future;
}

//! [poll]
/* A connection that was given up before it was accepted is none. */
static Poll socket_accept_poll(Future *future, Context *context) {
    SocketAccept *self = socket_accept_of(future);
    self->result = -EAGAIN;
    if (socket_has_data_to_read(self->listener)) {
        self->result = socket_accept(self->listener, &self->accepted);
    }
    if (self->result == -EAGAIN || self->result == -ECONNABORTED) {
        self->result =
            socket_set_readable_callback(self->listener, context->waker);
        self->waiting = self->result == 0;
        return self->waiting ? POLL_PENDING : POLL_READY;
    }
    self->waiting = false;
    return POLL_READY;
}
//! [poll]

static void socket_accept_drop(Future *future) {
    SocketAccept *self = socket_accept_of(future);
    if (self->waiting) {
        socket_clear_readable_callback(self->listener);
    }
}

void socket_accept_init(SocketAccept *self, Socket *listener) {
    static const FutureVtable vtable = {socket_accept_poll, socket_accept_drop};
    *self = (SocketAccept){.future = {&vtable}, .listener = listener};
}
