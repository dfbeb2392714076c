/*
 * A model of kqueue(2) that runs on Linux: a program, not a kernel.
 *
 * It lets the kqueue back end of chapters 4 and 5 be run and tested where
 * there is no kqueue. What passes here has been shown to keep its contract
 * with what the manual pages say, not with what Darwin or FreeBSD do. The
 * pages followed are FreeBSD's kqueue(2) and, for EV_RECEIPT and for one
 * array in both places, Apple's. Where they leave a choice, the model takes
 * the one that is the harder for its caller:
 *
 * - Several events that become ready at once come in the order in which they
 *   were added; later ones come behind; one that has been reported and is
 *   still ready goes to the end.
 * - If a change fails and there is no room to say so, those after it are not
 *   made. If there are receipts, nothing else is reported by that call.
 * - Closing a descriptor deletes its events although a duplicate lives. The
 *   pages say both "close" and "last close"; kernels do the former.
 *
 * The kernels differ where the pages are silent, and their sources say how. These
 * are the model's habits, each of which can be had alone:
 *
 *   loses-trigger   NOTE_TRIGGER that is given together with EV_ADD is lost
 *                   (FreeBSD, NetBSD).
 *   drops-writer    Whoever writes to a pipe that nobody reads any more is told
 *                   once, with EV_EOF | EV_ONESHOT, and the event is gone
 *                   (FreeBSD).
 *   says-ebadf      Adding EVFILT_WRITE to such a pipe is EBADF (NetBSD), and
 *                   not EPIPE (FreeBSD, OpenBSD, DragonFly).
 *   takes-pipe      It is neither, but added and reported (macOS).
 *   bare-error      A socket's error is reported without EV_EOF and without
 *                   fflags (the BSDs, if it will pass, as one of UDP).
 *
 * KQUEUE_HABITS in the environment lists those to have when a queue is made. If
 * it is not set they are FreeBSD's: loses-trigger and drops-writer.
 *
 * How it works: the queue's descriptor is an eventfd, which wakes who sleeps
 * in kevent(). A look at all that is added is one poll(2), so the model costs
 * as much as poll(2), not as little as a kqueue. For EV_CLEAR the edge is
 * taken from the kernel: an epoll of its own watches the descriptor with
 * EPOLLET. Everything happens under one lock with all signals blocked, so
 * kevent() may be called from a signal handler, as a system call may.
 *
 * It is built as a library of its own, and so stands beside the program as a
 * kernel does: what tests put in the place of the program's calls (--wrap)
 * leaves the model's alone.
 *
 * What it does not do, and would have to:
 *
 * - It learns that a number was closed by looking when it matters: does it
 *   still name the same open file (device and inode)? If the number was
 *   closed and has become another duplicate of the same socket, it does not
 *   notice.
 * - Linux does not show a socket's error without taking it away, and the
 *   program must find it in SO_ERROR. So `fflags` is EIO for any error.
 * - EVFILT_WRITE does not say EV_EOF after the program's own shutdown().
 * - The length of a listening socket's queue is always 1 in `data`.
 * - After fork() the child's kevent() is EBADF, but the descriptor is open.
 * - No low-water marks, no other filters, no waiting for a queue itself.
 */
#define _GNU_SOURCE
#include "sys/event.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* What stays of an event's flags when it has been added, and comes back. */
enum { KEPT = EV_CLEAR | EV_ONESHOT | EV_DISPATCH | EV_RECEIPT };

/* What the kernels differ in; the first lines of this file say how. */
enum {
    LOSES_TRIGGER = 1,
    DROPS_WRITER = 2,
    SAYS_EBADF = 4,
    TAKES_PIPE = 8,
    BARE_ERROR = 16
};

/* One event that has been added: BSD calls it a knote. */
typedef struct Knote {
    struct kevent event; /* as it was added */
    struct stat file;    /* which open file the number named then */
    int edge;            /* the epoll that knows of edges; -1 for a level */
    unsigned habits;     /* its queue's */
    bool enabled;
    bool triggered;        /* EVFILT_USER */
    bool noisy;            /* poll(2) ends at once, but it is not ready */
    struct Knote *next;    /* in the order of adding */
    bool queued;           /* among those that are ready: */
    struct Knote *earlier; /* in the order of becoming so */
    struct Knote *later;
} Knote;

