/**
 * @file
 * A socket made of memory, whose other end is played by the reader.
 *
 * One half of the functions is what a future sees: is there data, take it,
 * wake me when there is. The other half, socket_deliver() and
 * socket_hang_up(), is the network's. Everything happens on one thread.
 */
#ifndef SOCKET_H
#define SOCKET_H

#include <stdbool.h>
#include <stddef.h>

#include "waiter.h"

/** How many bytes a socket holds until somebody reads them. */
enum { SOCKET_CAPACITY = 256 };

/**
 * One end of a connection: what arrived, and whom to wake when more does. It
 * must not be moved.
 */
typedef struct Socket {
    /** What the network delivered and nobody has read, oldest first. */
    unsigned char received[SOCKET_CAPACITY];
    /** Bytes of `received` in use. */
    size_t length;
    /** The network hung up: nothing will come after what is here. */
    bool hung_up;
    /** Woken, all of them, when there is data to read. */
    WaiterList readers;
} Socket;

/**
 * Makes a socket on which nothing has arrived yet.
 *
 * @param[out] socket  memory of the caller's; to be given to socket_deinit().
 */
void socket_init(Socket *socket);

/**
 * Gives the socket up: what has arrived is thrown away, and whoever still
 * waits is woken and reads the end of file.
 *
 * @param[in,out] socket  nothing arrives any more. Its memory is needed until
 *                        the futures that borrow it have been dropped.
 */
void socket_deinit(Socket *socket);

/**
 * Whether a read would get something: bytes, or the news that none will come.
 *
 * @param[in] socket  borrowed.
 * @return true with unread bytes, and at the end of file.
 */
bool socket_has_data_to_read(const Socket *socket);

/**
 * Takes the oldest bytes that arrived.
 *
 * @param[in,out] socket  borrowed; must have data to read.
 * @param[out] buffer     of the caller's; room for `capacity` bytes.
 * @param[in] capacity    in bytes, at least 1.
 * @return how many bytes were taken; 0 means end of file.
 */
size_t socket_read_buf(Socket *socket, void *buffer, size_t capacity);

/**
 * Has `waker` woken once, by the next bytes that arrive or by the end.
 *
 * @param[in,out] socket  borrowed; any number of waiters may wait for it.
 * @param[in,out] waiter  borrowed until it is woken or cleared. If it waits
 *                        here already, the latest waker counts.
 * @param[in] waker       borrowed; a clone of it is kept.
 */
void socket_set_readable_callback(Socket *socket, Waiter *waiter,
                                  const Waker *waker);

/**
 * Ends the wait of one waiter: it is not woken. Others go on waiting.
 *
 * @param[in,out] socket  borrowed.
 * @param[in,out] waiter  nothing happens if it waits no longer.
 */
void socket_clear_readable_callback(Socket *socket, Waiter *waiter);

/**
 * The network's side: bytes arrive.
 *
 * @param[in,out] socket  borrowed; not hung up.
 * @param[in] bytes       borrowed; copied.
 * @param[in] length      in bytes.
 * @return how many of them fitted; the rest is not delivered.
 */
size_t socket_deliver(Socket *socket, const void *bytes, size_t length);

/**
 * The network's side: nothing more will come.
 *
 * @param[in,out] socket  borrowed; what has arrived can still be read.
 */
void socket_hang_up(Socket *socket);

#endif
