#include "socket.h"

#include <assert.h>
#include <string.h>

void socket_init(Socket *socket) {
    memset(socket, 0, sizeof *socket);
    waiter_list_init(&socket->readers);
}

void socket_deinit(Socket *socket) {
    socket->length = 0;
    socket_hang_up(socket);
}

bool socket_has_data_to_read(const Socket *socket) {
    return socket->length > 0 || socket->hung_up;
}

size_t socket_read_buf(Socket *socket, void *buffer, size_t capacity) {
    assert(socket_has_data_to_read(socket) &&
           "ask socket_has_data_to_read() before socket_read_buf()");
    size_t taken = socket->length < capacity ? socket->length : capacity;
    memcpy(buffer, socket->received, taken);
    socket->length -= taken;
    memmove(socket->received, socket->received + taken, socket->length);
    return taken;
}

//! [set_readable_callback]
void socket_set_readable_callback(Socket *socket, Waiter *waiter,
                                  const Waker *waker) {
    waiter_list_insert(&socket->readers, waiter, waker);
}

void socket_clear_readable_callback(Socket *socket, Waiter *waiter) {
    (void)socket; /* a node finds its own way out */
    waiter_remove(waiter);
}
//! [set_readable_callback]

//! [deliver]
size_t socket_deliver(Socket *socket, const void *bytes, size_t length) {
    assert(!socket->hung_up && "nothing arrives after socket_hang_up()");
    size_t room = SOCKET_CAPACITY - socket->length;
    size_t fitting = length < room ? length : room;
    memcpy(socket->received + socket->length, bytes, fitting);
    socket->length += fitting;
    if (socket_has_data_to_read(socket)) {
        waiter_list_wake_all(&socket->readers);
    }
    return fitting;
}
//! [deliver]

void socket_hang_up(Socket *socket) {
    socket->hung_up = true;
    waiter_list_wake_all(&socket->readers);
}
