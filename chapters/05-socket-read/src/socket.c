#include "socket.h"

#include <assert.h>
#include <errno.h>

#include "executor.h"
#include "platform.h"

static Executor *our_executor(void) {
    Executor *executor = local_executor();
    assert(executor != NULL && "make an executor before its sockets");
    return executor;
}

static EventMap *our_event_map(void) {
    return executor_event_map(our_executor());
}

//! [init]
int socket_init(Socket *socket, IoObject object) {
    int flags = fcntl(object, F_GETFL);
    if (flags < 0 || fcntl(object, F_SETFL, flags | O_NONBLOCK) < 0 ||
        fcntl(object, F_SETFD, FD_CLOEXEC) < 0) {
        return -errno;
    }
    uint64_t id;
    int result = event_map_add(our_event_map(), &id);
    if (result == 0) {
        *socket = (Socket){object, id};
    }
    return result;
}

//! [close]
/* Remove, then close: what is closed first can no longer be removed. */
void socket_close(Socket *socket) {
    if (socket->object < 0) {
        return;
    }
    Executor *executor = local_executor();
    if (executor != NULL) {
        event_map_remove(executor_event_map(executor), socket->id);
        io_blocker_remove_io_event_interest(executor_io_blocker(executor),
                                            socket->object,
                                            SIGNAL_READABLE | SIGNAL_WRITABLE);
    }
    close(socket->object);
    socket->object = -1;
}
//! [close]
//! [init]

/* Takes a new descriptor, or an error in `errno`; closes what it cannot use. */
static int adopt(Socket *socket_out, IoObject object) {
    if (object < 0) {
        return -errno;
    }
    int result = socket_init(socket_out, object);
    if (result != 0) {
        close(object);
    }
    return result;
}

/* Small messages leave at once, instead of waiting to be joined by others. */
static void send_without_delay(IoObject object) {
    int on = 1;
    (void)setsockopt(object, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

int socket_listen(Socket *socket_out, const struct sockaddr *address,
                  socklen_t length) {
    Socket listener;
    int on = 1;
    int result = adopt(&listener, socket(address->sa_family, SOCK_STREAM, 0));
    if (result != 0) {
        return result;
    }
    (void)setsockopt(listener.object, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener.object, address, length) < 0 ||
        listen(listener.object, SOMAXCONN) < 0) {
        result = -errno;
        socket_close(&listener);
        return result;
    }
    *socket_out = listener;
    return 0;
}

int socket_accept(Socket *listener, Socket *socket_out) {
    event_map_clear(our_event_map(), listener->id, SIGNAL_READABLE);
    int result = adopt(socket_out, accept(listener->object, NULL, NULL));
    if (result == 0) {
        send_without_delay(socket_out->object);
    }
    return result;
}

int socket_connect(Socket *socket_out, const struct sockaddr *address,
                   socklen_t length) {
    Socket connecting;
    int result = adopt(&connecting, socket(address->sa_family, SOCK_STREAM, 0));
    if (result != 0) {
        return result;
    }
    send_without_delay(connecting.object);
    if (connect(connecting.object, address, length) < 0 &&
        errno != EINPROGRESS && errno != EINTR) {
        result = -errno;
        socket_close(&connecting);
        return result;
    }
    *socket_out = connecting;
    return 0;
}

//! [connect_result]
/* Writable is not yet connected: a refusal makes it writable as well. */
int socket_connect_result(const Socket *socket) {
    int error = 0;
    socklen_t length = sizeof error;
    if (getsockopt(socket->object, SOL_SOCKET, SO_ERROR, &error, &length) < 0) {
        return -errno;
    }
    struct sockaddr_storage peer;
    length = sizeof peer;
    if (error == 0 &&
        getpeername(socket->object, (struct sockaddr *)&peer, &length) < 0) {
        error = errno == ENOTCONN ? EAGAIN : errno;
    }
    return -error;
}
//! [connect_result]

void socket_shutdown_write(Socket *socket) {
    (void)shutdown(socket->object, SHUT_WR);
}

uint16_t socket_port(const Socket *socket) {
    struct sockaddr_in address = {0};
    socklen_t length = sizeof address;
    (void)getsockname(socket->object, (struct sockaddr *)&address, &length);
    return ntohs(address.sin_port);
}

//! [read]
static bool was_signalled(const Socket *socket, Signals signal) {
    return (event_map_signals(our_event_map(), socket->id) & signal) != 0;
}

bool socket_has_data_to_read(const Socket *socket) {
    return was_signalled(socket, SIGNAL_READABLE);
}

ssize_t socket_read_buf(Socket *socket, void *buffer, size_t capacity) {
    event_map_clear(our_event_map(), socket->id, SIGNAL_READABLE);
    ssize_t length;
    do {
        length = read(socket->object, buffer, capacity);
    } while (length < 0 && errno == EINTR);
    return length < 0 ? -errno : length;
}
//! [read]

bool socket_has_room_to_write(const Socket *socket) {
    return was_signalled(socket, SIGNAL_WRITABLE);
}

ssize_t socket_write_buf(Socket *socket, const void *bytes, size_t length) {
    event_map_clear(our_event_map(), socket->id, SIGNAL_WRITABLE);
    ssize_t written;
    do {
        written = send(socket->object, bytes, length, MSG_NOSIGNAL);
    } while (written < 0 && errno == EINTR);
    return written < 0 ? -errno : written;
}

//! [set_callback]
/*
 * The waker first, then the interest: an event must never find the map empty
 * of the one who asked for it.
 */
static int set_callback(Socket *socket, Signals signal, const Waker *waker) {
    Executor *executor = our_executor();
    event_map_insert(executor_event_map(executor), socket->id, signal, waker);
    int result = io_blocker_add_io_event_interest(executor_io_blocker(executor),
                                                  socket->object,
                                                  (Event){socket->id, signal});
    if (result != 0) {
        event_map_take_back(executor_event_map(executor), socket->id, signal);
    }
    return result;
}

static void clear_callback(Socket *socket, Signals signal) {
    Executor *executor = our_executor();
    event_map_take_back(executor_event_map(executor), socket->id, signal);
    io_blocker_remove_io_event_interest(executor_io_blocker(executor),
                                        socket->object, signal);
}
//! [set_callback]

int socket_set_readable_callback(Socket *socket, const Waker *waker) {
    return set_callback(socket, SIGNAL_READABLE, waker);
}

void socket_clear_readable_callback(Socket *socket) {
    clear_callback(socket, SIGNAL_READABLE);
}

int socket_set_writable_callback(Socket *socket, const Waker *waker) {
    return set_callback(socket, SIGNAL_WRITABLE, waker);
}

void socket_clear_writable_callback(Socket *socket) {
    clear_callback(socket, SIGNAL_WRITABLE);
}
