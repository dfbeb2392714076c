/*
 * Fuchsia: ports.
 *
 * A port is a queue of packets, first in, first out. The kernel keeps no set
 * of objects that one asks about: each zx_object_wait_async() is an order for
 * one packet, about one handle and some of its signals, and the packet ends
 * it. A signal that is there already queues the packet at once. With
 * ZX_WAIT_ASYNC_EDGE only a signal that comes later does, and one that came
 * before is lost; so it is the level that is asked for here.
 *
 * The port is one-shot by nature, and the contract wants levels. So whatever
 * has been reported and is still armed is ordered again by the next wait, at
 * its beginning and not before: by then the reader has read. Ordered at once,
 * the data that have just been reported would queue a second packet, and each
 * event would come twice. A repeated wait thus costs one
 * zx_object_wait_async(), where epoll pays nothing.
 *
 * zx_port_wait() hands out one packet a call. The first call of a wait may
 * sleep; further ones, whose deadline has passed, take what is queued, until
 * there is no room or no packet.
 *
 * Descriptors are not the kernel's here, but those of a library, fdio. What
 * there is to know about it:
 *
 * - It says which handle a descriptor has, and which signals mean "readable"
 *   or "writable" at present: for a socket these change when it connects. So
 *   it is asked before each order. (An order keeps the meaning that it had:
 *   first connect() or listen(), then wait.)
 * - poll(2) reports a hang-up unasked; a port reports nothing unasked. A writer
 *   that waits for room in a socket whose far end has gone would wait for ever.
 *   So the far end's closing is part of each order.
 * - The handle is valid as long as one has a share in it. The share also keeps
 *   the socket open: if it is closed before its interest is removed, the far
 *   end hears nothing of it until then.
 *
 * zx_port_cancel() takes back an order, and its packet if that is queued. A
 * number in the key, new for each order that is not a repetition, tells apart
 * what was out of its reach.
 *
 * The wake-up is a packet of our own, zx_port_queue(). The kernel would keep
 * each of them; one that is on its way is enough.
 */
#include <errno.h>
#include <lib/fdio/unsafe.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/port.h>

#include "backend.h"

/* What is known of an object; the table is indexed by its number. */
typedef struct Watch {
    fdio_t *io; /* our share in it; NULL if it is not armed */
    zx_handle_t handle;
    uint64_t key;
    uint32_t generation;
    unsigned char armed;
    bool ordered; /* a packet is to come, or queued */
} Watch;

struct Backend {
    zx_handle_t port;
    atomic_bool wakeup_queued;
    Watch *watches;
    size_t capacity;
    uint32_t orders;
    IoObject reported[IO_BLOCKER_BATCH]; /* by the last wait */
    size_t reported_count;
};

static int to_errno(zx_status_t status) {
    switch (status) {
    case ZX_OK:
        return 0;
    case ZX_ERR_NO_MEMORY:
        return -ENOMEM;
    case ZX_ERR_NO_RESOURCES:
        return -EMFILE;
    case ZX_ERR_INVALID_ARGS:
        return -EINVAL;
    case ZX_ERR_BAD_HANDLE:
        return -EBADF;
    case ZX_ERR_NOT_SUPPORTED:
        return -EPERM;
    case ZX_ERR_TIMED_OUT:
        return -ETIMEDOUT;
    default:
        return -EIO;
    }
}

static uint32_t to_poll(Signals signals) {
    return ((signals & SIGNAL_READABLE) != 0 ? POLLIN : 0u) |
           ((signals & SIGNAL_WRITABLE) != 0 ? POLLOUT : 0u);
}

//! [from]
static Signals from_observed(fdio_t *io, zx_signals_t observed) {
    uint32_t events = 0;
    fdio_unsafe_wait_end(io, observed, &events);
    if ((observed & ZX_SOCKET_PEER_CLOSED) != 0 ||
        (events & (POLLERR | POLLHUP)) != 0) {
        return SIGNAL_READABLE | SIGNAL_WRITABLE;
    }
    return ((events & POLLIN) != 0 ? SIGNAL_READABLE : 0u) |
           ((events & POLLOUT) != 0 ? SIGNAL_WRITABLE : 0u);
}
//! [from]

static int reserve(Backend *backend, IoObject object) {
    size_t needed = (size_t)object + 1;
    if (needed <= backend->capacity) {
        return 0;
    }
    size_t capacity = needed < 64 ? 64 : needed + needed / 2;
    if (capacity > SIZE_MAX / sizeof *backend->watches) {
        return -ENOMEM; /* where a size_t has 32 bits */
    }
    Watch *grown = realloc(backend->watches, capacity * sizeof *grown);
    if (grown == NULL) {
        return -ENOMEM;
    }
    memset(grown + backend->capacity, 0,
           (capacity - backend->capacity) * sizeof *grown);
    backend->watches = grown;
    backend->capacity = capacity;
    return 0;
}

int backend_new(Backend **backend_out) {
    Backend *backend = calloc(1, sizeof *backend);
    if (backend == NULL) {
        return -ENOMEM;
    }
    int result = to_errno(zx_port_create(0, &backend->port));
    if (result != 0) {
        free(backend);
        return result;
    }
    *backend_out = backend;
    return 0;
}

