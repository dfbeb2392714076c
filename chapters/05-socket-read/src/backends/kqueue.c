/*
 * macOS and the BSDs: kqueue(2).
 *
 * The kernel keeps the set, as with epoll, and a wait costs as much as there
 * is to report. What differs is what the set is made of: not objects, each
 * with a mask, but pairs of an object and a filter, each by itself. "Number 5
 * has bytes" (EVFILT_READ) and "number 5 has room" (EVFILT_WRITE) are added,
 * deleted and reported one without the other. There are the same three ways
 * to report, by other names: level-triggered; edge-triggered (EV_CLEAR);
 * one-shot (EV_ONESHOT), which even deletes. Level it is, for the reasons
 * that stand in epoll.c. One call does everything: kevent() takes a
 * list of changes and fills a list of events. What follows from that:
 *
 * - To go from what is armed to what shall be is a list of changes, at most
 *   one for each filter, and one call. Nothing is ever "modified".
 * - Of two changes one may fail. What stayed armed unknown to io_blocker.c
 *   would be reported for ever. EV_RECEIPT makes the kernel answer
 *   for each change, and if one failed, both are taken back.
 * - Data and room at once are two events, in one batch or in two. They stay
 *   two reports; io_blocker.c puts up with several for one object.
 * - There is no event for a hang-up. A filter says EV_EOF when its direction
 *   has ended. On the read filter alone that is the end of file: the far end
 *   has shut down its half, and ours still works. Reported as both signals,
 *   it would wake a writer that has no room, over and over. When everything
 *   has ended both filters say so, each for itself. EV_EOF with the socket's
 *   error in `fflags` has broken both, and is both signals. (An error that will
 *   pass may come without EV_EOF. Then, too, each filter speaks for itself.)
 * - A pipe without a reader may be refused to its writer instead of being
 *   added and reported: with EPIPE by FreeBSD, OpenBSD and DragonFly, with
 *   EBADF by NetBSD. Only macOS adds it. A writer that waits is to be told, so
 *   a stand-in is added: an event of our own that is triggered, in a second
 *   change, since FreeBSD and NetBSD lose a trigger that comes with EV_ADD.
 * - If the reader goes while the writer's filter is there, FreeBSD reports it
 *   once, with EV_ONESHOT, and deletes it. What is armed would be a level no
 *   more, so the filter is added again, and if it is refused now, there is the
 *   stand-in. A stand-in is one-shot, too: each time the filter is tried first,
 *   since a FIFO may have got a new reader.
 * - Closing a descriptor deletes its filters, even if a duplicate lives. So
 *   to delete what is gone is no error here, and the trouble that epoll has
 *   with duplicates does not arise.
 * - A regular file is taken, and is readable while it has not been read to
 *   its end; /dev/null is taken by some. Epoll refuses them, so this one does
 *   too. Of devices it waits for terminals, and macOS not for each of them.
 *
 * The generation travels in `udata`, which adding again overwrites.
 *
 * The wake-up is a filter without a descriptor, EVFILT_USER: NOTE_TRIGGER
 * makes it ready, and EV_CLEAR spends it by its report, so many triggers
 * before one wait are one report. (OpenBSD has it since 7.8, NetBSD since
 * 10: before that, BACKEND=poll.)
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/event.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend.h"
#include "clock.h"
#include "deadline.h"

struct Backend {
    int queue;
    struct kevent events[IO_BLOCKER_BATCH];
};

/* Among our own events, the one that is no stand-in. */
#define WAKE_UP UINTPTR_MAX

//! [from]
static Signals from_kevent(const struct kevent *event) {
    bool ended = (event->flags & EV_EOF) != 0;
    bool broken = ended && event->fflags != 0;
    if (broken || (event->flags & EV_ERROR) != 0 ||
        event->filter == EVFILT_USER) {
        return SIGNAL_READABLE | SIGNAL_WRITABLE;
    }
    return event->filter == EVFILT_READ ? SIGNAL_READABLE : SIGNAL_WRITABLE;
}
//! [from]

