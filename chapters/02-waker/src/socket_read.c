#include "socket_read.h"

/* The future is the first member, so both have the same address. */
static inline SocketRead *socket_read_of(Future *future) {
    return (SocketRead *)future;
}

//! [poll]
static Poll socket_read_poll(Future *future, Context *context) {
    SocketRead *self = socket_read_of(future);
    if (socket_has_data_to_read(self->socket)) {
        self->length =
            socket_read_buf(self->socket, self->buffer, self->capacity);
        return POLL_READY;
    }
    socket_set_readable_callback(self->socket, &self->waiter, context->waker);
    return POLL_PENDING;
}
//! [poll]

static void socket_read_drop(Future *future) {
    SocketRead *self = socket_read_of(future);
    socket_clear_readable_callback(self->socket, &self->waiter);
}

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
