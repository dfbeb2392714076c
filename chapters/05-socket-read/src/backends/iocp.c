/*
 * Windows: IO completion ports.
 *
 * This kernel does not say that a read would not wait (readiness). It takes
 * the read, carries it out, and then says so (completion): an operation is
 * lent memory when it begins, and a packet in the port tells its end. A port
 * is a queue of such packets; a wait takes out a batch.
 *
 * Readiness is got all the same. Under the sockets lies \Device\Afd, and among
 * its operations is a poll: one that ends when a socket is ready. select() is
 * made of it. So is this back end, and so are mio, wepoll and libuv's uv_poll.
 *
 * - A poll tells once and is over. The levels that we owe are made by starting
 *   it again: not at once but before the next wait, since by then the signal
 *   may be wanted no more. So each report costs a second call.
 * - A socket has one poll under way, never two, or it would be reported twice.
 *   To poll for something else, the one that is under way is cancelled, and
 *   its packet awaited before the next is started.
 * - While a poll is under way its memory is the kernel's, until its packet has
 *   come: also when it was cancelled, also when its socket was closed. Freed
 *   before, it is written to when it is in other use. So operations live as
 *   long as the back end, and backend_free() waits for the last packet.
 * - When a poll is cancelled its packet may be in the port already. It is out
 *   of date, and may be that of a socket whose number has been used again:
 *   thrown away. The poll that follows looks at the level anyhow.
 * - A socket that is closed ends its poll, with a report. Its number may be
 *   another's by now, so that poll is not started again.
 * - That no more data will come, a reset and a refusal are signals of their
 *   own here, and are told only if asked for: so each poll asks for them.
 *   (Wine tells the first only when all data have been read, Windows at once.)
 *
 * A socket may be wrapped by layers that other programs installed: the driver
 * wants what is beneath (SIO_BASE_HANDLE). Some layers break that question, but
 * still say which socket is to be polled for them (SIO_BSP_HANDLE_POLL), one
 * layer below, and that is asked in turn. The driver polls nothing but sockets.
 *
 * The wake-up is a packet of our own, without an operation. It is put into the
 * port only if none is there: a hundred would end the next hundred waits.
 */
#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "backend.h"
#include "clock.h"
#include "deadline.h"
#include "platform_windows.h"

/* After winsock2.h, which platform_windows.h has included. */
#include <mswsock.h>
#include <winternl.h>

/* The driver's words. Microsoft lists them nowhere; they have never changed. */
enum {
    AFD_POLL = 0x12024,
    AFD_RECEIVE = 0x1,
    AFD_SEND = 0x4,
    AFD_DISCONNECT = 0x8,
    AFD_ABORT = 0x10,
    AFD_LOCAL_CLOSE = 0x20,
    AFD_ACCEPT = 0x80,
    AFD_CONNECT_FAIL = 0x100,
    AFD_READABLE = AFD_RECEIVE | AFD_DISCONNECT | AFD_ACCEPT,
    AFD_WRITABLE = AFD_SEND,
    AFD_BOTH = AFD_ABORT | AFD_LOCAL_CLOSE | AFD_CONNECT_FAIL
};

/* STATUS_CANCELLED; if not by us, the thread that started it has ended. */
#define ENDED_BY_KERNEL ((NTSTATUS)0xC0000120)

/* The question, in whose place the answer comes. */
typedef struct AfdPoll {
    LARGE_INTEGER timeout;
    ULONG count;
    ULONG exclusive;
    struct {
        HANDLE handle;
        ULONG events;
        NTSTATUS status;
    } sockets[1];
} AfdPoll;

//! [operation]
/*
 *            1              2                 5
 *     IDLE -----> LISTED ------> UNDER_WAY ------> CANCELLED
 *       ^          |  ^              |                 |
 *       |    3     |  |      4       v        6        v
 *       +----------+  +--------------+-----------------+
 *
 *   1  backend_arm()   something is armed: a poll is to be started
 *   2  start()         the kernel polls, in memory of ours
 *   3  start()         nothing is armed any more, or the socket is gone
 *   4  finish()        its packet has come, and is reported
 *   5  cancel()        it is to poll for more, or not at all
 *   6  finish()        its packet has come, and is thrown away
 */
