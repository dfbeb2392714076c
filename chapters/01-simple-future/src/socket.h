/** @file
 * A socket made of memory, whose other end is played by the reader. One half of
 * the functions is what a future sees: is there data, take it, call me when
 * there is. The other half, socket_deliver() and socket_hang_up(), is the
 * network's. Everything happens on one thread.
 * Pointers are borrowed, unless said to be owned. Rules: docs/headers.md. */
#ifndef SOCKET_H
#define SOCKET_H

#include <stdbool.h>
#include <stddef.h>

#include "simple_future.h"

/** How many unread bytes a socket holds. */
enum { SOCKET_CAPACITY = 256 };

/** One end of a connection: what arrived, and what to call when more does. */
typedef struct Socket {
    unsigned char received[SOCKET_CAPACITY]; /**< Unread, oldest first. */
    size_t length;                           /**< Bytes of `received` in use. */
    bool hung_up; /**< Nothing will come after what is here. */
    /** Called once, when there is data to read; or `NULL`. There is one slot,
     * so all futures that wait here have to share one function. */
    WakeFn readable_callback;
} Socket;

/** Makes a socket on which nothing has arrived yet. */
void socket_init(Socket *socket);

/** Whether a read would get something: bytes, or the end of file. */
bool socket_has_data_to_read(const Socket *socket);

/** Takes the oldest bytes, if there is data to read; 0 means end of file. */
size_t socket_read_buf(Socket *socket, void *buffer, size_t capacity);

/** Has `wake` called once, by the next bytes or by the end, instead of an
 * earlier callback; `NULL` for none. */
void socket_set_readable_callback(Socket *socket, WakeFn wake);

/** The network: bytes arrive. Returns how many fitted; the rest is lost. */
size_t socket_deliver(Socket *socket, const void *bytes, size_t length);

/** The network: nothing more will come behind what has arrived. */
void socket_hang_up(Socket *socket);

#endif