typedef struct Queue {
    pid_t owner;
    int descriptor;
    int sleepers;
    unsigned habits;
    Knote *knotes, **last; /* all that have been added */
    Knote *first_ready, *last_ready;
    size_t count;
    struct Queue *next;
} Queue;

/* The lock guards everything here. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static Queue *queues;

static void enter(sigset_t *mask_out) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, mask_out);
    pthread_mutex_lock(&lock);
}

static void leave(const sigset_t *mask) {
    pthread_mutex_unlock(&lock);
    pthread_sigmask(SIG_SETMASK, mask, NULL);
}

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* --- What is ready, in order --------------------------------------------- */

static void take_from_ready(Queue *queue, Knote *knote) {
    if (!knote->queued) {
        return;
    }
    *(knote->earlier ? &knote->earlier->later : &queue->first_ready) =
        knote->later;
    *(knote->later ? &knote->later->earlier : &queue->last_ready) =
        knote->earlier;
    knote->queued = false;
}

static void put_last(Queue *queue, Knote *knote) {
    take_from_ready(queue, knote);
    knote->earlier = queue->last_ready;
    knote->later = NULL;
    *(knote->earlier ? &knote->earlier->later : &queue->first_ready) = knote;
    queue->last_ready = knote;
    knote->queued = true;
}

static void drop(Queue *queue, Knote *knote) {
    Knote **place = &queue->knotes;
    while (*place != knote) {
        place = &(*place)->next;
    }
    *place = knote->next;
    if (queue->last == &knote->next) {
        queue->last = place;
    }
    take_from_ready(queue, knote);
    if (knote->edge >= 0) {
        close(knote->edge);
    }
    queue->count -= 1;
    free(knote);
}

static bool has_descriptor(const Knote *knote) {
    return knote->event.filter != EVFILT_USER;
}

/* Whether the number still names the open file that it did. */
static bool same_file(const Knote *knote) {
    struct stat now;
    return !has_descriptor(knote) ||
           (fstat((int)knote->event.ident, &now) == 0 &&
            now.st_dev == knote->file.st_dev &&
            now.st_ino == knote->file.st_ino);
}

/* --- What the filters see -------------------------------------------------- */

static short poll_one(int descriptor) {
    struct pollfd one = {.fd = descriptor,
                         .events = POLLIN | POLLOUT | POLLRDHUP};
    return poll(&one, 1, 0) < 0 ? POLLNVAL : one.revents;
}

static int bytes_to_read(int descriptor) {
    int bytes = 0;
    return ioctl(descriptor, FIONREAD, &bytes) < 0 ? 0 : bytes;
}

static int socket_option(int descriptor, int option) {
    int value = 0;
    socklen_t length = sizeof value;
    return getsockopt(descriptor, SOL_SOCKET, option, &value, &length) < 0
               ? 0
               : value;
}

static int room_to_write(const Knote *knote) {
    int descriptor = (int)knote->event.ident, waiting = 0, room;
    if (S_ISSOCK(knote->file.st_mode)) {
        (void)ioctl(descriptor, TIOCOUTQ, &waiting);
        room = socket_option(descriptor, SO_SNDBUF) - waiting;
    } else {
        room = fcntl(descriptor, F_GETPIPE_SZ) - bytes_to_read(descriptor);
    }
    return room > 0 ? room : 1;
}

/* A socket's two directions end one by one. */
static bool socket_is_ready(const Knote *knote, struct kevent *out) {
    int descriptor = (int)knote->event.ident;
    short seen = poll_one(descriptor);
    bool error = (seen & POLLERR) != 0;
    bool read_ended = (seen & POLLRDHUP) != 0;
    bool ended = (seen & POLLHUP) != 0;
    if (ended && !read_ended && !error) {
        return false; /* it has never been connected */
    }
    bool reads = knote->event.filter == EVFILT_READ;
    bool bare = error && (knote->habits & BARE_ERROR) != 0;
    if (!bare && (error || (reads ? read_ended : ended))) {
        out->flags |= EV_EOF;
        out->fflags = error ? EIO : 0;
    }
    if (reads && socket_option(descriptor, SO_ACCEPTCONN)) {
        out->data = 1;
        return (seen & POLLIN) != 0;
    }
    out->data = reads ? bytes_to_read(descriptor) : room_to_write(knote);
    return bare || (out->flags & EV_EOF) != 0 ||
           (seen & (reads ? POLLIN : POLLOUT)) != 0;
}