/* What an event is about; of a stand-in, what it stands for. */
static struct kevent subject_of(const struct kevent *event) {
    struct kevent subject = *event;
    if (event->filter == EVFILT_USER) {
        subject.filter = event->ident % 2 == 0 ? EVFILT_READ : EVFILT_WRITE;
        subject.ident = event->ident / 2;
    }
    return subject;
}

static int watch_wakeup(Backend *backend) {
    struct kevent change;
    EV_SET(&change, WAKE_UP, EVFILT_USER, EV_ADD | EV_CLEAR, 0, 0, NULL);
    return kevent(backend->queue, &change, 1, NULL, 0, NULL);
}

static int open_queue(Backend *backend) {
    backend->queue = kqueue();
    if (backend->queue < 0) {
        return -errno;
    }
    if (fcntl(backend->queue, F_SETFD, FD_CLOEXEC) < 0 ||
        watch_wakeup(backend) < 0) {
        int error = errno;
        close(backend->queue);
        return -error;
    }
    return 0;
}

int backend_new(Backend **backend_out) {
    Backend *backend = calloc(1, sizeof *backend);
    if (backend == NULL) {
        return -ENOMEM;
    }
    int result = open_queue(backend);
    if (result != 0) {
        free(backend);
        return result;
    }
    *backend_out = backend;
    return 0;
}

void backend_free(Backend *backend) {
    close(backend->queue);
    free(backend);
}

/* Whether it can be waited for at all: 0 or `-errno`. */
static int check_kind(IoObject object) {
    struct stat status;
    if (fstat(object, &status) < 0) {
        return -errno;
    }
    mode_t mode = status.st_mode;
    bool device = S_ISBLK(mode) || (S_ISCHR(mode) && !isatty(object));
    return S_ISREG(mode) || S_ISDIR(mode) || device ? -EPERM : 0;
}

//! [changes]
/*
 * Lists what leads from `before` to `after`. Returns how many there are. The
 * types of a kevent's fields, and of numbers of kevents, differ from system to
 * system: constants suit each of them, and so does a uint16_t.
 */
static uint16_t list_changes(struct kevent *changes, IoObject object,
                             uint32_t generation, Signals before,
                             Signals after) {
    uint16_t count = 0;
    for (Signals signal = SIGNAL_READABLE; signal <= SIGNAL_WRITABLE;
         signal <<= 1) {
        if (((before ^ after) & signal) == 0) {
            continue;
        }
        struct kevent *change = &changes[count++];
        EV_SET(change, (uintptr_t)object, EVFILT_READ, EV_ADD | EV_RECEIPT, 0,
               0, (void *)(uintptr_t)generation);
        if (signal == SIGNAL_WRITABLE) {
            change->filter = EVFILT_WRITE;
        }
        if ((before & signal) != 0) {
            change->flags = EV_DELETE | EV_RECEIPT;
        }
    }
    return count;
}
//! [changes]

/*
 * Adds or deletes what reports a hang-up instead of another filter. Each
 * filter of an object has a stand-in of its own.
 */
static int change_stand_in(Backend *backend, struct kevent change) {
    bool added = (change.flags & EV_ADD) != 0;
    change.ident = 2 * change.ident + (change.filter == EVFILT_WRITE);
    change.filter = EVFILT_USER;
    change.flags = added ? EV_ADD | EV_ONESHOT : EV_DELETE;
    struct kevent changes[2] = {change, change};
    changes[1].flags = 0;
    changes[1].fflags = NOTE_TRIGGER;
    uint16_t count = added ? 2 : 1;
    int result = kevent(backend->queue, changes, count, NULL, 0, NULL);
    return result < 0 ? -errno : 0;
}

/* Whether a filter is refused because the pipe's other end is closed. */
static bool is_hang_up(const struct kevent *change, int error) {
    return error == EPIPE ||
           (error == EBADF && check_kind((IoObject)change->ident) == 0);
}

