#include "socket.h"

#include <assert.h>
#include <string.h>

void socket_init(Socket *socket) {
    memset(socket, 0, sizeof *socket);
}

void socket_deinit(Socket *socket) {
    socket_clear_readable_callback(socket);
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
void socket_set_readable_callback(Socket *socket, const Waker *waker) {
    waker_clone_from(&socket->readable_callback, waker);
}

void socket_clear_readable_callback(Socket *socket) {
    waker_drop(&socket->readable_callback);
}

/* The callback is taken out before it is called: it may set the next one. */
static void call_readable_callback(Socket *socket) {
    waker_wake(&socket->readable_callback);
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
        call_readable_callback(socket);
    }
    return fitting;
}
//! [deliver]

void socket_hang_up(Socket *socket) {
    socket->hung_up = true;
    call_readable_callback(socket);
}