static bool pipe_is_ready(const Knote *knote, struct kevent *out) {
    int descriptor = (int)knote->event.ident;
    short seen = poll_one(descriptor);
    bool reads = knote->event.filter == EVFILT_READ;
    if ((seen & (POLLHUP | POLLERR)) != 0) {
        out->flags |= EV_EOF;
        if (!reads && (knote->habits & DROPS_WRITER) != 0) {
            out->flags |= EV_ONESHOT;
        }
    }
    out->data = reads ? bytes_to_read(descriptor) : room_to_write(knote);
    return (out->flags & EV_EOF) != 0 ||
           (reads ? out->data > 0 : (seen & POLLOUT) != 0);
}

/* Ready as long as the file has not been read to its end. */
static bool file_is_ready(const Knote *knote, struct kevent *out) {
    struct stat now;
    off_t at = lseek((int)knote->event.ident, 0, SEEK_CUR);
    if (fstat((int)knote->event.ident, &now) < 0) {
        return false;
    }
    out->data = (intptr_t)(now.st_size - (at < 0 ? 0 : at));
    return out->data != 0;
}

static bool other_is_ready(const Knote *knote, struct kevent *out) {
    short seen = poll_one((int)knote->event.ident);
    bool reads = knote->event.filter == EVFILT_READ;
    out->data = 1;
    if ((seen & POLLHUP) != 0) {
        out->flags |= EV_EOF;
    }
    return (seen & (POLLHUP | POLLERR | (reads ? POLLIN : POLLOUT))) != 0;
}

/* Runs the filter. Returns whether there is something; `out` says what. */
static bool run_filter(const Knote *knote, struct kevent *out) {
    *out = knote->event;
    out->data = 0;
    if (!has_descriptor(knote)) {
        return knote->triggered;
    }
    out->fflags = 0;
    mode_t mode = knote->file.st_mode;
    return S_ISSOCK(mode)                   ? socket_is_ready(knote, out)
           : S_ISFIFO(mode)                 ? pipe_is_ready(knote, out)
           : S_ISREG(mode) || S_ISDIR(mode) ? file_is_ready(knote, out)
                                            : other_is_ready(knote, out);
}

/* --- Changes --------------------------------------------------------------- */

/* An edge is the kernel's own; with a level there is nothing to keep. */
static int set_edge(Knote *knote) {
    bool wanted = has_descriptor(knote) && (knote->event.flags & EV_CLEAR) != 0;
    if (!wanted && knote->edge >= 0) {
        close(knote->edge);
        knote->edge = -1;
    }
    if (!wanted) {
        return 0;
    }
    uint32_t in = EPOLLIN | EPOLLRDHUP, out = EPOLLOUT;
    struct epoll_event edge = {
        .events = EPOLLET | (knote->event.filter == EVFILT_READ ? in : out)};
    int operation = knote->edge < 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    knote->edge = knote->edge < 0 ? epoll_create1(EPOLL_CLOEXEC) : knote->edge;
    if (knote->edge < 0) {
        return errno;
    }
    if (epoll_ctl(knote->edge, operation, (int)knote->event.ident, &edge)) {
        int error = errno == EPERM ? 0 : errno; /* a file has no edges */
        close(knote->edge);
        knote->edge = -1;
        return error;
    }
    return 0;
}

/* Whether a filter can be added to this number: 0 or an error number. */
static int check(const Queue *queue, const struct kevent *change,
                 struct stat *file_out) {
    if (change->filter == EVFILT_USER) {
        return 0;
    }
    if (change->filter != EVFILT_READ && change->filter != EVFILT_WRITE) {
        return EINVAL;
    }
    if (change->ident > INT32_MAX || fstat((int)change->ident, file_out) < 0) {
        return EBADF;
    }
    if (change->filter == EVFILT_READ) {
        return 0;
    }
    if (S_ISREG(file_out->st_mode) || S_ISDIR(file_out->st_mode)) {
        return EINVAL;
    }
    bool broken = S_ISFIFO(file_out->st_mode) &&
                  (poll_one((int)change->ident) & POLLERR) != 0;
    if (!broken || (queue->habits & TAKES_PIPE) != 0) {
        return 0;
    }
    return (queue->habits & SAYS_EBADF) != 0 ? EBADF : EPIPE;
}

