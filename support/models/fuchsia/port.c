/*
 * A model of Fuchsia's ports, on Linux: not a kernel, and no substitute for a
 * run on one. It makes the system calls of zircon/syscalls.h and the functions
 * of lib/fdio/unsafe.h mean what their documentation says, for descriptors of
 * this process. So backends/port.c, which includes the same headers on Fuchsia,
 * can be run and tested where there is no Fuchsia.
 *
 * It follows Fuchsia's reference (fuchsia.dev, "Zircon system calls":
 * port_create, port_queue, port_wait, port_cancel, object_wait_async; "Zircon
 * signals"; "Kernel objects: socket"), the comments of lib/fdio/unsafe.h, and
 * what fdio's own tests expect of a socket pair (WaitBeginEnd). From these:
 *
 *  1. A wait queues one packet, and is spent. A signal that is there already
 *     queues it at once; with ZX_WAIT_ASYNC_EDGE it must come afterwards.
 *  2. A packet says which signals were waited for (`trigger`) and all that
 *     were there when it was queued (`observed`), which may be out of date by
 *     the time it is taken.
 *  3. Waits are not merged: two with the same key are two packets.
 *  4. Packets leave in the order in which they came, ours and the kernel's.
 *  5. zx_port_cancel() ends the waits of one handle with one key, and removes
 *     their packets that are queued; ZX_ERR_NOT_FOUND if there were none.
 *  6. A handle that is closed ends its waits; packets that are queued stay.
 *  7. zx_port_wait() looks first, then heeds its deadline; it is never
 *     interrupted, and never early.
 *  8. fdio's handles are fdio's. Its object lives as long as anybody has a
 *     share; a descriptor that is closed gives its own share back, no other.
 *  9. Which signals mean POLLIN or POLLOUT changes when a socket connects.
 * 10. When the far end closes, PEER_CLOSED comes and WRITABLE goes; neither
 *     POLLOUT nor POLLHUP asks for PEER_CLOSED, but POLLIN does.
 *
 * How: a port is a pipe, whose records are the packets. So any thread, and a
 * signal handler too, may queue one without a lock, and Linux keeps the order.
 * zx_port_wait() asks poll(2) about the pipe and the descriptors of all waits,
 * writes the packets that are due, and reads the first one.
 *
 * Where it is less than a kernel:
 *
 *  - It learns what has happened on a descriptor only when a wait begins, and
 *    in zx_port_wait(). What became ready in between is queued in the order of
 *    the waits; a signal that went and came back is no edge.
 *  - With ZX_TIME_INFINITE_PAST it does not ask: it gives what it knew.
 *  - Each share in a descriptor has a handle of its own, and is a duplicate of
 *    it, with a high number.
 *  - Rights, timestamps and objects other than ports and descriptors do not
 *    exist. There is room for some 20,000 packets and as many waits, and for
 *    10,000 shares at a time.
 *
 * It asks for no memory, which would be the program's. The chapters' tests
 * stand between a back end and the system; so they do here, between the model
 * and Linux, where a kernel would sleep, look at its clock, or have no room.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <lib/fdio/unsafe.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include <zircon/syscalls.h>

enum { MOST = 20000, PORTS = 64, QUEUE_BYTES = 1 << 20 };

/* What fdio means by these: a connection may be accepted; connect() is done. */
#define INCOMING ZX_USER_SIGNAL_0
#define OUTGOING ZX_USER_SIGNAL_1
#define CONNECTED ZX_USER_SIGNAL_3

/* A record that is no packet: it ends a sleep in which others had no part. */
#define ROUSE UINT32_MAX

/* What a descriptor stands for: here, its duplicate, at its number's place. */
struct fdio {
    bool open;
    uint32_t serial; /* of the handle: none is used again soon */
};

/* From zx_object_wait_async() until its packet has been taken. */
typedef struct Wait {
    struct Wait *next; /* in its port's list, or in that of the free ones */
    int descriptor;    /* -1 if its handle was closed with the packet queued */
    uint64_t key;
    zx_signals_t signals;
    zx_signals_t there; /* at the last look: what stays is no news */
    uint32_t serial;    /* a record with another one is of an earlier wait */
    bool queued;
    bool loud; /* poll(2) speaks up for it, with nothing that it waits for */
} Wait;

typedef struct Port {
    atomic_bool open;
    atomic_int sleepers;
    int pipe[2];
    Wait *waits; /* in the order in which they began */
} Port;

