/**
 * @file
 * A socket of the system's, and the naive answer to "who calls back?": for
 * each read that waits, a thread of its own watches the socket.
 */
#ifndef SOCKET_H
#define SOCKET_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "waker.h"

/** One end of a connection. One task reads it at a time. */
typedef struct Socket {
    /** Owned; non-blocking. */
    int descriptor;
    /** Whether there is a watching thread, or one that has to be joined. */
    bool watched;
    /** Sleeps until the descriptor is readable, then wakes and ends. */
    pthread_t watcher;
    /** Guards `readable_callback`. */
    pthread_mutex_t lock;
    /** Whom the watcher wakes; empty once it has, and if there is none. */
    Waker readable_callback;
} Socket;

/**
 * Makes a socket of a descriptor, and makes that non-blocking.
 *
 * @param[out] socket     memory of the caller's; stays where it is until it
 *                        is given to socket_close().
 * @param[in] descriptor  owned by the socket, unless this fails.
 * @return 0, or the `-errno` of `fcntl(2)` or `pthread_mutex_init(3)`.
 */
int socket_init(Socket *socket, int descriptor);

/**
 * Ends the watching thread, if there is one, and closes the descriptor.
 *
 * @param[in,out] socket  not used afterwards.
 */
void socket_close(Socket *socket);

/**
 * Whether a read would get something: bytes, end of file or an error.
 *
 * @param[in] socket  borrowed.
 * @return true if it would, at this moment; see `poll(2)`.
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
 * Has `waker` woken once, as soon as there is data to read: by a thread that
 * is started for this.
 *
 * @param[in,out] socket  borrowed; a callback set earlier is replaced.
 * @param[in] waker       borrowed; a clone of it is kept.
 * @return 0, or `-EAGAIN` if the system has no more threads: then nobody will
 *         be woken.
 */
int socket_set_readable_callback(Socket *socket, const Waker *waker);

/**
 * Has nobody woken, and ends the watching thread.
 *
 * @param[in,out] socket  borrowed; the waker that it kept is dropped.
 */
void socket_clear_readable_callback(Socket *socket);

/**
 * What the naive answer costs. Executor's thread.
 *
 * A thread that has woken somebody is counted until it is joined: when its
 * socket waits again, or is closed.
 *
 * @return how many watching threads there are now.
 */
int socket_watching_threads(void);

#endif
