/*
 * Linux: epoll(7).
 *
 * The kernel keeps the set of objects, and a list of those that are ready; a
 * wait costs as much as there is to report, however many are in the set. It
 * offers three ways to report:
 *
 *   level-triggered   as long as the signal is there, each wait reports it
 *   edge-triggered    once, when the signal comes (EPOLLET)
 *   one-shot          once, and then nothing until the next EPOLL_CTL_MOD
 *
 * Edge-triggered, a reader must read until the system says EAGAIN before it
 * may wait: a failed call for each wait, and a lost wake-up if it is
 * forgotten. One-shot has no such trap, but each wait begins with a call that
 * arms again. Level-triggered costs neither, provided that a signal which is
 * reported and not waited for is noticed; io_blocker.c does that. So level it
 * is.
 *
 * Two habits of this kernel to know about:
 *
 * - Hang-up and error are reported whether asked for or not, even for an
 *   object that is armed for no signal. Disarming it wholly must therefore be
 *   EPOLL_CTL_DEL. A hang-up (EPOLLHUP) means that both directions are over.
 *   A Unix socket has it as soon as its far end is closed. A TCP peer's close
 *   (if it had read everything; otherwise it is a reset) is EPOLLIN and
 *   EPOLLRDHUP, which come only if asked for; EPOLLIN is enough, since the read
 *   that follows finds the end.
 * - An entry's key is a number together with the open file behind it, and
 *   closing takes it out only with the file's last descriptor. A socket that is
 *   closed while a duplicate of it lives (dup, fork) goes on being reported. It
 *   cannot be removed under the duplicate's number, only under its own, after
 *   dup2() has brought that back. So: remove first, then close. Otherwise
 *   io_blocker.c ignores the reports, but each wait ends early.
 *
 * The wake-up is an eventfd, edge-triggered: each write is a new edge, so it
 * need not be read. Many writes before one wait are one report.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "backend.h"
#include "deadline.h"

struct Backend {
    int epoll;
    int wakeup;
    struct epoll_event events[IO_BLOCKER_BATCH];
};

/* Number and generation share the 64 bits that the kernel keeps for us. */
static uint64_t pack(IoObject object, uint32_t generation) {
    return (uint64_t)generation << 32 | (uint32_t)object;
}

static uint32_t to_epoll(Signals signals) {
    return ((signals & SIGNAL_READABLE) != 0 ? EPOLLIN : 0u) |
           ((signals & SIGNAL_WRITABLE) != 0 ? EPOLLOUT : 0u);
}

//! [from]
static Signals from_epoll(uint32_t events) {
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
        return SIGNAL_READABLE | SIGNAL_WRITABLE;
    }
    return ((events & EPOLLIN) != 0 ? SIGNAL_READABLE : 0u) |
           ((events & EPOLLOUT) != 0 ? SIGNAL_WRITABLE : 0u);
}
//! [from]

static int watch_wakeup(Backend *backend) {
    struct epoll_event event = {
        .events = EPOLLIN | EPOLLET,
        .data.u64 = pack(backend->wakeup, 0),
    };
    return epoll_ctl(backend->epoll, EPOLL_CTL_ADD, backend->wakeup, &event);
}

static int open_descriptors(Backend *backend) {
    int error;
    backend->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (backend->epoll < 0) {
        return -errno;
    }
    backend->wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (backend->wakeup < 0) {
        error = errno;
        goto no_eventfd;
    }
    if (watch_wakeup(backend) < 0) {
        error = errno;
        goto not_watched;
    }
    return 0;

not_watched:
    close(backend->wakeup);
no_eventfd:
    close(backend->epoll);
    return -error;
}

int backend_new(Backend **backend_out) {
    Backend *backend = calloc(1, sizeof *backend);
    if (backend == NULL) {
        return -ENOMEM;
    }
    int result = open_descriptors(backend);
    if (result != 0) {
        free(backend);
        return result;
    }
    *backend_out = backend;
    return 0;
}

void backend_free(Backend *backend) {
    close(backend->wakeup);
    close(backend->epoll);
    free(backend);
}

//! [arm]
int backend_arm(Backend *backend, IoObject object, uint32_t generation,
                Signals before, Signals after) {
    int operation = before == 0  ? EPOLL_CTL_ADD
                    : after == 0 ? EPOLL_CTL_DEL
                                 : EPOLL_CTL_MOD;
    struct epoll_event event = {
        .events = to_epoll(after),
        .data.u64 = pack(object, generation),
    };
    int result = epoll_ctl(backend->epoll, operation, object, &event);
    return result < 0 ? -errno : 0;
}
//! [arm]

//! [wait]
static int wait_resuming(Backend *backend, uint64_t deadline_ns,
                         size_t capacity) {
    int count;
    do {
        count = epoll_wait(backend->epoll, backend->events, (int)capacity,
                           deadline_ms_left(deadline_ns));
    } while (count < 0 && errno == EINTR);
    return count < 0 ? -errno : count;
}

int backend_wait(Backend *backend, uint64_t deadline_ns,
                 Readiness *readiness_out, size_t capacity, bool *woken) {
    int events = wait_resuming(backend, deadline_ns, capacity);
    int count = events < 0 ? events : 0;
    for (int i = 0; i < events; i++) {
        uint64_t data = backend->events[i].data.u64;
        if (data == pack(backend->wakeup, 0)) {
            *woken = true;
            continue;
        }
        readiness_out[count++] = (Readiness){
            .object = (IoObject)(uint32_t)data,
            .generation = (uint32_t)(data >> 32),
            .signals = from_epoll(backend->events[i].events),
        };
    }
    return count;
}
//! [wait]

//! [wake]
void backend_wake(Backend *backend) {
    uint64_t one = 1;
    ssize_t written = write(backend->wakeup, &one, sizeof one);
    (void)written; /* it cannot fail short of 2^64 calls */
}
//! [wake]
