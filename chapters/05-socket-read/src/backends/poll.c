/*
 * Any POSIX system: poll(2).
 *
 * The kernel keeps nothing. Each wait hands it an array with all objects, and
 * it looks at every one; the more sockets there are, the longer a wait takes,
 * even if one only is ready. It is the floor that every system has, and the
 * easiest to follow: what is armed stands in the array, and is a level.
 *
 * - poll(2) answers for the whole array at once. If more is ready than the
 *   caller has room for, the rest is kept and handed out by the next wait,
 *   without asking the kernel again. Otherwise those in front would be served
 *   for ever, and those behind never.
 * - Hang-up and error are reported for an entry whether asked for or not.
 *   Disarming wholly therefore takes the entry out.
 * - It takes regular files, folders and /dev/null, and calls them ready at all
 *   times. Epoll refuses them, so this one does too. Of devices it waits for
 *   terminals.
 *
 * The wake-up is a pipe, in the first entry: waking writes a byte, and the wait
 * that it ends reads all there are. A full pipe has been written to often
 * enough. If the pipe has been closed, no wait could be ended any more: that is
 * an error, and no wake-up.
 */
#include <errno.h>
#include <stdlib.h>

#include "backend.h"
#include "deadline.h"
#include "platform.h"

struct Backend {
    int wakeup_read;
    int wakeup_write;
    struct pollfd *entries;
    uint32_t *generations; /* of the entries */
    size_t count;
    size_t capacity;
    size_t next;    /* where handing out goes on */
    size_t pending; /* how many entries have not been handed out yet */
};

static short to_poll(Signals signals) {
    return (short)(((signals & SIGNAL_READABLE) != 0 ? POLLIN : 0) |
                   ((signals & SIGNAL_WRITABLE) != 0 ? POLLOUT : 0));
}

static Signals from_poll(short events) {
    if ((events & (POLLERR | POLLHUP | POLLNVAL)) != 0) {
        return SIGNAL_READABLE | SIGNAL_WRITABLE;
    }
    return ((events & POLLIN) != 0 ? SIGNAL_READABLE : 0u) |
           ((events & POLLOUT) != 0 ? SIGNAL_WRITABLE : 0u);
}

static int reserve(Backend *backend) {
    if (backend->count < backend->capacity) {
        return 0;
    }
    size_t capacity = backend->capacity == 0 ? 64 : backend->capacity * 2;
    struct pollfd *entries =
        realloc(backend->entries, capacity * sizeof *entries);
    if (entries == NULL) {
        return -ENOMEM;
    }
    backend->entries = entries;
    uint32_t *generations =
        realloc(backend->generations, capacity * sizeof *generations);
    if (generations == NULL) {
        return -ENOMEM;
    }
    backend->generations = generations;
    backend->capacity = capacity;
    return 0;
}

static int append(Backend *backend, IoObject object, uint32_t generation,
                  Signals signals) {
    int result = reserve(backend);
    if (result == 0) {
        backend->entries[backend->count] =
            (struct pollfd){.fd = object, .events = to_poll(signals)};
        backend->generations[backend->count] = generation;
        backend->count += 1;
    }
    return result;
}

static int set_flags(int descriptor) {
    bool ok = fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0 &&
              fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0;
    return ok ? 0 : -errno;
}

static int open_descriptors(Backend *backend) {
    int ends[2];
    if (pipe(ends) < 0) {
        return -errno;
    }
    backend->wakeup_read = ends[0];
    backend->wakeup_write = ends[1];
    int result = set_flags(ends[0]);
    if (result == 0) {
        result = set_flags(ends[1]);
    }
    if (result == 0) {
        result = append(backend, ends[0], 0, SIGNAL_READABLE);
    }
    if (result != 0) {
        close(ends[0]);
        close(ends[1]);
    }
    return result;
}

int backend_new(Backend **backend_out) {
    Backend *backend = calloc(1, sizeof *backend);
    if (backend == NULL) {
        return -ENOMEM;
    }
    int result = open_descriptors(backend);
    if (result != 0) {
        free(backend->entries);
        free(backend);
        return result;
    }
    *backend_out = backend;
    return 0;
}

