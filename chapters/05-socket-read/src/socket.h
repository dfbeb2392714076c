/**
 * @file
 * A socket of the system's whose callbacks come from the executor: no thread
 * watches it.
 *
 * A socket belongs to the executor of the thread that makes it, and is used on
 * that thread. Its callbacks are refused anywhere else: that is a mistake, so
 * it fails an assertion, and with `NDEBUG` returns `-EPERM`. When the executor
 * has been freed, a socket can still be read, written and closed, but not
 * waited for: that says `-ECANCELED`.
 *
 * TCP over IPv4 and IPv6, and Unix sockets: the address says which.
 */
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
    /** Owned; non-blocking. -1 once it is closed. */
    IoObject object;
    /** How connecting went; see socket_connect_result(). */
    int connect_result;
    /** Owned; in the event map of its executor. `NULL` once it is closed. */
    EventMapEntry *entry;
} Socket;

/** An address of any family. */
typedef struct SocketAddress {
    /** The address itself. */
    struct sockaddr_storage storage;
    /** Of what is used of it, in bytes. */
    socklen_t length;
} SocketAddress;

/**
 * Makes a socket of a descriptor, and makes that non-blocking.
 *
 * @param[out] socket  memory of the caller's; to be given to socket_close().
 * @param[in] object   a socket, a pipe or a terminal; owned, unless this
 *                     fails.
 * @return 0; `-ENOMEM`; `-EEXIST` if a socket has been made of it already;
 *         `-EPERM` on a thread without an executor; or the `-errno` of
 *         `fcntl(2)`.
 */
int socket_init(Socket *socket, IoObject object);

/**
 * Takes a socket out of the future whose output it is.
 *
 * @param[in,out] slot  left closed, so that nothing is left to release.
 * @return what was in it; the caller owns it.
 */
static inline Socket socket_take(Socket *slot) {
    Socket taken = *slot;
    *slot = (Socket){.object = -1};
    return taken;
}

/**
 * Makes a listening stream socket.
 *
 * @param[out] socket_out  to be given to socket_close().
 * @param[in] address      borrowed; port 0 is any free one.
 * @param[in] length       of the address, in bytes.
 * @return 0, `-ENOMEM`, or the `-errno` of `socket(2)`, `bind(2)` (such as
 *         `-EADDRINUSE`) or `listen(2)`.
 */
int socket_listen(Socket *socket_out, const struct sockaddr *address,
                  socklen_t length);

/**
 * Takes a connection that is waiting; never waits for one.
 *
 * @param[in,out] listener  borrowed.
 * @param[out] socket_out   to be given to socket_close().
 * @param[out] peer_out     whose it is; a Unix socket has often no name.
 * @return 0; `-EAGAIN` if none is waiting; `-EMFILE` or `-ENFILE` if there is
 *         no descriptor left for it: it goes on waiting; `-ENOMEM`;
 *         `-ECANCELED` if the listener's executor is gone; or another `-errno`
 *         of `accept(2)`.
 */
int socket_accept(Socket *listener, Socket *socket_out,
                  SocketAddress *peer_out);

/**
 * Makes a stream socket and begins to connect it; never waits for the end.
 *
 * @param[out] socket_out  to be given to socket_close().
 * @param[in] address      borrowed.
 * @param[in] length       of the address, in bytes.
 * @return 0 if it has begun, `-ENOMEM`, or the `-errno` of `socket(2)` or
 *         `connect(2)`, such as `-EAGAIN` if the queue of a Unix listener is
 *         full: then it can be tried again.
 */
int socket_connect(Socket *socket_out, const struct sockaddr *address,
                   socklen_t length);

/**
 * How connecting went. An answer that is known stays the same, however often it
 * is asked for.
 *
 * @param[in,out] socket  borrowed; socket_connect() began to connect it.
 * @return 0 if it is connected, `-EAGAIN` if that is not known yet, or why it
 *         failed, such as `-ECONNREFUSED`.
 */
int socket_connect_result(Socket *socket);

/**
 * Closes a socket and takes its interests back. All who wait for it are woken;
 * what they ask for ends with `-EBADF`.
 *
 * @param[in,out] socket  nothing happens if it is closed already. Its memory is
 *                        needed until the futures that borrow it have been
 *                        dropped.
 */
void socket_close(Socket *socket);

/**
 * Tells the other end that nothing more will be written.
 *
 * @param[in,out] socket  borrowed; can still be read.
 */
void socket_shutdown_write(Socket *socket);

/**
 * The port of a listener.
 *
 * @param[in] socket  borrowed.
 * @return in the host's byte order; 0 if it is of a family without ports.
 */
uint16_t socket_port(const Socket *socket);

/**
 * Whether a read would get something: bytes, end of file or an error.
 *
 * @param[in] socket  borrowed.
 * @return what the last event said; false after a read, until the next event.
 */
bool socket_has_data_to_read(const Socket *socket);

/**
 * Reads what is there; never waits.
 *
 * @param[in,out] socket  borrowed.
 * @param[out] buffer     of the caller's; room for `capacity` bytes.
 * @param[in] capacity    in bytes, at least 1.
 * @return how many bytes were read, 0 at the end of file, `-EAGAIN` if there
 *         is nothing after all, or another `-errno` of `read(2)`.
 */
ssize_t socket_read_buf(Socket *socket, void *buffer, size_t capacity);

/**
 * Whether a write that had to wait may go on.
 *
 * @param[in] socket  borrowed.
 * @return what the last event said; false after a write, until the next
 *         event.
 */
bool socket_has_room_to_write(const Socket *socket);

/**
 * Writes what there is room for; never waits. On a socket it never raises
 * `SIGPIPE`; a program that writes into pipes ignores that signal.
 *
 * @param[in,out] socket  borrowed.
 * @param[in] bytes       borrowed.
 * @param[in] length      in bytes, at least 1.
 * @return how many bytes were written, `-EAGAIN` if there is no room, or
 *         another `-errno` of `send(2)` or `write(2)`, such as `-EPIPE`.
 */
ssize_t socket_write_buf(Socket *socket, const void *bytes, size_t length);

/**
 * Has `waker` woken once, as soon as there is data to read.
 *
 * @param[in,out] socket  borrowed; any number of waiters may wait for it.
 * @param[in,out] waiter  borrowed until it is woken or cleared. If it waits
 *                        here already, the latest waker counts.
 * @param[in] waker       borrowed; a clone of it is kept.
 * @return 0; `-EBADF` if the socket is closed; `-ECANCELED` if its executor is
 *         gone; or the error of io_blocker_add_io_event_interest(). With an
 *         error, the waiter is in no line.
 */
int socket_set_readable_callback(Socket *socket, Waiter *waiter,
                                 const Waker *waker);

/**
 * Ends the wait of one waiter: it is not woken. Others go on waiting.
 *
 * @param[in,out] socket  borrowed.
 * @param[in,out] waiter  nothing happens if it waits no longer.
 */
void socket_clear_readable_callback(Socket *socket, Waiter *waiter);

/**
 * Has `waker` woken once, as soon as there is room to write.
 *
 * @param[in,out] socket  as in socket_set_readable_callback().
 * @param[in,out] waiter  the same.
 * @param[in] waker       the same.
 * @return the same.
 */
int socket_set_writable_callback(Socket *socket, Waiter *waiter,
                                 const Waker *waker);

/**
 * Ends the wait of one waiter: it is not woken. Others go on waiting.
 *
 * @param[in,out] socket  borrowed.
 * @param[in,out] waiter  nothing happens if it waits no longer.
 */
void socket_clear_writable_callback(Socket *socket, Waiter *waiter);

#endif
