/**
 * @file
 * A socket of the system's whose callbacks come from the executor: no thread
 * watches it.
 *
 * Everything here happens on the thread of an executor, which local_executor()
 * finds.
 */
#ifndef SOCKET_H
#define SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "io_blocker.h"
#include "platform.h"
#include "waker.h"

/** One end of a connection, or a listener. May be moved. */
typedef struct Socket {
    /** Owned; non-blocking. -1 once it is closed. */
    IoObject object;
    /** Names it in the executor's event map. */
    uint64_t id;
} Socket;

/**
 * Makes a socket of a descriptor, and makes that non-blocking.
 *
 * @param[out] socket  memory of the caller's; to be given to socket_close().
 * @param[in] object   a socket or a pipe; owned, unless this fails.
 * @return 0, `-ENOMEM`, or the `-errno` of `fcntl(2)`.
 */
int socket_init(Socket *socket, IoObject object);

/**
 * Makes a listening TCP socket.
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
 * @return 0; `-EAGAIN` if none is waiting; `-EMFILE` or `-ENFILE` if there is
 *         no descriptor left for it: it goes on waiting; `-ENOMEM`; or
 *         another `-errno` of `accept(2)`.
 */
int socket_accept(Socket *listener, Socket *socket_out);

/**
 * Makes a TCP socket and begins to connect it; never waits for the end.
 *
 * @param[out] socket_out  to be given to socket_close().
 * @param[in] address      borrowed.
 * @param[in] length       of the address, in bytes.
 * @return 0 if it has begun, `-ENOMEM`, or the `-errno` of `socket(2)` or
 *         `connect(2)`.
 */
int socket_connect(Socket *socket_out, const struct sockaddr *address,
                   socklen_t length);

/**
 * How connecting went.
 *
 * @param[in] socket  borrowed; socket_connect() began to connect it.
 * @return 0 if it is connected, `-EAGAIN` if that is not known yet, or why it
 *         failed, such as `-ECONNREFUSED`.
 */
int socket_connect_result(const Socket *socket);

/**
 * Closes a socket: takes its interests back, and its wakers are dropped.
 *
 * @param[in,out] socket  nothing happens if it is closed already.
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
 * @param[in] socket  borrowed; IPv4.
 * @return in the host's byte order.
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
 * Writes what there is room for; never waits. Never raises `SIGPIPE`.
 *
 * @param[in,out] socket  borrowed.
 * @param[in] bytes       borrowed.
 * @param[in] length      in bytes, at least 1.
 * @return how many bytes were written, `-EAGAIN` if there is no room, or
 *         another `-errno` of `send(2)`, such as `-EPIPE`.
 */
ssize_t socket_write_buf(Socket *socket, const void *bytes, size_t length);

/**
 * Has `waker` woken once, as soon as there is data to read.
 *
 * @param[in,out] socket  borrowed; a callback set earlier is replaced.
 * @param[in] waker       borrowed; a clone of it is kept.
 * @return 0, or the error of io_blocker_add_io_event_interest(): then nobody
 *         will be woken.
 */
int socket_set_readable_callback(Socket *socket, const Waker *waker);

/**
 * Has nobody woken by data to read.
 *
 * @param[in,out] socket  borrowed; the waker that was kept is dropped.
 */
void socket_clear_readable_callback(Socket *socket);

/**
 * Has `waker` woken once, as soon as there is room to write.
 *
 * @param[in,out] socket  borrowed; a callback set earlier is replaced.
 * @param[in] waker       borrowed; a clone of it is kept.
 * @return as socket_set_readable_callback().
 */
int socket_set_writable_callback(Socket *socket, const Waker *waker);

/**
 * Has nobody woken by room to write.
 *
 * @param[in,out] socket  borrowed; the waker that was kept is dropped.
 */
void socket_clear_writable_callback(Socket *socket);

#endif
