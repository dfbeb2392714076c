#include "socket.h"

#include <assert.h>
#include <errno.h>

#include "executor.h"
#include "platform.h"

static EventMap *our_event_map(void) {
    Executor *executor = local_executor();
    return executor != NULL ? executor_event_map(executor) : NULL;
}

/*
 * Whether a socket can be waited for: 0, or why it cannot. It knows whose it
 * is; on another thread, or with the next executor of this one, it is refused.
 */
static int check_usable(const Socket *socket) {
    if (socket->object < 0) {
        return -EBADF;
    }
    if (socket->entry->map == NULL) {
        return -ECANCELED;
    }
    bool here = socket->entry->map == our_event_map();
    assert(here && "a socket is used on the thread of its executor");
    return here ? 0 : -EPERM;
}

//! [init]
int socket_init(Socket *socket, IoObject object) {
    EventMap *map = our_event_map();
    assert(map != NULL && "make an executor before its sockets");
    if (map == NULL) {
        return -EPERM;
    }
    int flags = fcntl(object, F_GETFL);
    if (flags < 0 || fcntl(object, F_SETFL, flags | O_NONBLOCK) < 0 ||
        fcntl(object, F_SETFD, FD_CLOEXEC) < 0) {
        return -errno;
    }
    EventMapEntry *entry;
    int result = event_map_add(map, object, &entry);
    if (result == 0) {
        *socket = (Socket){.object = object, .entry = entry};
    }
    return result;
}

//! [close]
/*
 * Remove, then close: what is closed first can no longer be removed. The socket
 * says that it is closed before its waiters are woken.
 */
void socket_close(Socket *socket) {
    int usable = check_usable(socket);
    if (usable == -EBADF || usable == -EPERM) {
        return;
    }
    Socket closed = socket_take(socket);
    event_map_remove(closed.entry);
    close(closed.object);
}
//! [close]
//! [init]

//! [signals]
static bool was_signalled(const Socket *socket, Signals signal) {
    return socket->entry != NULL && (socket->entry->signals & signal) != 0;
}

/* What the last event said is used up by a read or a write. */
static void clear_signal(Socket *socket, Signals signal) {
    if (socket->entry != NULL) {
        socket->entry->signals &= ~signal;
    }
}
//! [signals]

/* An error that a read or a write has told is how connecting went, too. */
static int remember(Socket *socket, int error) {
    if (socket->connect_result == -EAGAIN && error != ENOTCONN) {
        socket->connect_result = -error; /* EAGAIN leaves it as it is */
    }
    return -error;
}

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