typedef enum State { IDLE, LISTED, UNDER_WAY, CANCELLED } State;

/* The poll of a socket, over and over. */
typedef struct Operation {
    IO_STATUS_BLOCK status; /* the kernel's while UNDER_WAY or CANCELLED; */
    AfdPoll poll;           /* this, too */
    State state;
    Signals armed;
    Signals polled; /* what it was started with */
    uint32_t generation;
    IoObject object;
    SOCKET base;
    struct Operation *next; /* while LISTED */
} Operation;
//! [operation]

struct Backend {
    HANDLE port;
    HANDLE afd;
    Operation **operations; /* by the number of the object */
    size_t capacity;
    Operation *first; /* of those to be started, */
    Operation **end;  /* in the order in which they came */
    size_t cancelled; /* how many are; their packets will come */
    atomic_bool called;
    OVERLAPPED_ENTRY packets[IO_BLOCKER_BATCH];
};

static ULONG to_afd(Signals signals) {
    return AFD_BOTH | ((signals & SIGNAL_READABLE) != 0 ? AFD_READABLE : 0u) |
           ((signals & SIGNAL_WRITABLE) != 0 ? AFD_WRITABLE : 0u);
}

static Signals from_afd(ULONG events) {
    if ((events & AFD_BOTH) != 0) {
        return SIGNAL_READABLE | SIGNAL_WRITABLE;
    }
    return ((events & AFD_READABLE) != 0 ? SIGNAL_READABLE : 0u) |
           ((events & AFD_WRITABLE) != 0 ? SIGNAL_WRITABLE : 0u);
}

static int from_status(NTSTATUS status) {
    return NT_SUCCESS(status)
               ? 0
               : -platform_errno((int)RtlNtStatusToDosError(status));
}

/* What follows the device's name is any name. */
static int open_afd(HANDLE *afd_out) {
    static wchar_t path[] = L"\\Device\\Afd\\IoBlocker";
    UNICODE_STRING name = {.Length = sizeof path - sizeof *path,
                           .MaximumLength = sizeof path,
                           .Buffer = path};
    OBJECT_ATTRIBUTES attributes = {.Length = sizeof attributes,
                                    .ObjectName = &name};
    IO_STATUS_BLOCK status;
    return from_status(NtCreateFile(afd_out, SYNCHRONIZE, &attributes, &status,
                                    NULL, 0, FILE_SHARE_READ | FILE_SHARE_WRITE,
                                    FILE_OPEN, 0, NULL, 0));
}

static int open_handles(Backend *backend) {
    int result = open_afd(&backend->afd);
    if (result != 0) {
        return result;
    }
    backend->port = CreateIoCompletionPort(backend->afd, NULL, 0, 0);
    if (backend->port == NULL) {
        result = -platform_errno((int)GetLastError());
        CloseHandle(backend->afd);
    }
    return result;
}

int backend_new(Backend **backend_out) {
    Backend *backend = calloc(1, sizeof *backend);
    if (backend == NULL) {
        return -ENOMEM;
    }
    int result = open_handles(backend);
    if (result != 0) {
        free(backend);
        return result;
    }
    backend->end = &backend->first;
    *backend_out = backend;
    return 0;
}

static void list(Backend *backend, Operation *operation) {
    operation->state = LISTED;
    operation->next = NULL;
    *backend->end = operation;
    backend->end = &operation->next;
}

/*
 * That it has ended by itself meanwhile (ERROR_NOT_FOUND) does no harm: its
 * packet is in the port. If it cannot be cancelled it stays UNDER_WAY: a
 * packet that does not come must not be waited for.
 */
static int cancel(Backend *backend, Operation *operation) {
    if (!CancelIoEx(backend->afd, (OVERLAPPED *)&operation->status) &&
        GetLastError() != ERROR_NOT_FOUND) {
        return -platform_errno((int)GetLastError());
    }
    operation->state = CANCELLED;
    backend->cancelled += 1;
    return 0;
}

