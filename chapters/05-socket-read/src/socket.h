/** @file
 * A socket of the system's whose callbacks come from the executor: no thread
 * watches it. It belongs to the executor of the thread that makes it; callbacks
 * asked for elsewhere fail an assertion, and with `NDEBUG` return `-EPERM`.
 * When the executor has been freed, it can still be read, written and closed.
 * Pointers are borrowed, unless said to be owned. Rules: docs/headers.md. */
#ifndef SOCKET_H
#define SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "event_map.h"
#include "platform.h"

/** One end of a connection, or a listener. It may be moved between waits. */
typedef struct Socket {
    IoObject object;      /**< Owned; non-blocking. -1 once it is closed. */
    int connect_result;   /**< See socket_connect_result(). */
    EventMapEntry *entry; /**< Owned. `NULL` once it is closed. */
} Socket;

/** An address of any family. */
typedef struct SocketAddress {
    struct sockaddr_storage storage;
    socklen_t length; /**< Of what is used of it, in bytes. */
} SocketAddress;

/** Makes a socket of a descriptor, which it owns and makes non-blocking.
 * Errors: `-ENOMEM`; `-EEXIST` if there is a socket of it already; `-EPERM` on
 * a thread without an executor; those of fcntl(2). */
int socket_init(Socket *socket, IoObject object);

/** Takes a socket out of the future whose output it is; closed there. */
static inline Socket socket_take(Socket *slot) {
    Socket taken = *slot;
    *slot = (Socket){.object = -1};
    return taken;
}

/** Makes a listening stream socket; port 0 is any free one. Errors: `-ENOMEM`;
 * those of socket(2), bind(2) (such as `-EADDRINUSE`) and listen(2). */
int socket_listen(Socket *socket_out, const struct sockaddr *address,
                  socklen_t length);

/** Takes a connection; never waits. Errors: `-EAGAIN` if there is none;
 * `-EMFILE`, `-ENFILE` if no descriptor is left: it goes on waiting; `-ENOMEM`;
 * `-ECANCELED` if the listener's executor is gone; others of accept(2). */
int socket_accept(Socket *listener, Socket *socket_out,
                  SocketAddress *peer_out);

/** Makes a stream socket and begins to connect it. Errors: `-ENOMEM`; those of
 * socket(2) and connect(2), such as `-EAGAIN` from a full Unix listener. */
int socket_connect(Socket *socket_out, const struct sockaddr *address,
                   socklen_t length);

/** How connecting went: 0; `-EAGAIN` if that is not known yet; or why it
 * failed, which does not change, such as `-ECONNREFUSED`. */
int socket_connect_result(Socket *socket);

/** Closes a socket, if it is open, and wakes all that wait: what they ask for
 * ends with `-EBADF`, and needs the socket's memory until it is dropped. */
void socket_close(Socket *socket);

/** Tells the other end that nothing more will be written. */
void socket_shutdown_write(Socket *socket);

/** The port of a listener, in the host's byte order; 0 if it has none. */
uint16_t socket_port(const Socket *socket);

/** Whether an event has said since the last read that there is something. */
bool socket_has_data_to_read(const Socket *socket);

/** Reads what is there; never waits. Returns how many bytes, 0 at the end of
 * file, `-EAGAIN` if there is nothing, or another error of read(2). */
ssize_t socket_read_buf(Socket *socket, void *buffer, size_t capacity);

/** Whether an event has said since the last write that there is room. */
bool socket_has_room_to_write(const Socket *socket);

/** Writes what there is room for; never waits. Returns how many bytes,
 * `-EAGAIN` if there is no room, or an error of send(2) or write(2), such as
 * `-EPIPE`. Only writing to a pipe raises `SIGPIPE`, too. */
ssize_t socket_write_buf(Socket *socket, const void *bytes, size_t length);

/** Has a clone of `waker` woken once, when there is data to read. Any number
 * may wait; of one that does already, the latest waker counts. Errors: `-EBADF`
 * if the socket is closed; `-ECANCELED` if its executor is gone; those of
 * io_blocker_add_io_event_interest(). */
int socket_set_readable_callback(Socket *socket, Waiter *waiter,
                                 const Waker *waker);

/** Ends the wait of one waiter: it is not woken. */
void socket_clear_readable_callback(Socket *socket, Waiter *waiter);

/** As socket_set_readable_callback(), when there is room to write. */
int socket_set_writable_callback(Socket *socket, Waiter *waiter,
                                 const Waker *waker);

/** Ends the wait of one waiter: it is not woken. */
void socket_clear_writable_callback(Socket *socket, Waiter *waiter);

#endif
