#include "socket_accept.h"

#include <errno.h>

static inline SocketAccept *socket_accept_of(Future *future) {
    return (SocketAccept *)future;
}

/*
 * Errors of one connection or of the network, not of the listener: the next
 * connection may be there already. accept(2) of Linux lists them (and
 * EOPNOTSUPP, which a listener of another kind gives every time). A connection
 * that was reset before it is accepted is one of them on other systems; Linux
 * hands it out, and its first read fails.
 */
static bool is_of_one_connection(int result) {
    switch (-result) {
    case ECONNABORTED:
    case ECONNRESET: /* Windows */
    case EPROTO:
    case ENOPROTOOPT:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTUNREACH:
#ifdef EHOSTDOWN /* these two are not in POSIX */
    case EHOSTDOWN:
#endif
#ifdef ENONET
    case ENONET:
#endif
        return true;
    default:
        return false;
    }
}

//! [poll]
static Poll socket_accept_poll(Future *future, Context *context) {
    SocketAccept *self = socket_accept_of(future);
    self->result = -EAGAIN;
    if (socket_has_data_to_read(self->listener)) {
        self->result =
            socket_accept(self->listener, &self->accepted, &self->peer);
    }
    if (self->result == -EAGAIN || is_of_one_connection(self->result)) {
        self->result = socket_set_readable_callback(
            self->listener, &self->waiter, context->waker);
        return self->result == 0 ? POLL_PENDING : POLL_READY;
    }
    return POLL_READY;
}
//! [poll]

//! [drop]
/* Closes a connection that was not taken. */
static void socket_accept_drop(Future *future) {
    SocketAccept *self = socket_accept_of(future);
    socket_clear_readable_callback(self->listener, &self->waiter);
    socket_close(&self->accepted);
}
//! [drop]

void socket_accept_init(SocketAccept *self, Socket *listener) {
    static const FutureVtable vtable = {socket_accept_poll, socket_accept_drop};
    *self = (SocketAccept){
        .future = {&vtable},
        .accepted = {.object = -1},
        .listener = listener,
    };
}
