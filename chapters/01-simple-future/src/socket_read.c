#include "socket_read.h"

//! [socket_read_of]
/* The future is the first member, so both have the same address. */
static inline SocketRead *socket_read_of(SimpleFuture *future) {
    return (SocketRead *)future;
}
//! [socket_read_of]

//! [poll]
static Poll socket_read_poll(SimpleFuture *future, WakeFn wake) {
    SocketRead *self = socket_read_of(future);
    if (socket_has_data_to_read(self->socket)) {
        self->length =
            socket_read_buf(self->socket, self->buffer, self->capacity);
        return POLL_READY;
    }
    socket_set_readable_callback(self->socket, wake);
    return POLL_PENDING;
}
//! [poll]

//! [init]
void socket_read_init(SocketRead *self, Socket *socket, void *buffer,
                      size_t capacity) {
    *self = (SocketRead){
        .future = {socket_read_poll},
        .socket = socket,
        .buffer = buffer,
        .capacity = capacity,
    };
}
//! [init]