static Knote *find(Queue *queue, const struct kevent *change) {
    Knote *knote = queue->knotes;
    while (knote != NULL && (knote->event.ident != change->ident ||
                             knote->event.filter != change->filter)) {
        knote = knote->next;
    }
    if (knote != NULL && !same_file(knote)) {
        drop(queue, knote); /* that one vanished when it was closed */
        knote = NULL;
    }
    return knote;
}

static Knote *append(Queue *queue, const struct kevent *change,
                     const struct stat *file) {
    Knote *knote = calloc(1, sizeof *knote);
    if (knote != NULL) {
        knote->event.ident = change->ident;
        knote->event.filter = change->filter;
        knote->file = *file;
        knote->edge = -1;
        knote->habits = queue->habits;
        *queue->last = knote;
        queue->last = &knote->next;
        queue->count += 1;
    }
    return knote;
}

/* The upper two bits say how the lower 24 change what is stored. */
static void touch_user(Knote *knote, unsigned fflags) {
    unsigned stored = knote->event.fflags, given = fflags & NOTE_FFLAGSMASK;
    switch (fflags & NOTE_FFCTRLMASK) {
    case NOTE_FFAND:
        stored &= given;
        break;
    case NOTE_FFOR:
        stored |= given;
        break;
    case NOTE_FFCOPY:
        stored = given;
        break;
    default:
        break;
    }
    knote->event.fflags = stored;
    knote->triggered |= (fflags & NOTE_TRIGGER) != 0;
}

/* Adds an event, or gives one that is there new parameters. */
static int add(Queue *queue, Knote **knote, const struct kevent *change) {
    struct stat file = {0};
    bool fresh = *knote == NULL;
    int error = fresh ? check(queue, change, &file) : 0;
    if (error != 0) {
        return error;
    }
    if (fresh && (*knote = append(queue, change, &file)) == NULL) {
        return ENOMEM;
    }
    (*knote)->event.flags = change->flags & KEPT;
    (*knote)->event.udata = change->udata;
    (*knote)->enabled = (change->flags & EV_DISABLE) == 0;
    error = set_edge(*knote);
    if (error != 0) {
        drop(queue, *knote);
    }
    return error;
}

/* Makes one change: 0 or an error number. */
static int make_change(Queue *queue, const struct kevent *change) {
    Knote *knote = find(queue, change);
    bool fresh = knote == NULL;
    if ((change->flags & EV_ADD) != 0) {
        int error = add(queue, &knote, change);
        if (error != 0) {
            return error;
        }
    }
    if (knote == NULL) {
        struct stat file;
        int error = check(queue, change, &file);
        return error == EPIPE || error == 0 ? ENOENT : error;
    }
    if ((change->flags & EV_DELETE) != 0) {
        drop(queue, knote);
        return 0;
    }
    if ((change->flags & (EV_ENABLE | EV_DISABLE)) != 0) {
        knote->enabled = (change->flags & EV_ENABLE) != 0;
    }
    if (!has_descriptor(knote)) {
        bool lost = fresh && (knote->habits & LOSES_TRIGGER) != 0;
        touch_user(knote, change->fflags & ~(lost ? NOTE_TRIGGER : 0u));
    }
    return 0;
}

/*
 * Makes all changes. Returns how many answers there are in `events`, or -1;
 * without room for an answer, an error ends the call.
 */
static int make_changes(Queue *queue, const struct kevent *changes, int count,
                        struct kevent *events, int capacity) {
    int answers = 0;
    for (int i = 0; i < count; i++) {
        struct kevent answer = changes[i]; /* may be the same array */
        int error = make_change(queue, &answer);
        if (error == 0 && (answer.flags & EV_RECEIPT) == 0) {
            continue;
        }
        if (answers == capacity) {
            errno = error;
            return error != 0 ? -1 : answers;
        }
        answer.flags = EV_ERROR;
        answer.data = error;
        events[answers++] = answer;
    }
    return answers;
}

/* --- Waiting ---------------------------------------------------------------- */

/* What poll(2) is asked about a knote; a negative number is passed over. */
static struct pollfd question(const Knote *knote, bool sleeping) {
    int descriptor = knote->edge >= 0 ? knote->edge : (int)knote->event.ident;
    bool asked =
        has_descriptor(knote) && knote->enabled && !(sleeping && knote->noisy);
    bool reads = knote->edge >= 0 || knote->event.filter == EVFILT_READ;
    return (struct pollfd){.fd = asked ? descriptor : -1,
                           .events = reads ? POLLIN | POLLRDHUP : POLLOUT};
}

