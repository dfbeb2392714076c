/**
 * @file
 * A socket of the system's, and the naive answer to "who calls back?": each
 * socket that is waited for is watched by a thread of its own.
 *
 * Everything here happens on one thread, the executor's; only the watching
 * thread is another.
 */
#ifndef SOCKET_H
#define SOCKET_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "waiter.h"

/** One end of a connection. It must not be moved. */
typedef struct Socket {
    /** Owned; non-blocking. -1 once it is closed. */
    int descriptor;
    /** Whether there is a watching thread, or one that has to be joined. */
    bool watched;
    /** Sleeps until the descriptor is readable, then wakes and ends. */
    pthread_t watcher;
    /** Guards the list, also while its nodes are being woken. */
    pthread_mutex_t lock;
    /** Whom the watcher wakes, all of them. While anybody is in it, there is a
     * watcher. */
    WaiterList readers;
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
 * Ends the watching thread, if there is one, and closes the descriptor. All who
 * wait are woken; their reads end with `-EBADF`.
 *
 * @param[in,out] socket  its memory is needed until the futures that borrow it
 *                        have been dropped.
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
 * @param[in,out] socket  borrowed; any number of waiters may wait for it.
 * @param[in,out] waiter  borrowed until it is woken or cleared. If it waits
 *                        here already, the latest waker counts.
 * @param[in] waker       borrowed; a clone of it is kept.
 * @return 0; `-EBADF` if the socket is closed; or `-EAGAIN` if the system has
 *         no more threads: then nobody will be woken.
 */
int socket_set_readable_callback(Socket *socket, Waiter *waiter,
                                 const Waker *waker);

/**
 * Ends the wait of one waiter: it is not woken. With the last one, the watching
 * thread ends.
 *
 * @param[in,out] socket  borrowed.
 * @param[in,out] waiter  nothing happens if it waits no longer.
 */
void socket_clear_readable_callback(Socket *socket, Waiter *waiter);

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