/* Guards all but the pipes' contents, `open` and `sleepers`. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static Port ports[PORTS];
static fdio_t ios[MOST];
static Wait waits[MOST];
static int waits_used;
static Wait *free_waits;

/* --- Where the tests step in --------------------------------------------- */

/* Of the tests' script, if the program has one. */
int __wrap_poll(struct pollfd *entries, nfds_t count, int timeout_ms)
    __attribute__((weak));
int __wrap_clock_gettime(clockid_t clock, struct timespec *time_out)
    __attribute__((weak));
int __wrap_pipe(int ends[2]) __attribute__((weak));
int __wrap_fcntl(int descriptor, int command, ...) __attribute__((weak));

#define SCRIPTED(name, ...)                                                    \
    (__wrap_##name != NULL ? __wrap_##name(__VA_ARGS__) : name(__VA_ARGS__))

/* --- Handles ------------------------------------------------------------- */

/* Of a port: its place. Of a descriptor: its number and how often it was. */
enum { NUMBER_BITS = 15, FIRST_PORT = 1 };
#define OF_DESCRIPTOR ((zx_handle_t)1u << 31)

static Port *to_port(zx_handle_t handle) {
    zx_handle_t place = handle - FIRST_PORT;
    return place < PORTS && atomic_load(&ports[place].open) ? &ports[place]
                                                            : NULL;
}

static zx_handle_t of_io(const fdio_t *io) {
    return OF_DESCRIPTOR |
           ((io->serial << NUMBER_BITS | (uint32_t)(io - ios)) & INT32_MAX);
}

/* Returns the number of the duplicate, or -1. */
static int to_descriptor(zx_handle_t handle) {
    int number = (int)(handle & ((1u << NUMBER_BITS) - 1));
    bool valid =
        number < MOST && ios[number].open && of_io(&ios[number]) == handle;
    return valid ? number : -1;
}

/* Tells apart handles that are something else from those that are nothing. */
static zx_status_t no_port(zx_handle_t handle) {
    return to_descriptor(handle) >= 0 ? ZX_ERR_WRONG_TYPE : ZX_ERR_BAD_HANDLE;
}

static zx_status_t to_status(int error) {
    switch (error) {
    case EMFILE:
    case ENFILE:
    case EAGAIN:
        return ZX_ERR_NO_RESOURCES;
    case ENOMEM:
        return ZX_ERR_NO_MEMORY;
    case EINVAL:
        return ZX_ERR_INVALID_ARGS;
    default:
        return ZX_ERR_INTERNAL;
    }
}

/* --- Signals of a descriptor --------------------------------------------- */

/*
 * A pipe is, always; a socket that listens is not. Asked without the C library,
 * whose functions the tests may stand in for.
 */
static bool is_connected(int descriptor) {
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    return syscall(SYS_getpeername, descriptor, &address, &length) == 0 ||
           errno != ENOTCONN;
}

static bool is_connecting(int descriptor) {
    struct tcp_info info;
    socklen_t length = sizeof info;
    return syscall(SYS_getsockopt, descriptor, IPPROTO_TCP, TCP_INFO, &info,
                   &length) == 0 &&
           info.tcpi_state == TCP_SYN_SENT;
}

static bool has_data(int descriptor) {
    int bytes = 0;
    return ioctl(descriptor, FIONREAD, &bytes) == 0 && bytes > 0;
}

static const short ALL_EVENTS = POLLIN | POLLOUT | POLLRDHUP;

/* What poll(2) says of a descriptor, in signals. */
static zx_signals_t to_signals(int descriptor, short revents) {
    bool closed = (revents & (POLLHUP | POLLERR)) != 0;
    bool ended = closed || (revents & POLLRDHUP) != 0;
    zx_signals_t signals = (closed ? ZX_SOCKET_PEER_CLOSED : 0u) |
                           (ended ? ZX_SOCKET_PEER_WRITE_DISABLED : 0u);
    bool in = (revents & POLLIN) != 0;
    bool out = (revents & POLLOUT) != 0;
    if (!is_connected(descriptor)) {
        return signals | (in ? INCOMING : 0u) | (out ? OUTGOING : 0u);
    }
    bool readable = in && (!ended || has_data(descriptor));
    return signals | OUTGOING | CONNECTED |
           (readable ? ZX_SOCKET_READABLE : 0u) |
           (out && !closed ? ZX_SOCKET_WRITABLE : 0u);
}

static zx_signals_t signals_now(int descriptor) {
    static const struct timespec at_once;
    struct pollfd entry = {.fd = descriptor, .events = ALL_EVENTS};
    int ready = ppoll(&entry, 1, &at_once, NULL);
    return to_signals(descriptor, ready > 0 ? entry.revents : 0);
}

/* --- fdio ---------------------------------------------------------------- */

/*
 * A duplicate with a high number, out of the program's way: a share costs none
 * of the descriptors that the program may have. Called with the lock.
 */
static int duplicate_out_of_the_way(int descriptor) {
    struct rlimit limit;
    prlimit(0, RLIMIT_NOFILE, NULL, &limit);
    struct rlimit raised = {limit.rlim_max, limit.rlim_max};
    rlim_t from = (limit.rlim_max < MOST ? limit.rlim_max : MOST) / 2;
    prlimit(0, RLIMIT_NOFILE, &raised, NULL);
    int duplicate = (int)syscall(SYS_fcntl, descriptor, F_DUPFD_CLOEXEC, from);
    prlimit(0, RLIMIT_NOFILE, &limit, NULL);
    if (duplicate >= MOST) {
        close(duplicate);
        duplicate = -1;
    }
    return duplicate;
}

fdio_t *fdio_unsafe_fd_to_io(int descriptor) {
    fdio_t *io = NULL;
    pthread_mutex_lock(&lock);
    int duplicate = duplicate_out_of_the_way(descriptor);
    if (duplicate >= 0) {
        io = &ios[duplicate];
        io->open = true;
        io->serial += 1;
    }
    pthread_mutex_unlock(&lock);
    return io;
}

/* A file, a folder and /dev/null have no handle that could be waited for. */
static bool can_be_waited_for(int descriptor) {
    struct stat status;
    if (fstat(descriptor, &status) < 0) {
        return false;
    }
    mode_t mode = status.st_mode;
    return !S_ISREG(mode) && !S_ISDIR(mode) && !S_ISBLK(mode) &&
           (!S_ISCHR(mode) || isatty(descriptor));
}

void fdio_unsafe_wait_begin(fdio_t *io, uint32_t events,
                            zx_handle_t *handle_out,
                            zx_signals_t *signals_out) {
    int descriptor = (int)(io - ios);
    bool connected = is_connected(descriptor);
    *signals_out = ZX_SIGNAL_NONE;
    *handle_out = ZX_HANDLE_INVALID;
    if (!can_be_waited_for(descriptor)) {
        return;
    }
    if ((events & POLLIN) != 0) {
        *signals_out |= connected ? ZX_SOCKET_READABLE : INCOMING;
        *signals_out |= is_connecting(descriptor) ? ZX_SOCKET_READABLE : 0u;
    }
    if ((events & POLLOUT) != 0) {
        *signals_out |= ZX_SOCKET_WRITE_DISABLED;
        *signals_out |= connected ? ZX_SOCKET_WRITABLE : OUTGOING;
    }
    if ((events & (POLLIN | POLLRDHUP)) != 0) {
        *signals_out |= ZX_SOCKET_PEER_CLOSED | ZX_SOCKET_PEER_WRITE_DISABLED;
    }
    *handle_out = of_io(io);
}

void fdio_unsafe_wait_end(fdio_t *io, zx_signals_t signals,
                          uint32_t *events_out) {
    bool connected = is_connected((int)(io - ios));
    zx_signals_t in = connected ? ZX_SOCKET_READABLE : INCOMING;
    zx_signals_t out = connected ? ZX_SOCKET_WRITABLE : OUTGOING;
    zx_signals_t end = ZX_SOCKET_PEER_CLOSED | ZX_SOCKET_PEER_WRITE_DISABLED;
    *events_out =
        ((signals & (in | end)) != 0 ? POLLIN : 0u) |
        ((signals & (out | ZX_SOCKET_WRITE_DISABLED)) != 0 ? POLLOUT : 0u) |
        ((signals & end) != 0 ? POLLRDHUP : 0u);
}

/* --- Waits --------------------------------------------------------------- */

static Wait *wait_new(void) {
    Wait *wait = free_waits;
    if (wait != NULL) {
        free_waits = wait->next;
    } else if (waits_used < MOST) {
        wait = &waits[waits_used++];
    }
    return wait;
}

static void wait_free(Wait *wait) {
    wait->serial += 1;
    wait->next = free_waits;
    free_waits = wait;
}

/* Ends the waits that match, in one list. Returns how many. */
static int end_waits(Port *port, int descriptor, const uint64_t *key,
                     bool *queued_out) {
    int ended = 0;
    *queued_out = false;
    Wait **at = &port->waits;
    while (*at != NULL) {
        Wait *wait = *at;
        bool matches = wait->descriptor == descriptor &&
                       (key == NULL || wait->key == *key);
        if (!matches) {
            at = &wait->next;
        } else if (key == NULL && wait->queued) {
            wait->descriptor = -1; /* the handle closes; the packet stays */
            at = &wait->next;
        } else {
            *at = wait->next;
            *queued_out |= wait->queued;
            wait_free(wait);
            ended += 1;
        }
    }
    return ended;
}

/* --- Packets ------------------------------------------------------------- */

/* One record: shorter than PIPE_BUF, so whole or not at all. */
static zx_status_t put(const Port *port, const zx_port_packet_t *record) {
    ssize_t written = write(port->pipe[1], record, sizeof *record);
    return written == (ssize_t)sizeof *record ? ZX_OK : to_status(errno);
}

/* A wait's record names it, where the kernel's packet has a reserved field. */
static void put_packet(const Port *port, Wait *wait, zx_signals_t observed) {
    zx_port_packet_t record = {
        .key = wait->key,
        .type = ZX_PKT_TYPE_SIGNAL_ONE,
        .signal = {.trigger = wait->signals,
                   .observed = observed,
                   .count = 1,
                   .reserved1 =
                       (uint64_t)wait->serial << 32 | (uint64_t)(wait - waits)},
    };
    wait->queued = put(port, &record) == ZX_OK;
}

/* Queues a packet if there is news. */
static void look_at(const Port *port, Wait *wait, zx_signals_t now) {
    zx_signals_t news = now & wait->signals & ~wait->there;
    wait->there = now & wait->signals;
    if (news != 0) {
        put_packet(port, wait, now);
        wait->there &= wait->queued ? wait->there : ZX_SIGNAL_NONE;
    }
}

static Wait *of_record(const zx_port_packet_t *record) {
    return &waits[(uint32_t)record->signal.reserved1];
}

/* Whether a record is a packet still: the wait may have been cancelled. */
static bool is_valid(const zx_port_packet_t *record) {
    return record->type == ZX_PKT_TYPE_SIGNAL_ONE
               ? of_record(record)->serial == record->signal.reserved1 >> 32
               : record->type != ROUSE;
}

/* Its packet has been taken. */
static void end_wait(Port *port, Wait *wait) {
    Wait **at = &port->waits;
    while (*at != wait) {
        at = &(*at)->next;
    }
    *at = wait->next;
    wait_free(wait);
}

/* Takes the first packet, if there is one. */
static bool take(Port *port, zx_port_packet_t *packet_out) {
    zx_port_packet_t record;
    struct iovec bytes = {&record, sizeof record};
    while (readv(port->pipe[0], &bytes, 1) == (ssize_t)sizeof record) {
        if (!is_valid(&record)) {
            continue;
        }
        if (record.type == ZX_PKT_TYPE_SIGNAL_ONE) {
            end_wait(port, of_record(&record));
            record.signal.reserved1 = 0;
        }
        *packet_out = record;
        return true;
    }
    return false;
}

/* Removes the records of waits that have been cancelled. */
static void clean_queue(const Port *port) {
    zx_port_packet_t record;
    struct iovec bytes = {&record, sizeof record};
    int count = 0;
    (void)ioctl(port->pipe[0], FIONREAD, &count);
    for (count /= (int)sizeof record; count > 0; count--) {
        (void)!readv(port->pipe[0], &bytes, 1);
        if (is_valid(&record)) {
            (void)put(port, &record);
        }
    }
}

void fdio_unsafe_release(fdio_t *io) {
    int descriptor = (int)(io - ios);
    pthread_mutex_lock(&lock);
    for (Port *port = ports; port < ports + PORTS; port++) {
        bool queued;
        (void)end_waits(port, descriptor, NULL, &queued);
    }
    io->open = false;
    close(descriptor);
    pthread_mutex_unlock(&lock);
}

/* --- Sleeping ------------------------------------------------------------ */

/* What poll(2) is asked, and on behalf of which waits. */
typedef struct Question {
    struct pollfd entries[MOST + 1]; /* the first is the port's pipe */
    struct {
        Wait *wait;
        uint32_t serial;
    } of[MOST + 1];
    size_t count;
    bool has_loud;
} Question;

static void make_question(const Port *port, Question *question) {
    question->count = 1;
    question->has_loud = false;
    question->entries[0] =
        (struct pollfd){.fd = port->pipe[0], .events = POLLIN};
    for (Wait *wait = port->waits; wait != NULL; wait = wait->next) {
        if (wait->queued) {
            continue;
        }
        size_t i = question->count++;
        bool in = (wait->signals & (ZX_SOCKET_READABLE | INCOMING)) != 0;
        bool out = (wait->signals & (ZX_SOCKET_WRITABLE | OUTGOING)) != 0;
        bool end = (wait->signals & ZX_SOCKET_PEER_WRITE_DISABLED) != 0;
        question->entries[i] = (struct pollfd){
            .fd = wait->loud ? -1 : wait->descriptor,
            .events = (short)((in ? POLLIN : 0) | (out ? POLLOUT : 0) |
                              (end ? POLLRDHUP : 0)),
        };
        question->of[i].wait = wait;
        question->of[i].serial = wait->serial;
        question->has_loud |= wait->loud;
    }
}

/* Looks again at each wait of which poll(2) had something to say. */
static void use_answer(const Port *port, const Question *question) {
    for (size_t i = 1; i < question->count; i++) {
        Wait *wait = question->of[i].wait;
        bool spoken_of =
            question->entries[i].fd < 0 || question->entries[i].revents != 0;
        if (wait->serial != question->of[i].serial || wait->queued) {
            continue;
        }
        if (spoken_of) {
            look_at(port, wait, signals_now(wait->descriptor));
        } else {
            wait->there = ZX_SIGNAL_NONE;
        }
        wait->loud = spoken_of && !wait->queued;
    }
}

/* Rounded up: a deadline is never early. Those that are loud have no bell. */
static int ms_until(zx_time_t deadline, bool has_loud) {
    const int most = has_loud ? 10 : INT_MAX;
    struct timespec now;
    if (deadline == ZX_TIME_INFINITE) {
        return has_loud ? most : -1;
    }
    SCRIPTED(clock_gettime, CLOCK_MONOTONIC, &now);
    int64_t now_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    int64_t left_ns = deadline > now_ns ? deadline - now_ns : 0;
    int64_t left_ms = left_ns / 1000000 + (left_ns % 1000000 != 0);
    return left_ms < most ? (int)left_ms : most;
}

/* Called with the lock, which is free during the sleep. */
static int sleep_in_poll(Port *port, zx_time_t deadline, Question *question) {
    make_question(port, question);
    int timeout_ms = ms_until(deadline, question->has_loud);
    atomic_fetch_add(&port->sleepers, 1);
    pthread_mutex_unlock(&lock);
    int ready =
        SCRIPTED(poll, question->entries, (nfds_t)question->count, timeout_ms);
    int error = errno;
    pthread_mutex_lock(&lock);
    atomic_fetch_sub(&port->sleepers, 1);
    if (ready >= 0) {
        use_answer(port, question);
    }
    return ready < 0 ? -error : ready;
}

/* --- The system calls ---------------------------------------------------- */

static int set_up(const int pipe_ends[2]) {
    for (int i = 0; i < 2; i++) {
        if (SCRIPTED(fcntl, pipe_ends[i], F_SETFL, O_NONBLOCK) < 0 ||
            SCRIPTED(fcntl, pipe_ends[i], F_SETFD, FD_CLOEXEC) < 0) {
            return -1;
        }
    }
    return SCRIPTED(fcntl, pipe_ends[1], F_SETPIPE_SZ, QUEUE_BYTES);
}

static zx_status_t open_port(Port *port) {
    if (SCRIPTED(pipe, port->pipe) < 0) {
        return to_status(errno);
    }
    if (set_up(port->pipe) < 0) {
        int error = errno;
        close(port->pipe[0]);
        close(port->pipe[1]);
        return to_status(error);
    }
    port->waits = NULL;
    atomic_store(&port->open, true);
    return ZX_OK;
}

zx_status_t zx_port_create(uint32_t options, zx_handle_t *out) {
    if (options != 0 || out == NULL) {
        return ZX_ERR_INVALID_ARGS;
    }
    pthread_mutex_lock(&lock);
    zx_status_t status = ZX_ERR_NO_RESOURCES;
    for (zx_handle_t i = 0; i < PORTS; i++) {
        if (!atomic_load(&ports[i].open)) {
            status = open_port(&ports[i]);
            *out = status == ZX_OK ? i + FIRST_PORT : *out;
            break;
        }
    }
    pthread_mutex_unlock(&lock);
    return status;
}

/* Only ports can be closed: a descriptor's handle belongs to fdio. */
zx_status_t zx_handle_close(zx_handle_t handle) {
    pthread_mutex_lock(&lock);
    Port *port = to_port(handle);
    zx_status_t status = port != NULL ? ZX_OK : no_port(handle);
    if (port != NULL) {
        atomic_store(&port->open, false);
        while (port->waits != NULL) {
            Wait *wait = port->waits;
            port->waits = wait->next;
            wait_free(wait);
        }
        close(port->pipe[0]);
        close(port->pipe[1]);
    }
    pthread_mutex_unlock(&lock);
    return status;
}

/* Without the lock: a signal handler may have interrupted who holds it. */
zx_status_t zx_port_queue(zx_handle_t handle, const zx_port_packet_t *packet) {
    int error = errno;
    const Port *port = to_port(handle);
    if (port == NULL) {
        return ZX_ERR_BAD_HANDLE;
    }
    zx_port_packet_t record = *packet;
    record.type = ZX_PKT_TYPE_USER;
    zx_status_t status = put(port, &record);
    errno = error;
    return status;
}

static zx_status_t begin_wait(Port *port, int descriptor, uint64_t key,
                              zx_signals_t signals, bool edge) {
    Wait *wait = wait_new();
    if (wait == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    zx_signals_t now = signals_now(descriptor);
    *wait = (Wait){.descriptor = descriptor,
                   .key = key,
                   .signals = signals,
                   .there = edge ? now & signals : ZX_SIGNAL_NONE,
                   .serial = wait->serial};
    Wait **at = &port->waits;
    while (*at != NULL) {
        at = &(*at)->next;
    }
    *at = wait;
    look_at(port, wait, now);
    wait->loud = edge && wait->there != 0;
    if (atomic_load(&port->sleepers) > 0) {
        (void)put(port, &(zx_port_packet_t){.type = ROUSE});
    }
    return ZX_OK;
}

zx_status_t zx_object_wait_async(zx_handle_t handle, zx_handle_t port_handle,
                                 uint64_t key, zx_signals_t signals,
                                 uint32_t options) {
    if ((options & ~(ZX_WAIT_ASYNC_TIMESTAMP | ZX_WAIT_ASYNC_EDGE)) != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    pthread_mutex_lock(&lock);
    Port *port = to_port(port_handle);
    int descriptor = to_descriptor(handle);
    zx_status_t status =
        to_port(handle) != NULL ? ZX_ERR_NOT_SUPPORTED /* it has no signals */
        : descriptor < 0        ? ZX_ERR_BAD_HANDLE
        : port == NULL          ? no_port(port_handle)
                                : begin_wait(port, descriptor, key, signals,
                                             (options & ZX_WAIT_ASYNC_EDGE) != 0);
    pthread_mutex_unlock(&lock);
    return status;
}

zx_status_t zx_port_cancel(zx_handle_t handle, zx_handle_t source,
                           uint64_t key) {
    pthread_mutex_lock(&lock);
    Port *port = to_port(handle);
    int descriptor = to_descriptor(source);
    bool queued = false;
    zx_status_t status = port == NULL     ? no_port(handle)
                         : descriptor < 0 ? ZX_ERR_BAD_HANDLE
                         : end_waits(port, descriptor, &key, &queued) > 0
                             ? ZX_OK
                             : ZX_ERR_NOT_FOUND;
    if (queued) {
        clean_queue(port);
    }
    pthread_mutex_unlock(&lock);
    return status;
}

zx_status_t zx_port_wait(zx_handle_t handle, zx_time_t deadline,
                         zx_port_packet_t *packet) {
    Question question;
    pthread_mutex_lock(&lock);
    Port *port = to_port(handle);
    zx_status_t status = port == NULL ? no_port(handle) : ZX_ERR_TIMED_OUT;
    bool over = port == NULL;
    while (!over) {
        bool looks = deadline != ZX_TIME_INFINITE_PAST;
        int ready = looks ? sleep_in_poll(port, deadline, &question) : 0;
        over = !looks || (ready == 0 && ms_until(deadline, false) == 0);
        if (ready < 0 && ready != -EINTR) {
            status = to_status(-ready);
            over = true;
        } else if (ready != -EINTR && take(port, packet)) {
            status = ZX_OK;
            over = true;
        }
    }
    pthread_mutex_unlock(&lock);
    return status;
}
