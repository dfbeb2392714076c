#include "socket_write.h"

#include <errno.h>

static inline SocketWrite *socket_write_of(Future *future) {
    return (SocketWrite *)future;
}

//! [poll]
/* Writes once: what was not taken did not fit. Returns 0 or `-errno`. */
static int write_what_fits(SocketWrite *self) {
    if (self->length == 0) {
        return 0;
    }
    ssize_t result = socket_write_buf(self->socket, self->bytes + self->written,
                                      self->length - self->written);
    if (result < 0) {
        return (int)result;
    }
    self->written += (size_t)result;
    return self->written == self->length ? 0 : -EAGAIN;
}

/* Tries first: unlike data to read, room to write is nearly always there. */
static Poll socket_write_poll(Future *future, Context *context) {
    SocketWrite *self = socket_write_of(future);
    self->result = -EAGAIN;
    if (!self->full || socket_has_room_to_write(self->socket)) {
        self->result = write_what_fits(self);
        self->full = self->result == -EAGAIN;
    }
    if (self->result == -EAGAIN) {
        self->result = socket_set_writable_callback(self->socket, &self->waiter,
                                                    context->waker);
        return self->result == 0 ? POLL_PENDING : POLL_READY;
    }
    return POLL_READY;
}
//! [poll]

static void socket_write_drop(Future *future) {
    SocketWrite *self = socket_write_of(future);
    socket_clear_writable_callback(self->socket, &self->waiter);
}

void socket_write_init(SocketWrite *self, Socket *socket, const void *bytes,
                       size_t length) {
    static const FutureVtable vtable = {socket_write_poll, socket_write_drop};
    *self = (SocketWrite){
        .future = {&vtable},
        .socket = socket,
        .bytes = bytes,
        .length = length,
    };
}