void backend_free(Backend *backend) {
    zx_handle_close(backend->port); /* with all orders */
    for (size_t i = 0; i < backend->capacity; i++) {
        if (backend->watches[i].io != NULL) {
            fdio_unsafe_release(backend->watches[i].io);
        }
    }
    free(backend->watches);
    free(backend);
}

//! [order]
/* Asks for the next packet. */
static int order(Backend *backend, Watch *watch, Signals armed, uint64_t key) {
    zx_handle_t handle = ZX_HANDLE_INVALID;
    zx_signals_t signals = ZX_SIGNAL_NONE;
    fdio_unsafe_wait_begin(watch->io, to_poll(armed), &handle, &signals);
    if (handle == ZX_HANDLE_INVALID) {
        return -EPERM; /* a regular file, a folder, /dev/null */
    }
    zx_status_t status = zx_object_wait_async(handle, backend->port, key,
                                              signals | ZX_SOCKET_PEER_CLOSED,
                                              ZX_WAIT_ASYNC_ONCE);
    if (status == ZX_OK) {
        watch->handle = handle;
        watch->key = key;
        watch->armed = (unsigned char)armed;
        watch->ordered = true;
    }
    return to_errno(status);
}
//! [order]

/* The number first: one that is not open gets no slot in the table. */
static int take_share(Backend *backend, IoObject object) {
    fdio_t *io = fdio_unsafe_fd_to_io(object);
    if (io == NULL) {
        return -EBADF;
    }
    int result = reserve(backend, object);
    if (result != 0) {
        fdio_unsafe_release(io);
        return result;
    }
    backend->watches[object] = (Watch){.io = io};
    return 0;
}

static void give_share_back(Watch *watch) {
    fdio_unsafe_release(watch->io);
    *watch = (Watch){.io = NULL};
}

//! [arm]
/* The new order first: if it is refused, the old one stands. */
int backend_arm(Backend *backend, IoObject object, uint32_t generation,
                Signals before, Signals after) {
    int result = before == 0 ? take_share(backend, object) : 0;
    if (result != 0) {
        return result;
    }
    Watch *watch = &backend->watches[object];
    Watch old = *watch;
    if (after != 0) {
        backend->orders += 1;
        uint64_t key = (uint64_t)backend->orders << 32 | (uint32_t)object;
        result = order(backend, watch, after, key);
        watch->generation = generation;
    }
    if (result == 0 && old.ordered) {
        (void)zx_port_cancel(backend->port, old.handle, old.key);
    }
    if (result == 0 ? after == 0 : before == 0) {
        give_share_back(watch);
    }
    return result;
}
//! [arm]

//! [wait]
/*
 * Orders anew what the last wait reported, in the same sequence, so that all
 * are served in turn. What is refused stays in the list for the next attempt.
 */
static int order_again(Backend *backend) {
    size_t done = 0;
    int result = 0;
    while (result == 0 && done < backend->reported_count) {
        Watch *watch = &backend->watches[backend->reported[done]];
        if (watch->io != NULL && !watch->ordered) {
            result = order(backend, watch, watch->armed, watch->key);
        }
        done += result == 0;
    }
    backend->reported_count -= done;
    memmove(backend->reported, backend->reported + done,
            backend->reported_count * sizeof *backend->reported);
    return result;
}

/* Turns a packet into a report. Returns how many: none, if it is too late. */
static int take(Backend *backend, const zx_port_packet_t *packet,
                Readiness *readiness_out) {
    IoObject object = (IoObject)(uint32_t)packet->key;
    Watch *watch = &backend->watches[object];
    if (watch->io == NULL || watch->key != packet->key) {
        return 0; /* of an order that was taken back */
    }
    watch->ordered = false;
    backend->reported[backend->reported_count++] = object;
    *readiness_out = (Readiness){
        .object = object,
        .generation = watch->generation,
        .signals = from_observed(watch->io, packet->signal.observed),
    };
    return 1;
}

static zx_time_t to_zx(uint64_t deadline_ns) {
    return deadline_ns < (uint64_t)ZX_TIME_INFINITE ? (zx_time_t)deadline_ns
                                                    : ZX_TIME_INFINITE;
}

int backend_wait(Backend *backend, uint64_t deadline_ns,
                 Readiness *readiness_out, size_t capacity, bool *woken) {
    zx_time_t deadline = to_zx(deadline_ns);
    int count = 0;
    int result = order_again(backend);
    while (result == 0 && (size_t)count < capacity) {
        zx_port_packet_t packet;
        result = to_errno(zx_port_wait(backend->port, deadline, &packet));
        if (result == 0 && packet.type == ZX_PKT_TYPE_USER) {
            atomic_exchange(&backend->wakeup_queued, false);
            *woken = true;
        } else if (result == 0) {
            count += take(backend, &packet, &readiness_out[count]);
        }
        deadline = ZX_TIME_INFINITE_PAST; /* what is queued, without a wait */
    }
    return count > 0 || result == -ETIMEDOUT ? count : result;
}
//! [wait]

//! [wake]
/*
 * Both sides exchange. So a call that finds another one standing, and leaves
 * it at that, comes before the waiting thread takes that one down: what was
 * written before the call is seen after the wait.
 */
void backend_wake(Backend *backend) {
    if (!atomic_exchange(&backend->wakeup_queued, true)) {
        zx_port_packet_t packet = {.type = ZX_PKT_TYPE_USER};
        (void)zx_port_queue(backend->port, &packet);
    }
}
//! [wake]
