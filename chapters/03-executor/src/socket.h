/** @file
 * A socket of the system's, and the naive answer to "what calls back?": each
 * socket that is waited for is watched by a thread of its own.
 * Pointers are borrowed, unless said to be owned. Rules: docs/headers.md. */
#ifndef SOCKET_H
#define SOCKET_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "waiter.h"

/** One end of a connection. */
typedef struct Socket {
    int descriptor;    /**< Owned; non-blocking. -1 once it is closed. */
    bool watched;      /**< There is a watcher, or one that has to be joined. */
    pthread_t watcher; /**< Sleeps until there is data, then wakes and ends. */
    pthread_mutex_t lock; /**< Guards the list, also while it is being woken. */
    WaiterList readers;   /**< While it is not empty, there is a watcher. */
} Socket;

/** Makes a socket of a descriptor, which it owns and makes non-blocking.
 * Errors: those of fcntl(2) and pthread_mutex_init(3). */
int socket_init(Socket *socket, int descriptor);

/** Closes it and ends the watching thread. Reads that wait are woken, end with
 * `-EBADF`, and need the socket's memory until they are dropped. */
void socket_close(Socket *socket);

/** Whether a read would get something now: bytes, end of file or an error. */
bool socket_has_data_to_read(const Socket *socket);

/** Reads what is there; never waits. Returns how many bytes, 0 at the end of
 * file, `-EAGAIN` if there is nothing, or another error of read(2). */
ssize_t socket_read_buf(Socket *socket, void *buffer, size_t capacity);

/** Has a clone of `waker` woken once, when there is data to read, by a thread
 * that is started for this. Any number may wait; of one that does already, the
 * latest waker counts. Errors: `-EBADF` if closed, `-EAGAIN` if no thread. */
int socket_set_readable_callback(Socket *socket, Waiter *waiter,
                                 const Waker *waker);

/** Ends the wait of one waiter; with the last one, the watching thread ends. */
void socket_clear_readable_callback(Socket *socket, Waiter *waiter);

/** How many threads watch sockets of this thread. One that has done its work is
 * counted until it is joined: when its socket waits again, or is closed. */
int socket_watching_threads(void);

#endif