/* The first question is about the queue itself: does anybody wake it? */
static struct pollfd *questions(const Queue *queue, bool sleeping) {
    struct pollfd *all = calloc(queue->count + 1, sizeof *all);
    if (all == NULL) {
        return NULL;
    }
    all[0] = (struct pollfd){.fd = queue->descriptor, .events = POLLIN};
    size_t i = 1;
    for (Knote *knote = queue->knotes; knote != NULL; knote = knote->next) {
        all[i++] = question(knote, sleeping);
    }
    return all;
}

/* Whether a knote that was not ready has become so. */
static bool becomes_ready(Knote *knote, bool seen) {
    struct kevent unused;
    bool ready = seen && run_filter(knote, &unused);
    knote->noisy = seen && !ready && has_descriptor(knote);
    return ready;
}

/* Looks at all that has been added, and puts what is new behind the rest. */
static int look(Queue *queue) {
    struct pollfd *all = questions(queue, false), *answer = all;
    if (all == NULL) {
        return ENOMEM;
    }
    (void)poll(all, queue->count + 1, 0);
    for (Knote *knote = queue->knotes, *next; knote != NULL; knote = next) {
        next = knote->next;
        answer += 1;
        bool seen = has_descriptor(knote) ? answer->revents != 0
                                          : knote->enabled && knote->triggered;
        if ((answer->revents & POLLNVAL) != 0) {
            drop(queue, knote);
        } else if (knote->queued && !seen) {
            take_from_ready(queue, knote);
        } else if (!knote->queued && becomes_ready(knote, seen)) {
            put_last(queue, knote);
        }
    }
    free(all);
    return 0;
}

/* What becomes of an event that has been handed out, with these flags. */
static void spend(Queue *queue, Knote *knote, unsigned short flags) {
    struct epoll_event unused;
    if (knote->edge >= 0) {
        (void)epoll_wait(knote->edge, &unused, 1, 0);
    }
    put_last(queue, knote);
    if ((knote->event.flags & EV_CLEAR) != 0) {
        knote->triggered = false;
        knote->event.fflags = 0;
        take_from_ready(queue, knote);
    }
    if ((knote->event.flags & EV_DISPATCH) != 0) {
        knote->enabled = false;
        take_from_ready(queue, knote);
    }
    if ((flags & EV_ONESHOT) != 0) {
        drop(queue, knote);
    }
}

/* Hands out what is ready, each once. Returns how many, or -1. */
static int hand_out(Queue *queue, struct kevent *events, int capacity) {
    int count = 0, error = look(queue);
    if (error != 0) {
        errno = error;
        return -1;
    }
    Knote *end = queue->last_ready, *next = queue->first_ready;
    for (bool more = next != NULL; more && count < capacity;) {
        Knote *knote = next;
        more = knote != end;
        next = knote->later;
        if (!same_file(knote)) {
            drop(queue, knote);
        } else if (run_filter(knote, &events[count])) {
            count += 1;
            spend(queue, knote, events[count - 1].flags);
        } else {
            take_from_ready(queue, knote);
        }
    }
    return count;
}

/* Wakes those who sleep on a queue, so that they look again. */
static void rouse(Queue *queue) {
    uint64_t one = 1;
    if (queue->sleepers > 0) {
        ssize_t written = write(queue->descriptor, &one, sizeof one);
        (void)written;
    }
}

static bool any_noisy(const Queue *queue) {
    const Knote *knote = queue->knotes;
    while (knote != NULL && !knote->noisy) {
        knote = knote->next;
    }
    return knote != NULL;
}

/*
 * Sleeps, without the lock, with the caller's signals. What poll(2) would
 * report at once although it is not ready is looked at every 5 ms instead.
 */