//! [finish]
/* Its packet has come. Returns the signals to report, or 0. */
static Signals finish(Backend *backend, Operation *operation) {
    State before = operation->state;
    NTSTATUS status = operation->status.Status;
    list(backend, operation);
    if (before == CANCELLED) {
        backend->cancelled -= 1;
        return 0;
    }
    if (status == ENDED_BY_KERNEL || operation->poll.count == 0) {
        return 0;
    }
    ULONG events =
        NT_SUCCESS(status) ? operation->poll.sockets[0].events : AFD_ABORT;
    if ((events & AFD_LOCAL_CLOSE) != 0) {
        operation->armed = 0;
    }
    return from_afd(events);
}
//! [finish]

//! [dequeue]
/* The packet's operation; NULL for a wake-up. */
static Operation *operation_of(const OVERLAPPED_ENTRY *packet) {
    return (Operation *)packet->lpOverlapped;
}

/*
 * The packet of a cancelled poll is waited for, however near the deadline: it
 * is sure to come, and what the next poll finds must not be missed. -1 is
 * INFINITE.
 */
static int dequeue(Backend *backend, uint64_t deadline_ns, size_t capacity) {
    int ms = backend->cancelled > 0 ? -1 : deadline_ms_left(deadline_ns);
    ULONG packets = 0;
    if (!GetQueuedCompletionStatusEx(backend->port, backend->packets,
                                     (ULONG)capacity, &packets, (DWORD)ms,
                                     FALSE)) {
        DWORD error = GetLastError();
        return error == WAIT_TIMEOUT ? 0 : -platform_errno((int)error);
    }
    return (int)packets;
}
//! [dequeue]

//! [free]
/* Until the kernel has given back all the memory that it was lent. */
static void drain(Backend *backend) {
    for (size_t i = 0; i < backend->capacity; i++) {
        Operation *operation = backend->operations[i];
        if (operation != NULL && operation->state == UNDER_WAY) {
            (void)cancel(backend, operation);
        }
    }
    while (backend->cancelled > 0) {
        int packets = dequeue(backend, DEADLINE_NEVER, IO_BLOCKER_BATCH);
        assert(packets > 0 && "the packet of a cancelled poll comes");
        for (int i = 0; i < packets; i++) {
            Operation *operation = operation_of(&backend->packets[i]);
            if (operation != NULL) {
                (void)finish(backend, operation);
            }
        }
    }
}

void backend_free(Backend *backend) {
    drain(backend);
    CloseHandle(backend->afd);
    CloseHandle(backend->port);
    for (size_t i = 0; i < backend->capacity; i++) {
        Operation *operation = backend->operations[i];
        if (operation != NULL && operation->state != UNDER_WAY) {
            free(operation); /* the others are the kernel's for good */
        }
    }
    free(backend->operations);
    free(backend);
}
//! [free]

/* Makes room for the object, and an operation for its number. */
static int reserve(Backend *backend, IoObject object) {
    size_t capacity = backend->capacity;
    if ((size_t)object >= capacity) {
        capacity = (size_t)object + (size_t)object / 2 + 64;
        Operation **grown = realloc(backend->operations,
                                    capacity * sizeof *backend->operations);
        if (grown == NULL) {
            return -ENOMEM;
        }
        for (; backend->capacity < capacity; backend->capacity++) {
            grown[backend->capacity] = NULL;
        }
        backend->operations = grown;
    }
    if (backend->operations[object] == NULL) {
        backend->operations[object] = calloc(1, sizeof(Operation));
    }
    return backend->operations[object] == NULL ? -ENOMEM : 0;
}

//! [base]
/* Asks a socket which one is beneath it. Returns whether it says one. */
static bool ask_for(SOCKET socket, DWORD question, SOCKET *beneath_out) {
    DWORD size;
    return WSAIoctl(socket, question, NULL, 0, beneath_out, sizeof *beneath_out,
                    &size, NULL, NULL) == 0;
}

/* Goes down until a layer knows the base; 0 or `-errno`. */
static int find_base(SOCKET socket, SOCKET *base_out) {
    while (!ask_for(socket, SIO_BASE_HANDLE, base_out)) {
        int error = WSAGetLastError();
        SOCKET beneath = socket;
        if (!ask_for(socket, SIO_BSP_HANDLE_POLL, &beneath) ||
            beneath == socket) {
            return -platform_errno(error);
        }
        socket = beneath;
    }
    return 0;
}
//! [base]

