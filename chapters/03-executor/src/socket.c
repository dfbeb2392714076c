#include "socket.h"

#include <errno.h>

#include "platform.h"

static int watching_threads; /* executor's thread */

int socket_watching_threads(void) {
    return watching_threads;
}

int socket_init(Socket *socket, int descriptor) {
    int flags = fcntl(descriptor, F_GETFL);
    if (flags < 0 || fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) < 0) {
        return -errno;
    }
    *socket = (Socket){.descriptor = descriptor};
    return -pthread_mutex_init(&socket->lock, NULL);
}

void socket_close(Socket *socket) {
    socket_clear_readable_callback(socket);
    pthread_mutex_destroy(&socket->lock);
    close(socket->descriptor);
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

//! [watch]
/* poll() is where socket_clear_readable_callback() can cancel this thread. */
static void *watch(void *argument) {
    Socket *socket = argument;
    struct pollfd watched = {.fd = socket->descriptor, .events = POLLIN};
    while (poll(&watched, 1, -1) < 0 && errno == EINTR) {
        /* interrupted: go on watching */
    }
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    pthread_mutex_lock(&socket->lock);
    Waker waker = waker_take(&socket->readable_callback);
    pthread_mutex_unlock(&socket->lock);
    waker_wake(&waker);
    return NULL;
}
//! [watch]

static void join_watcher(Socket *socket) {
    if (socket->watched) {
        pthread_join(socket->watcher, NULL);
        socket->watched = false;
        watching_threads -= 1;
    }
}

//! [set_readable_callback]
/*
 * Gives the latest waker to the watcher, if there is one that has not woken
 * anybody yet. Returns whether there was; `waker` is then the previous one.
 */
static bool replace_callback(Socket *socket, Waker *waker) {
    pthread_mutex_lock(&socket->lock);
    Waker previous = socket->readable_callback;
    bool watching = !waker_is_empty(&previous);
    if (watching) {
        socket->readable_callback = *waker;
        *waker = previous;
    }
    pthread_mutex_unlock(&socket->lock);
    return watching;
}

int socket_set_readable_callback(Socket *socket, const Waker *waker) {
    Waker kept = waker_clone(waker);
    if (replace_callback(socket, &kept)) {
        waker_drop(&kept);
        return 0;
    }
    join_watcher(socket); /* the one before has woken somebody, and ends */
    socket->readable_callback = kept;
    int error = pthread_create(&socket->watcher, NULL, watch, socket);
    if (error != 0) {
        waker_drop(&socket->readable_callback);
        return -error;
    }
    socket->watched = true;
    watching_threads += 1;
    return 0;
}
//! [set_readable_callback]

void socket_clear_readable_callback(Socket *socket) {
    if (socket->watched) {
        pthread_cancel(socket->watcher);
        join_watcher(socket);
        waker_drop(&socket->readable_callback);
    }
}
