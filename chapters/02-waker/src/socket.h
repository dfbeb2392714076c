/** @file
 * A socket made of memory, whose other end is played by the reader. One half of
 * the functions is what a future sees: is there data, take it, wake me when
 * there is. The other half, socket_deliver() and socket_hang_up(), is the
 * network's. Everything happens on one thread.
 * Pointers are borrowed, unless said to be owned. Rules: docs/headers.md. */
#ifndef SOCKET_H
#define SOCKET_H

#include <stdbool.h>
#include <stddef.h>

#include "waiter.h"

/** How many unread bytes a socket holds. */
enum { SOCKET_CAPACITY = 256 };

/** One end of a connection: what arrived, and whom to wake when more does. */
typedef struct Socket {
    unsigned char received[SOCKET_CAPACITY]; /**< Unread, oldest first. */
    size_t length;                           /**< Bytes of `received` in use. */
    bool hung_up;       /**< Nothing will come after what is here. */
    WaiterList readers; /**< Woken, all of them, when there is data to read. */
} Socket;

/** Makes a socket on which nothing has arrived yet. */
void socket_init(Socket *socket);

/** Gives the socket up, with what has arrived, and wakes all that wait: they
 * read the end of file, and need the socket's memory until they are dropped. */
void socket_deinit(Socket *socket);

/** Whether a read would get something: bytes, or the end of file. */
bool socket_has_data_to_read(const Socket *socket);

/** Takes the oldest bytes, if there is data to read; 0 means end of file. */
size_t socket_read_buf(Socket *socket, void *buffer, size_t capacity);

/** Has a clone of `waker` woken once, by the next bytes or by the end. Any
 * number may wait; of one that does already, the latest waker counts. */
void socket_set_readable_callback(Socket *socket, Waiter *waiter,
                                  const Waker *waker);

/** Ends the wait of one waiter: it is not woken. */
void socket_clear_readable_callback(Socket *socket, Waiter *waiter);

/** The network: bytes arrive. Returns how many fitted; the rest is lost. */
size_t socket_deliver(Socket *socket, const void *bytes, size_t length);

/** The network: nothing more will come behind what has arrived. */
void socket_hang_up(Socket *socket);

#endif