/* A number that is not armed may stand for a new socket. */
static int begin(Backend *backend, IoObject object, uint32_t generation) {
    SOCKET base;
    int result = platform_check_socket(object);
    if (result == 0) {
        result = find_base(platform_socket(object), &base);
    }
    if (result == 0) {
        result = reserve(backend, object);
    }
    if (result == 0) {
        backend->operations[object]->base = base;
        backend->operations[object]->object = object;
        backend->operations[object]->generation = generation;
    }
    return result;
}

//! [arm]
/*
 * A poll that is under way will do if it asks for more: what is not wanted of
 * its report is dropped. Not so if nothing is armed: then it is one that could
 * not be cancelled, and may be of another socket.
 */
int backend_arm(Backend *backend, IoObject object, uint32_t generation,
                Signals before, Signals after) {
    int result = before == 0 ? begin(backend, object, generation) : 0;
    if (result != 0) {
        return result;
    }
    Operation *operation = backend->operations[object];
    bool covered =
        before != 0 && after != 0 && (after & ~operation->polled) == 0;
    if (operation->state == UNDER_WAY && !covered) {
        result = cancel(backend, operation);
    }
    if (result != 0 && after != 0) {
        return result;
    }
    operation->armed = after;
    if (operation->state == IDLE && after != 0) {
        list(backend, operation);
    }
    return result;
}
//! [arm]

//! [wait]
/* Returns `-errno` if the system has no memory; it stays to be started. */
static int start(Backend *backend, Operation *operation) {
    operation->state = IDLE;
    if (operation->armed == 0) {
        return 0;
    }
    operation->poll = (AfdPoll){
        .timeout.QuadPart = INT64_MAX,
        .count = 1,
        .sockets[0].handle = (HANDLE)operation->base,
        .sockets[0].events = to_afd(operation->armed),
    };
    int result = from_status(NtDeviceIoControlFile(
        backend->afd, NULL, NULL, operation, &operation->status, AFD_POLL,
        &operation->poll, sizeof operation->poll, &operation->poll,
        sizeof operation->poll));
    if (result == -EBADF) {
        return 0;
    }
    operation->polled = operation->armed;
    operation->state = result == 0 ? UNDER_WAY : LISTED;
    return result;
}

static int start_listed(Backend *backend) {
    int result = 0;
    while (result == 0 && backend->first != NULL) {
        Operation *operation = backend->first;
        result = start(backend, operation);
        if (result == 0) {
            backend->first = operation->next;
        }
    }
    if (backend->first == NULL) {
        backend->end = &backend->first;
    }
    return result;
}

/* Turns packets into reports. Returns how many there are. */
static int collect(Backend *backend, int packets, Readiness *readiness_out,
                   bool *woken) {
    int count = 0;
    for (int i = 0; i < packets; i++) {
        Operation *operation = operation_of(&backend->packets[i]);
        if (operation == NULL) {
            atomic_exchange(&backend->called, false);
            *woken = true;
            continue;
        }
        Signals signals = finish(backend, operation);
        if (signals != 0) {
            readiness_out[count++] =
                (Readiness){.object = operation->object,
                            .generation = operation->generation,
                            .signals = signals};
        }
    }
    return count;
}

/* Packets that only say "cancelled" are no reason to return. */
int backend_wait(Backend *backend, uint64_t deadline_ns,
                 Readiness *readiness_out, size_t capacity, bool *woken) {
    int count = 0, packets;
    do {
        packets = start_listed(backend);
        if (packets == 0) {
            packets = dequeue(backend, deadline_ns, capacity);
        }
        count = collect(backend, packets, readiness_out, woken);
    } while (packets > 0 && count == 0 && !*woken);
    return packets < 0 ? packets : count;
}
//! [wait]

//! [wake]
/*
 * Both sides exchange. So a call that finds another one standing, and leaves
 * it at that, comes before the waiting thread takes that one down: what was
 * written before the call is seen after the wait.
 */
void backend_wake(Backend *backend) {
    if (!atomic_exchange(&backend->called, true) &&
        !PostQueuedCompletionStatus(backend->port, 0, 0, NULL)) {
        atomic_store(&backend->called, false); /* so that the next one tries */
    }
}
//! [wake]
