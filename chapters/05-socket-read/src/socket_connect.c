#include "socket_connect.h"

#include <errno.h>
#include <string.h>

static inline SocketConnect *socket_connect_of(Future *future) {
    return (SocketConnect *)future;
}

//! [poll]
/* Returns 0 once it is connected, `-EAGAIN` as long as nobody knows. */
static int go_on(SocketConnect *self) {
    if (self->waiting && !socket_has_room_to_write(&self->connected)) {
        return -EAGAIN;
    }
    return socket_connect_result(&self->connected);
}

/* The end of connecting, one way or the other, makes the socket writable. */
static Poll socket_connect_poll(Future *future, Context *context) {
    SocketConnect *self = socket_connect_of(future);
    if (!self->waiting) {
        self->result = socket_connect(&self->connected,
                                      (const struct sockaddr *)&self->address,
                                      self->length);
        if (self->result != 0) {
            return POLL_READY;
        }
    }
    self->result = go_on(self);
    if (self->result == -EAGAIN) {
        self->result =
            socket_set_writable_callback(&self->connected, context->waker);
        self->waiting = self->result == 0;
        if (self->waiting) {
            return POLL_PENDING;
        }
    }
    self->waiting = false;
    if (self->result != 0) {
        socket_close(&self->connected);
    }
    return POLL_READY;
}
//! [poll]

static void socket_connect_drop(Future *future) {
    SocketConnect *self = socket_connect_of(future);
    if (self->waiting) {
        socket_close(&self->connected);
    }
}

void socket_connect_init(SocketConnect *self, const struct sockaddr *address,
                         socklen_t length) {
    static const FutureVtable vtable = {socket_connect_poll,
                                        socket_connect_drop};
    *self = (SocketConnect){.future = {&vtable}, .length = length};
    memcpy(&self->address, address, length);
}