int socket_accept(Socket *listener, Socket *socket_out,
                  SocketAddress *peer_out) {
    SocketAddress peer = {.length = sizeof peer.storage};
    int result = check_usable(listener); /* as the new one will have to be */
    if (result != 0) {
        return result;
    }
    clear_signal(listener, SIGNAL_READABLE);
    result = adopt(socket_out,
                   accept(listener->object, (struct sockaddr *)&peer.storage,
                          &peer.length));
    if (result == 0) {
        send_without_delay(socket_out->object);
        *peer_out = peer;
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
    connecting.connect_result = -EAGAIN;
    *socket_out = connecting;
    return 0;
}

//! [connect_result]
/* Writable is not yet connected: a refusal makes it writable as well. */
static int ask_how_connecting_went(const Socket *socket) {
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

/*
 * The system tells an error once, here or to a read or a write, and forgets it:
 * so we remember.
 */
int socket_connect_result(Socket *socket) {
    if (socket->connect_result == -EAGAIN) {
        socket->connect_result = ask_how_connecting_went(socket);
    }
    return socket->connect_result;
}
//! [connect_result]

void socket_shutdown_write(Socket *socket) {
    (void)shutdown(socket->object, SHUT_WR);
}

uint16_t socket_port(const Socket *socket) {
    SocketAddress address = {.length = sizeof address.storage};
    struct sockaddr *any = (struct sockaddr *)&address.storage;
    (void)getsockname(socket->object, any, &address.length);
    switch (any->sa_family) {
    case AF_INET:
        return ntohs(((struct sockaddr_in *)any)->sin_port);
    case AF_INET6:
        return ntohs(((struct sockaddr_in6 *)any)->sin6_port);
    default:
        return 0;
    }
}

//! [read]
bool socket_has_data_to_read(const Socket *socket) {
    return was_signalled(socket, SIGNAL_READABLE);
}

ssize_t socket_read_buf(Socket *socket, void *buffer, size_t capacity) {
    clear_signal(socket, SIGNAL_READABLE);
    ssize_t length;
    do {
        length = read(socket->object, buffer, capacity);
    } while (length < 0 && errno == EINTR);
    return length < 0 ? remember(socket, errno) : length;
}
//! [read]

bool socket_has_room_to_write(const Socket *socket) {
    return was_signalled(socket, SIGNAL_WRITABLE);
}

/* send() leaves SIGPIPE out, but knows sockets only. */
static ssize_t send_or_write(IoObject object, const void *bytes,
                             size_t length) {
    ssize_t written = send(object, bytes, length, MSG_NOSIGNAL);
    return written < 0 && errno == ENOTSOCK ? write(object, bytes, length)
                                            : written;
}

ssize_t socket_write_buf(Socket *socket, const void *bytes, size_t length) {
    clear_signal(socket, SIGNAL_WRITABLE);
    ssize_t written;
    do {
        written = send_or_write(socket->object, bytes, length);
    } while (written < 0 && errno == EINTR);
    return written < 0 ? remember(socket, errno) : written;
}
//! [set_callback]
/*
 * The waiter first, then the interest: an event must find what it is to wake.
 *
 * A waker is code of others, which may close this very socket: it is cloned
 * before we look at anything, and dropped after we have looked for the last
 * time.
 */
static int set_callback(Socket *socket, Signals signal, Waiter *waiter,
                        const Waker *waker) {
    Waker owned = waker_clone(waker);
    int result = check_usable(socket);
    if (result == 0) {
        EventMapEntry *entry = socket->entry;
        WaiterList *line = event_map_waiters(entry, signal);
        owned = waiter_list_put(line, waiter, owned);
        result = io_blocker_add_io_event_interest(
            entry->map->io_blocker, socket->object, (Event){entry->id, signal});
        if (result != 0) {
            waiter_remove(waiter);
        }
    }
    waker_drop(&owned);
    return result;
}
//! [set_callback]

/* The last one to leave takes the interest along. */
static void clear_callback(Socket *socket, Signals signal, Waiter *waiter) {
    int usable = waiter_is_waiting(waiter) ? check_usable(socket) : -EPERM;
    if (usable == -EPERM) {
        return; /* it has been woken, or is not ours */
    }
    Waker owned = waiter_take(waiter);
    if (usable == 0 &&
        waiter_list_is_empty(event_map_waiters(socket->entry, signal))) {
        io_blocker_remove_io_event_interest(socket->entry->map->io_blocker,
                                            socket->object, signal);
    }
    waker_drop(&owned);
}

int socket_set_readable_callback(Socket *socket, Waiter *waiter,
                                 const Waker *waker) {
    return set_callback(socket, SIGNAL_READABLE, waiter, waker);
}

void socket_clear_readable_callback(Socket *socket, Waiter *waiter) {
    clear_callback(socket, SIGNAL_READABLE, waiter);
}

int socket_set_writable_callback(Socket *socket, Waiter *waiter,
                                 const Waker *waker) {
    return set_callback(socket, SIGNAL_WRITABLE, waiter, waker);
}

void socket_clear_writable_callback(Socket *socket, Waiter *waiter) {
    clear_callback(socket, SIGNAL_WRITABLE, waiter);
}
