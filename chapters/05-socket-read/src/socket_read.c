#include "socket_read.h"

#include <errno.h>

/* The future is the first member, so both have the same address. */
static inline SocketRead *socket_read_of(Future *future) {
    return (SocketRead *)future;
}

//! [poll]
static Poll socket_read_poll(Future *future, Context *context) {
    SocketRead *self = socket_read_of(future);
    self->result = -EAGAIN;
    if (socket_has_data_to_read(self->socket)) {
        self->result =
            socket_read_buf(self->socket, self->buffer, self->capacity);
    }
    if (self->result == -EAGAIN) {
        self->result = socket_set_readable_callback(self->socket, &self->waiter,
                                                    context->waker);
        return self->result == 0 ? POLL_PENDING : POLL_READY;
    }
    return POLL_READY;
}
//! [poll]

//! [drop]
static void socket_read_drop(Future *future) {
    SocketRead *self = socket_read_of(future);
    socket_clear_readable_callback(self->socket, &self->waiter);
}
//! [drop]

void socket_read_init(SocketRead *self, Socket *socket, void *buffer,
                      size_t capacity) {
    static const FutureVtable vtable = {socket_read_poll, socket_read_drop};
    *self = (SocketRead){
        .future = {&vtable},
        .socket = socket,
        .buffer = buffer,
        .capacity = capacity,
    };
}