//! [settle]
/* What the kernel answered to one change: 0 or `-errno`. */
static int settle(Backend *backend, const struct kevent *change, int error) {
    if ((change->flags & EV_DELETE) != 0 &&
        (error == ENOENT || error == EBADF)) {
        (void)change_stand_in(backend, *change); /* if there is one */
        return 0;
    }
    if (is_hang_up(change, error)) {
        return change_stand_in(backend, *change);
    }
    return error == ENODEV || error == EINVAL ? -EPERM : -error;
}

/* There is room for the answers and no more: no event comes among them. */
static int apply(Backend *backend, const struct kevent *changes,
                 uint16_t count) {
    struct kevent receipts[2];
    int result = kevent(backend->queue, changes, count, receipts, count, NULL);
    if (result < 0) {
        return -errno;
    }
    int answer = 0;
    for (int i = 0; i < result; i++) {
        int settled = settle(backend, &changes[i], (int)receipts[i].data);
        answer = answer != 0 ? answer : settled;
    }
    return answer;
}
//! [settle]

//! [arm]
int backend_arm(Backend *backend, IoObject object, uint32_t generation,
                Signals before, Signals after) {
    struct kevent changes[2];
    int result = before == 0 ? check_kind(object) : 0;
    if (result != 0) {
        return result;
    }
    uint16_t count = list_changes(changes, object, generation, before, after);
    result = apply(backend, changes, count);
    if (result != 0) {
        count = list_changes(changes, object, generation, after, before);
        (void)apply(backend, changes, count);
    }
    return result;
}
//! [arm]

//! [wait]
/* kevent() takes nanoseconds; milliseconds, rounded up, do here too. */
static int wait_resuming(Backend *backend, uint64_t deadline_ns,
                         size_t capacity) {
    int count;
    do {
        int left_ms = deadline_ms_left(deadline_ns);
        uint64_t left_ns = left_ms < 0 ? 0 : (uint64_t)left_ms * NS_PER_MS;
        struct timespec left = clock_timespec(left_ns);
        count = kevent(backend->queue, NULL, 0, backend->events,
                       (uint16_t)capacity, left_ms < 0 ? NULL : &left);
    } while (count < 0 && errno == EINTR);
    return count < 0 ? -errno : count;
}

/*
 * The kernel has deleted what it reports. It can hardly lack the memory to add
 * that again, since it has just got it back.
 */
static void add_again(Backend *backend, struct kevent change) {
    change.flags = EV_ADD | EV_RECEIPT;
    change.fflags = 0;
    change.data = 0;
    (void)apply(backend, &change, 1);
}

int backend_wait(Backend *backend, uint64_t deadline_ns,
                 Readiness *readiness_out, size_t capacity, bool *woken) {
    int events = wait_resuming(backend, deadline_ns, capacity);
    int count = events < 0 ? events : 0;
    for (int i = 0; i < events; i++) {
        const struct kevent *event = &backend->events[i];
        if (event->filter == EVFILT_USER && event->ident == WAKE_UP) {
            *woken = true;
            continue;
        }
        struct kevent subject = subject_of(event);
        if ((event->flags & EV_ONESHOT) != 0) {
            add_again(backend, subject);
        }
        readiness_out[count++] = (Readiness){
            .object = (IoObject)subject.ident,
            .generation = (uint32_t)(uintptr_t)event->udata,
            .signals = from_kevent(event),
        };
    }
    return count;
}
//! [wait]

//! [wake]
void backend_wake(Backend *backend) {
    int error = errno; /* a signal handler leaves it as it was */
    struct kevent change;
    EV_SET(&change, WAKE_UP, EVFILT_USER, 0, NOTE_TRIGGER, 0, NULL);
    int result = kevent(backend->queue, &change, 1, NULL, 0, NULL);
    (void)result; /* it cannot fail: what is triggered is there */
    errno = error;
}
//! [wake]