static int sleep_until(Queue *queue, uint64_t deadline_ns,
                       const sigset_t *mask) {
    enum { SLICE_NS = 5000000 };
    uint64_t now = now_ns(), drained;
    uint64_t left = deadline_ns > now ? deadline_ns - now : 0;
    if (any_noisy(queue) && left > SLICE_NS) {
        left = SLICE_NS;
    }
    struct timespec time = {.tv_sec = (time_t)(left / 1000000000u),
                            .tv_nsec = (long)(left % 1000000000u)};
    struct pollfd *all = questions(queue, true);
    size_t count = queue->count + 1;
    if (all == NULL) {
        return ENOMEM;
    }
    queue->sleepers += 1;
    pthread_mutex_unlock(&lock);
    int result = ppoll(all, count, &time, mask);
    int error = result < 0 ? errno : 0;
    pthread_mutex_lock(&lock);
    queue->sleepers -= 1;
    if (queue->sleepers == 0) {
        ssize_t length = read(queue->descriptor, &drained, sizeof drained);
        (void)length;
    }
    free(all);
    return error;
}

static int wait_for_events(Queue *queue, struct kevent *events, int capacity,
                           uint64_t deadline_ns, const sigset_t *mask) {
    for (;;) {
        int count = hand_out(queue, events, capacity);
        if (count != 0 || now_ns() >= deadline_ns) {
            return count;
        }
        int error = sleep_until(queue, deadline_ns, mask);
        if (error != 0) {
            errno = error;
            return -1;
        }
    }
}

/* --- The two calls ------------------------------------------------------------ */

static Queue *find_queue(int descriptor) {
    Queue *queue = queues;
    while (queue != NULL &&
           (queue->descriptor != descriptor || queue->owner != getpid())) {
        queue = queue->next;
    }
    return queue;
}

/* A queue whose number is given out again has been closed. */
static void forget(int descriptor) {
    Queue **place = &queues;
    while (*place != NULL && (*place)->descriptor != descriptor) {
        place = &(*place)->next;
    }
    Queue *queue = *place;
    if (queue != NULL) {
        *place = queue->next;
        while (queue->knotes != NULL) {
            drop(queue, queue->knotes);
        }
        free(queue);
    }
}

static unsigned read_habits(void) {
    static const char *const names[] = {"loses-trigger", "drops-writer",
                                        "says-ebadf", "takes-pipe",
                                        "bare-error"};
    const char *list = getenv("KQUEUE_HABITS");
    unsigned habits = 0;
    if (list == NULL) {
        return LOSES_TRIGGER | DROPS_WRITER;
    }
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        habits |= strstr(list, names[i]) != NULL ? 1u << i : 0u;
    }
    return habits;
}

int kqueue(void) {
    sigset_t mask;
    Queue *queue = calloc(1, sizeof *queue);
    if (queue == NULL) {
        return -1;
    }
    queue->owner = getpid();
    queue->habits = read_habits();
    queue->last = &queue->knotes;
    queue->descriptor = eventfd(0, EFD_NONBLOCK);
    int descriptor = queue->descriptor;
    if (descriptor < 0) {
        int error = errno;
        free(queue);
        errno = error;
        return -1;
    }
    enter(&mask);
    forget(descriptor);
    queue->next = queues;
    queues = queue;
    leave(&mask);
    return descriptor;
}

/* The moment at which a wait ends, or false if that is no time. */
static bool deadline_of(const struct timespec *timeout, uint64_t *out) {
    *out = UINT64_MAX;
    if (timeout == NULL) {
        return true;
    }
    if (timeout->tv_sec < 0 || timeout->tv_nsec < 0 ||
        timeout->tv_nsec > 999999999) {
        return false;
    }
    if (timeout->tv_sec < INT32_MAX) {
        *out = now_ns() + (uint64_t)timeout->tv_sec * 1000000000u +
               (uint64_t)timeout->tv_nsec;
    }
    return true;
}

int kevent(int descriptor, const struct kevent *changes, int change_count,
           struct kevent *events, int capacity,
           const struct timespec *timeout) {
    sigset_t mask;
    uint64_t deadline_ns;
    int result = -1;
    if (!deadline_of(timeout, &deadline_ns)) {
        errno = EINVAL;
        return -1;
    }
    enter(&mask);
    Queue *queue = find_queue(descriptor);
    if (queue == NULL || fcntl(descriptor, F_GETFD) < 0) {
        errno = EBADF;
    } else {
        result = make_changes(queue, changes, change_count, events, capacity);
        if (change_count > 0) {
            rouse(queue);
        }
        if (result == 0 && capacity > 0) {
            result =
                wait_for_events(queue, events, capacity, deadline_ns, &mask);
        }
    }
    int error = errno;
    leave(&mask);
    errno = error;
    return result;
}
