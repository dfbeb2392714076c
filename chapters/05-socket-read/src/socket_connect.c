#include "socket_connect.h"

#include <errno.h>
#include <string.h>

static inline SocketConnect *socket_connect_of(Future *future) {
    return (SocketConnect *)future;
}

//! [poll]
static int begin(SocketConnect *self) {
    int result = socket_connect(&self->connected,
                                (const struct sockaddr *)&self->address.storage,
                                self->address.length);
    return result != 0 ? result : socket_connect_result(&self->connected);
}

/* The end of connecting, one way or the other, makes the socket writable. */
static int go_on(SocketConnect *self) {
    return socket_has_room_to_write(&self->connected)
               ? socket_connect_result(&self->connected)
               : -EAGAIN;
}

/* Without a socket, "try again" is the answer: there is nothing to wait for. */
static Poll socket_connect_poll(Future *future, Context *context) {
    SocketConnect *self = socket_connect_of(future);
    self->result = self->connected.object < 0 ? begin(self) : go_on(self);
    if (self->result == -EAGAIN && self->connected.object >= 0) {
        self->result = socket_set_writable_callback(
            &self->connected, &self->waiter, context->waker);
        if (self->result == 0) {
            return POLL_PENDING;
        }
    }
    if (self->result != 0) {
        socket_close(&self->connected);
    }
    return POLL_READY;
}
//! [poll]

/* Closes a connection that was not taken, or that is not one yet. */
static void socket_connect_drop(Future *future) {
    SocketConnect *self = socket_connect_of(future);
    socket_clear_writable_callback(&self->connected, &self->waiter);
    socket_close(&self->connected);
}

void socket_connect_init(SocketConnect *self, const struct sockaddr *address,
                         socklen_t length) {
    static const FutureVtable vtable = {socket_connect_poll,
                                        socket_connect_drop};
    *self = (SocketConnect){
        .future = {&vtable},
        .connected = {.object = -1},
        .address = {.length = length},
    };
    memcpy(&self->address.storage, address, length);
}
