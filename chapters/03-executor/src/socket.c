#include "socket.h"

#include <errno.h>

#include "platform.h"

static _Thread_local int watching_threads; /* of this thread's sockets */

int socket_watching_threads(void) {
    return watching_threads;
}

int socket_init(Socket *socket, int descriptor) {
    int flags = fcntl(descriptor, F_GETFL);
    if (flags < 0 || fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) < 0) {
        return -errno;
    }
    *socket = (Socket){.descriptor = descriptor};
    waiter_list_init(&socket->readers);
    return -pthread_mutex_init(&socket->lock, NULL);
}

//! [has_data_to_read]
bool socket_has_data_to_read(const Socket *socket) {
    struct pollfd look = {.fd = socket->descriptor, .events = POLLIN};
    return poll(&look, 1, 0) > 0;
}
//! [has_data_to_read]

ssize_t socket_read_buf(Socket *socket, void *buffer, size_t capacity) {
    ssize_t length;
    do {
        length = read(socket->descriptor, buffer, capacity);
    } while (length < 0 && errno == EINTR);
    return length < 0 ? -errno : length;
}

/*
 * Wakes all who wait, without the lock. A waiter that has not been woken yet is
 * in `woken`, and may be taken out of it meanwhile: the lock guards that as well.
 */
static void wake_readers(Socket *socket) {
    WaiterList woken;
    waiter_list_init(&woken);
    pthread_mutex_lock(&socket->lock);
    waiter_list_move(&socket->readers, &woken);
    while (!waiter_list_is_empty(&woken)) {
        Waker waker = waiter_list_take_first(&woken);
        pthread_mutex_unlock(&socket->lock);
        waker_wake(&waker);
        pthread_mutex_lock(&socket->lock);
    }
    pthread_mutex_unlock(&socket->lock);
}

//! [watch]
/* poll() is where stop_watching() can cancel this thread. */
static void *watch(void *argument) {
    Socket *socket = argument;
    struct pollfd watched = {.fd = socket->descriptor, .events = POLLIN};
    while (poll(&watched, 1, -1) < 0 && errno == EINTR) {
        /* interrupted: go on watching */
    }
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    wake_readers(socket);
    return NULL;
}
//! [watch]

/* A thread that has begun to wake is not stopped, but awaited. */
static void stop_watching(Socket *socket) {
    if (socket->watched) {
        pthread_cancel(socket->watcher);
        pthread_join(socket->watcher, NULL);
        socket->watched = false;
        watching_threads -= 1;
    }
}

static int start_watching(Socket *socket) {
    stop_watching(socket); /* the one before wakes the last, and ends */
    int error = pthread_create(&socket->watcher, NULL, watch, socket);
    if (error == 0) {
        socket->watched = true;
        watching_threads += 1;
    }
    return -error;
}

//! [set_readable_callback]
/* Puts a waiter in line. Returns whether a thread watches already. */
static bool join_the_line(Socket *socket, Waiter *waiter, Waker *owned) {
    pthread_mutex_lock(&socket->lock);
    bool watched = !waiter_list_is_empty(&socket->readers) ||
                   waiter_is_waiting(waiter); /* or is being woken now */
    *owned = waiter_list_put(&socket->readers, waiter, *owned);
    pthread_mutex_unlock(&socket->lock);
    return watched;
}

/*
 * A waker is code of others, which may close this very socket: it is cloned
 * before we look at anything, and dropped after we have looked for the last
 * time, without the lock.
 */
int socket_set_readable_callback(Socket *socket, Waiter *waiter,
                                 const Waker *waker) {
    Waker owned = waker_clone(waker);
    int result = socket->descriptor < 0 ? -EBADF : 0;
    if (result == 0 && !join_the_line(socket, waiter, &owned)) {
        result = start_watching(socket);
    }
    if (result != 0) {
        waiter_remove(waiter); /* there is no other thread */
    }
    waker_drop(&owned);
    return result;
}
//! [set_readable_callback]

void socket_clear_readable_callback(Socket *socket, Waiter *waiter) {
    if (socket->descriptor < 0) {
        waiter_remove(waiter); /* in the middle of being closed, perhaps */
        return;
    }
    pthread_mutex_lock(&socket->lock);
    Waker kept = waiter_take(waiter);
    bool last = waiter_list_is_empty(&socket->readers);
    pthread_mutex_unlock(&socket->lock);
    if (last) {
        stop_watching(socket);
    }
    waker_drop(&kept);
}

void socket_close(Socket *socket) {
    stop_watching(socket);
    pthread_mutex_destroy(&socket->lock);
    close(socket->descriptor);
    socket->descriptor = -1;
    waiter_list_wake_all(&socket->readers);
}