void backend_free(Backend *backend) {
    close(backend->wakeup_read);
    close(backend->wakeup_write);
    free(backend->entries);
    free(backend->generations);
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

static size_t find(const Backend *backend, IoObject object) {
    size_t i = 1;
    while (backend->entries[i].fd != object) {
        i += 1;
    }
    return i;
}

static void move(Backend *backend, size_t from, size_t to) {
    backend->entries[to] = backend->entries[from];
    backend->generations[to] = backend->generations[from];
}

//! [take_out]
/*
 * The last entry moves to this slot. If it is among those handed out already,
 * the last of these moves there, so that all of them stay in front of `next`:
 * an entry that was still to come must not be taken for one that has been.
 */
static void take_out(Backend *backend, size_t i) {
    if (i < backend->next) {
        backend->next -= 1;
        move(backend, backend->next, i);
        i = backend->next;
    }
    backend->count -= 1;
    move(backend, backend->count, i);
}
//! [take_out]

/* What was found out about an entry is out of date. */
static void discard(Backend *backend, size_t i) {
    backend->pending -= backend->entries[i].revents != 0;
    backend->entries[i].revents = 0;
}

//! [arm]
int backend_arm(Backend *backend, IoObject object, uint32_t generation,
                Signals before, Signals after) {
    if (before == 0) {
        int result = check_kind(object);
        return result != 0 ? result
                           : append(backend, object, generation, after);
    }
    size_t i = find(backend, object);
    discard(backend, i);
    if (after == 0) {
        take_out(backend, i);
    } else {
        backend->entries[i].events = to_poll(after);
    }
    return 0;
}
//! [arm]

//! [wait]
static void drain_wakeup(Backend *backend) {
    char bytes[64];
    while (read(backend->wakeup_read, bytes, sizeof bytes) > 0) {
        /* until there is no more */
    }
}

/* Looks at the first entry: 0, or -EBADF if one end of the pipe is closed. */
static int look_at_wakeup(Backend *backend, bool *woken) {
    short seen = backend->entries[0].revents;
    if ((seen & (POLLERR | POLLHUP | POLLNVAL)) != 0) {
        backend->pending = 0;
        return -EBADF;
    }
    if (seen != 0) {
        backend->pending -= 1;
        drain_wakeup(backend);
        *woken = true;
    }
    return 0;
}

/* Asks the kernel about all entries; handing out starts from the front. */
static int ask(Backend *backend, uint64_t deadline_ns, bool *woken) {
    int ready;
    do {
        ready = poll(backend->entries, (nfds_t)backend->count,
                     deadline_ms_left(deadline_ns));
    } while (ready < 0 && errno == EINTR);
    backend->next = 1;
    backend->pending = ready < 0 ? 0 : (size_t)ready;
    return ready < 0 ? -errno : look_at_wakeup(backend, woken);
}

int backend_wait(Backend *backend, uint64_t deadline_ns,
                 Readiness *readiness_out, size_t capacity, bool *woken) {
    int count = backend->pending == 0 ? ask(backend, deadline_ns, woken) : 0;
    while (backend->pending > 0 && (size_t)count < capacity) {
        size_t i = backend->next++;
        Signals signals = from_poll(backend->entries[i].revents);
        backend->entries[i].revents = 0;
        if (signals == 0) {
            continue;
        }
        backend->pending -= 1;
        readiness_out[count++] =
            (Readiness){.object = backend->entries[i].fd,
                        .generation = backend->generations[i],
                        .signals = signals};
    }
    return count;
}
//! [wait]

//! [wake]
void backend_wake(Backend *backend) {
    int error = errno; /* a signal handler leaves it as it was */
    ssize_t written = write(backend->wakeup_write, "", 1);
    (void)written; /* if the pipe is full, it is woken anyway */
    errno = error;
}
//! [wake]
