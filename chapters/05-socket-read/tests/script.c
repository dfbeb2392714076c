#include "script.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend.h"
#include "clock.h"
#include "executor.h"
#include "mailbox.h"
#include "platform.h"
#include "probe.h"

Script script = {.batches_left = 20000, .traced_object = -1};

Scripted script_malloc, script_calloc, script_realloc;
Scripted script_read, script_pipe, script_fcntl, script_poll;
Scripted script_eventfd, script_epoll_create1, script_epoll_ctl,
    script_epoll_wait;
Scripted script_kqueue, script_kevent, script_kevent_changes;
Scripted script_create_port, script_open_afd, script_afd_poll, script_cancel,
    script_dequeue, script_post;
int script_polls, script_polls_in_lent_memory;
Scripted script_send, script_socket, script_bind, script_listen;
Scripted script_accept, script_connect, script_getsockopt, script_getpeername;
Scripted script_getrlimit, script_setrlimit, script_pthread_create,
    script_mutex_init;
int script_timeouts[SCRIPT_TIMEOUTS];
uint64_t script_clock_ns = 1000 * NS_PER_S;
uint64_t script_wait_takes_ns;
void (*script_before_wait)(void);

static bool real_time;
static int interruptions;
static uint64_t interrupted_after_ns;

/* Guards what threads tell each other here; `changed` says that they did. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

/* Twice what any test here needs. */
enum { WAIT_BUDGET = 250000 };

void script_fail(Scripted *call, int nth, int error) {
    call->fail_in = nth;
    call->error = error;
}

void script_fail_always(Scripted *call, int error) {
    script_fail(call, -1, error);
}

void script_fail_wait(int nth, int error) {
    script_fail(&script_epoll_wait, nth, error);
    script_fail(&script_poll, nth, error);
    script_fail(&script_kevent, nth, error);
    script_fail(&script_dequeue, nth, error);
}

int script_waits(void) {
    return script_epoll_wait.calls + script_poll.calls + script_kevent.calls +
           script_dequeue.calls;
}

int script_controls(void) {
    return script_epoll_ctl.calls + script_kevent_changes.calls;
}

int script_allocations(void) {
    return script_malloc.calls + script_calloc.calls + script_realloc.calls;
}

void script_interrupt(int times, uint64_t after_ns) {
    interruptions = times;
    interrupted_after_ns = after_ns;
}

void script_use_real_time(void) {
    real_time = true;
}

bool script_fails(Scripted *call) {
    call->calls += 1;
    if (call->fail_in == 0) {
        return false;
    }
    if (call->fail_in > 0 && --call->fail_in > 0) {
        return false;
    }
    errno = call->error;
    return true;
}

static void fire(Cue *cue) {
    Cue now = *cue;
    if (now.act != NULL && now.skip > 0) {
        cue->skip -= 1;
    } else if (now.act != NULL) {
        *cue = (Cue){0};
        now.act(now.argument);
    }
}

/* --- Memory ------------------------------------------------------------- */

/*
 * A block has a header; when it is freed it may be kept in a list. The paint
 * is chosen so that a late wake-up of a painted task finds it completed and
 * shows nevertheless, because it sets a bit. What is fresh is not zero either.
 */
enum { PAINT = 0xDA, FRESH = 0xA5 };

typedef union Block {
    struct {
        size_t size;
        bool freed;
        union Block *next;
    } is;
    max_align_t align;
} Block;

static Block *freed_blocks; /* under the lock */

/* What Windows has been lent, and has not given back yet; see there. */
static const void *lent[16384];

static void assert_not_lent(const void *memory) {
    for (int i = 0; i < script_polls; i++) {
        cr_assert(lent[i] != memory,
                  "Memory is freed while the poll that was started in it is "
                  "under way: the kernel will write to it. Cancelling is not "
                  "the end of a poll, its packet is.");
    }
}

void *__real_malloc(size_t size);
void *__real_realloc(void *memory, size_t size);
void __real_free(void *memory);

/* Whether the allocation that begins now is refused. */
static bool refused(Scripted *call) {
    bool failed = script_fails(call);
    atomic_fetch_add(&script.allocations, 1);
    if (script.refuse_allocation > 0 && --script.refuse_allocation == 0) {
        failed = true;
    }
    if (failed) {
        errno = ENOMEM;
    }
    return failed;
}

static void *allocate(size_t size) {
    Block *block = __real_malloc(sizeof *block + size);
    if (block == NULL) {
        return NULL;
    }
    *block = (Block){.is = {.size = size}};
    memset(block + 1, FRESH, size);
    atomic_fetch_add(&script.live_blocks, 1);
    atomic_fetch_add(&script.live_bytes, (long)size);
    return block + 1;
}

void *__wrap_malloc(size_t size) {
    return refused(&script_malloc) ? NULL : allocate(size);
}

void *__wrap_calloc(size_t count, size_t size) {
    void *memory = refused(&script_calloc) ? NULL : allocate(count * size);
    return memory == NULL ? NULL : memset(memory, 0, count * size);
}

void *__wrap_realloc(void *memory, size_t size) {
    if (refused(&script_realloc)) {
        return NULL;
    }
    if (memory == NULL) {
        return allocate(size);
    }
    Block *block = __real_realloc((Block *)memory - 1, sizeof *block + size);
    if (block == NULL) {
        return NULL;
    }
    atomic_fetch_add(&script.live_bytes, (long)size - (long)block->is.size);
    if (size > block->is.size) {
        memset((char *)(block + 1) + block->is.size, FRESH,
               size - block->is.size);
    }
    block->is.size = size;
    return block + 1;
}

void __wrap_free(void *memory) {
    if (memory == NULL) {
        return;
    }
    assert_not_lent(memory);
    Block *block = (Block *)memory - 1;
    if (block->is.freed) {
        atomic_fetch_add(&script.freed_twice, 1);
        return;
    }
    atomic_fetch_sub(&script.live_blocks, 1);
    atomic_fetch_sub(&script.live_bytes, (long)block->is.size);
    if (!script.keep_freed) {
        __real_free(block);
        return;
    }
    memset(memory, PAINT, block->is.size);
    pthread_mutex_lock(&lock);
    block->is.freed = true;
    block->is.next = freed_blocks;
    freed_blocks = block;
    pthread_mutex_unlock(&lock);
}

static bool paint_is_whole(const Block *block) {
    const unsigned char *bytes = (const unsigned char *)(block + 1);
    for (size_t i = 0; i < block->is.size; i++) {
        if (bytes[i] != PAINT) {
            return false;
        }
    }
    return true;
}

int script_used_after_free(void) {
    int used = atomic_load(&script.calls_into_freed);
    pthread_mutex_lock(&lock);
    for (Block *block = freed_blocks; block != NULL; block = block->is.next) {
        used += !paint_is_whole(block);
    }
    pthread_mutex_unlock(&lock);
    return used;
}

static bool is_in(const Block *block, const void *place) {
    uintptr_t from = (uintptr_t)(block + 1);
    uintptr_t at = (uintptr_t)place;
    return at >= from && at < from + block->is.size;
}

/* Notes a call that was given freed memory; the real one would run amok. */
static bool was_freed(const void *place) {
    bool freed = false;
    pthread_mutex_lock(&lock);
    for (Block *block = freed_blocks; block != NULL; block = block->is.next) {
        freed |= is_in(block, place);
    }
    pthread_mutex_unlock(&lock);
    atomic_fetch_add(&script.calls_into_freed, freed);
    return freed;
}

/* --- Time --------------------------------------------------------------- */

int __real_clock_gettime(clockid_t clock, struct timespec *time_out);

int __wrap_clock_gettime(clockid_t clock, struct timespec *time_out) {
    script.clock_reads += 1;
    if (real_time) {
        return __real_clock_gettime(clock, time_out);
    }
    time_out->tv_sec = (time_t)(script_clock_ns / NS_PER_S);
    time_out->tv_nsec = (long)(script_clock_ns % NS_PER_S);
    return 0;
}

/* --- Waiting ------------------------------------------------------------ */

bool script_wait_begins(Scripted *call, int timeout_ms) {
    int before = script_waits();
    cr_assert(before < WAIT_BUDGET,
              "The system has been asked to wait %d times, and the test has "
              "not come to an end.",
              before);
    if (before < SCRIPT_TIMEOUTS) {
        script_timeouts[before] = timeout_ms;
    }
    if (script_before_wait != NULL) {
        void (*hook)(void) = script_before_wait;
        script_before_wait = NULL;
        hook();
    }
    if (timeout_ms != 0) {
        script.parks += 1;
        fire(&script.before_park);
    }
    script_clock_ns += script_wait_takes_ns;
    bool failed = script_fails(call);
    if (!failed && interruptions > 0) {
        interruptions -= 1;
        script_clock_ns += interrupted_after_ns;
        errno = EINTR;
        failed = true;
    }
    return failed;
}

/*
 * What has been sent over TCP may be
 * under way for a moment; so a wait without an end gets a second of it.
 */
int script_real_timeout_ms(int timeout_ms) {
    if (real_time) {
        return timeout_ms;
    }
    return timeout_ms < 0 ? 1000 : 0;
}

static size_t tasks_pending(void) {
    Executor *executor = local_executor();
    return executor == NULL ? 0 : executor_pending_tasks(executor);
}

/* A wait without an end, and the system has nothing to report. */
static void fail_to_wake(void) {
    Executor *executor = local_executor();
    int notes = executor == NULL ? 0 : script_notes();
    cr_assert(notes <= 0,
              "The executor sleeps for ever with %d notes in its mailbox: it "
              "was not called for them (%zu tasks are pending).",
              notes, tasks_pending());
    cr_assert(executor == NULL,
              "The executor sleeps for ever: it has no note, the system has "
              "nothing to report, and %zu tasks are pending.",
              tasks_pending());
    cr_assert_fail("It sleeps for ever: the system has nothing to report, and "
                   "no thread is left that could wake it.");
}

void script_wait_ends(int ready, int timeout_ms) {
    script.reports += ready;
    if (ready != 0) {
        return;
    }
    if (timeout_ms < 0) {
        fail_to_wake();
    }
    script_clock_ns += (uint64_t)timeout_ms * NS_PER_MS;
}

/* Counting descriptors is no wait, although it asks with poll(2). */
static bool counting_descriptors;

int __real_descriptors_open(void);

int __wrap_descriptors_open(void) {
    counting_descriptors = true;
    int open = __real_descriptors_open();
    counting_descriptors = false;
    return open;
}

int __real_poll(struct pollfd *entries, nfds_t count, int timeout_ms);

int __wrap_poll(struct pollfd *entries, nfds_t count, int timeout_ms) {
    if (counting_descriptors) {
        return script_poll.fail_in < 0
                   ? -1
                   : __real_poll(entries, count, timeout_ms);
    }
    if (script_wait_begins(&script_poll, timeout_ms)) {
        return -1;
    }
    int ready = __real_poll(entries, count, script_real_timeout_ms(timeout_ms));
    script_wait_ends(ready, timeout_ms);
    return ready;
}

/* --- Descriptors -------------------------------------------------------- */

ssize_t __real_read(int descriptor, void *buffer, size_t capacity);
ssize_t __real_send(int descriptor, const void *bytes, size_t length,
                    int flags);
int __real_pipe(int ends[2]);
int __real_close(int descriptor);
int __real_fcntl(int descriptor, int command, ...);

static size_t at_most(size_t length, int limit) {
    return limit > 0 && length > (size_t)limit ? (size_t)limit : length;
}

/* A call on a descriptor that blocks would put the executor to sleep. */
static bool would_block(int descriptor) {
    int flags = __real_fcntl(descriptor, F_GETFL);
    bool blocks = flags >= 0 && (flags & O_NONBLOCK) == 0;
    if (blocks) {
        script.blocking_calls += 1;
        errno = EAGAIN;
    }
    return blocks;
}

/* A read that is repeated for ever. */
enum { READ_BUDGET = 1000000 };

ssize_t __wrap_read(int descriptor, void *buffer, size_t capacity) {
    cr_assert(script_read.calls < READ_BUDGET,
              "read() has been called %d times, and the test has not come to "
              "an end.",
              script_read.calls);
    if (script_fails(&script_read) || would_block(descriptor)) {
        return -1;
    }
    return __real_read(descriptor, buffer,
                       at_most(capacity, script.reads_give));
}

ssize_t __wrap_send(int descriptor, const void *bytes, size_t length,
                    int flags) {
    if (script_fails(&script_send) || would_block(descriptor)) {
        return -1;
    }
    return __real_send(descriptor, bytes, at_most(length, script.writes_take),
                       flags);
}

int __wrap_pipe(int ends[2]) {
    return script_fails(&script_pipe) ? -1 : __real_pipe(ends);
}

int __wrap_close(int descriptor) {
    if (descriptor == script.traced_object) {
        trace_add("close", "socket");
    }
    return __real_close(descriptor);
}

int __wrap_fcntl(int descriptor, int command, ...) {
    va_list arguments;
    va_start(arguments, command);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    return script_fails(&script_fcntl)
               ? -1
               : __real_fcntl(descriptor, command, argument);
}

int __real_getrlimit(int resource, struct rlimit *limit_out);
int __real_setrlimit(int resource, const struct rlimit *limit);

int __wrap_getrlimit(int resource, struct rlimit *limit_out) {
    return script_fails(&script_getrlimit)
               ? -1
               : __real_getrlimit(resource, limit_out);
}

int __wrap_setrlimit(int resource, const struct rlimit *limit) {
    return script_fails(&script_setrlimit) ? -1
                                           : __real_setrlimit(resource, limit);
}

/* --- Sockets ------------------------------------------------------------ */

int __real_socket(int family, int type, int protocol);
int __real_bind(int descriptor, const struct sockaddr *address,
                socklen_t length);
int __real_listen(int descriptor, int backlog);
int __real_accept(int descriptor, struct sockaddr *address, socklen_t *length);
int __real_connect(int descriptor, const struct sockaddr *address,
                   socklen_t length);
int __real_getsockopt(int descriptor, int level, int option, void *value,
                      socklen_t *length);
int __real_getpeername(int descriptor, struct sockaddr *address,
                       socklen_t *length);

int __wrap_socket(int family, int type, int protocol) {
    return script_fails(&script_socket) ? -1
                                        : __real_socket(family, type, protocol);
}

int __wrap_bind(int descriptor, const struct sockaddr *address,
                socklen_t length) {
    return script_fails(&script_bind)
               ? -1
               : __real_bind(descriptor, address, length);
}

int __wrap_listen(int descriptor, int backlog) {
    return script_fails(&script_listen) ? -1
                                        : __real_listen(descriptor, backlog);
}

/*
 * Valgrind's accept() takes a connection for which there is no descriptor, and
 * closes it; the system's leaves it in the queue. So it is not asked then.
 */
static bool valgrind_would_lose_it(int listener) {
    const char *preloaded = getenv("LD_PRELOAD");
    if (preloaded == NULL || strstr(preloaded, "vgpreload") == NULL) {
        return false;
    }
    int next = __real_fcntl(listener, F_DUPFD, 0);
    if (next >= 0) {
        __real_close(next);
        return false;
    }
    return true; /* errno says why */
}

int __wrap_accept(int descriptor, struct sockaddr *address, socklen_t *length) {
    if (script_fails(&script_accept) || valgrind_would_lose_it(descriptor)) {
        return -1;
    }
    int accepted = __real_accept(descriptor, address, length);
    if (accepted >= 0) {
        fire(&script.after_accept);
    }
    return accepted;
}

int __wrap_connect(int descriptor, const struct sockaddr *address,
                   socklen_t length) {
    return script_fails(&script_connect)
               ? -1
               : __real_connect(descriptor, address, length);
}

int __wrap_getsockopt(int descriptor, int level, int option, void *value,
                      socklen_t *length) {
    return script_fails(&script_getsockopt)
               ? -1
               : __real_getsockopt(descriptor, level, option, value, length);
}

int __wrap_getpeername(int descriptor, struct sockaddr *address,
                       socklen_t *length) {
    return script_fails(&script_getpeername)
               ? -1
               : __real_getpeername(descriptor, address, length);
}

/* --- Linux -------------------------------------------------------------- */

#ifdef __linux__
#include <sys/epoll.h>
#include <sys/eventfd.h>

int __real_epoll_wait(int epoll, struct epoll_event *events, int capacity,
                      int timeout_ms);
int __real_epoll_ctl(int epoll, int operation, int descriptor,
                     struct epoll_event *event);
int __real_epoll_create1(int flags);
int __real_eventfd(unsigned count, int flags);

int __wrap_epoll_wait(int epoll, struct epoll_event *events, int capacity,
                      int timeout_ms) {
    if (script_wait_begins(&script_epoll_wait, timeout_ms)) {
        return -1;
    }
    int ready = __real_epoll_wait(epoll, events, capacity,
                                  script_real_timeout_ms(timeout_ms));
    script_wait_ends(ready, timeout_ms);
    return ready;
}

int __wrap_epoll_ctl(int epoll, int operation, int descriptor,
                     struct epoll_event *event) {
    return script_fails(&script_epoll_ctl)
               ? -1
               : __real_epoll_ctl(epoll, operation, descriptor, event);
}

int __wrap_epoll_create1(int flags) {
    return script_fails(&script_epoll_create1) ? -1
                                               : __real_epoll_create1(flags);
}

int __wrap_eventfd(unsigned count, int flags) {
    return script_fails(&script_eventfd) ? -1 : __real_eventfd(count, flags);
}
#endif

/* --- Windows ------------------------------------------------------------ */

#ifdef _WIN32
#include <winternl.h>

#include "platform_windows.h"

/*
 * Of the calls below, those that windows.h declares go through a pointer that
 * the linker takes from the system's library, unless somebody defines it
 * first, and that is us. The real function is then looked up by its name.
 */
#define SYSTEM_FUNCTION(type, name)                                            \
    (type)(void (*)(void))                                                     \
        GetProcAddress(GetModuleHandleA("kernel32.dll"), name)

static DWORD windows_error(int error) {
    return error == EMFILE   ? ERROR_TOO_MANY_OPEN_FILES
           : error == ENOMEM ? ERROR_NOT_ENOUGH_MEMORY
                             : (DWORD)WSAEINVAL;
}

static NTSTATUS windows_status(int error) {
    enum { NO_MEMORY = 0x17, TOO_MANY_OPENED_FILES = 0x11F };
    return (NTSTATUS)(0xC0000000u |
                      (error == ENOMEM ? NO_MEMORY : TOO_MANY_OPENED_FILES));
}

typedef HANDLE(WINAPI *CreatePort)(HANDLE file, HANDLE port, ULONG_PTR key,
                                   DWORD threads);

static HANDLE WINAPI create_port(HANDLE file, HANDLE port, ULONG_PTR key,
                                 DWORD threads) {
    if (script_fails(&script_create_port)) {
        SetLastError(windows_error(errno));
        return NULL;
    }
    CreatePort real = SYSTEM_FUNCTION(CreatePort, "CreateIoCompletionPort");
    return real(file, port, key, threads);
}

typedef BOOL(WINAPI *Cancel)(HANDLE file, OVERLAPPED *overlapped);

static BOOL WINAPI cancel(HANDLE file, OVERLAPPED *overlapped) {
    script_cancel.calls += 1;
    Cancel real = SYSTEM_FUNCTION(Cancel, "CancelIoEx");
    return real(file, overlapped);
}

typedef BOOL(WINAPI *Post)(HANDLE port, DWORD bytes, ULONG_PTR key,
                           OVERLAPPED *overlapped);

static BOOL WINAPI post(HANDLE port, DWORD bytes, ULONG_PTR key,
                        OVERLAPPED *overlapped) {
    if (script_fails(&script_post)) {
        SetLastError(windows_error(errno));
        return FALSE;
    }
    Post real = SYSTEM_FUNCTION(Post, "PostQueuedCompletionStatus");
    return real(port, bytes, key, overlapped);
}

static HANDLE afd; /* through which the last poll was started */

void script_end_polls(void) {
    Cancel real = SYSTEM_FUNCTION(Cancel, "CancelIoEx");
    real(afd, NULL);
}

/* A poll was started with this memory, or has given it back. */
static void lend(const void *memory) {
    for (int i = 0; i < script_polls; i++) {
        script_polls_in_lent_memory += lent[i] == memory;
    }
    lent[script_polls++] = memory;
}

static void take_back(const void *memory) {
    int i = 0;
    while (i < script_polls && lent[i] != memory) {
        i += 1;
    }
    if (i < script_polls) {
        lent[i] = lent[--script_polls];
    }
}

typedef BOOL(WINAPI *Dequeue)(HANDLE port, OVERLAPPED_ENTRY *packets,
                              ULONG capacity, ULONG *count, DWORD timeout_ms,
                              BOOL alertable);

/*
 * What was sent over 127.0.0.1 takes its way through the driver, or through
 * Wine's server: a wait that may sleep gets a moment of real time for it.
 */
enum { MOMENT_MS = 20 };

static BOOL WINAPI dequeue(HANDLE port, OVERLAPPED_ENTRY *packets,
                           ULONG capacity, ULONG *count, DWORD timeout_ms,
                           BOOL alertable) {
    if (script_wait_begins(&script_dequeue, (int)timeout_ms)) {
        SetLastError(errno == EINTR ? WAIT_TIMEOUT : windows_error(errno));
        return FALSE;
    }
    Dequeue real = SYSTEM_FUNCTION(Dequeue, "GetQueuedCompletionStatusEx");
    DWORD real_ms = real_time         ? timeout_ms
                    : timeout_ms == 0 ? 0
                                      : (DWORD)MOMENT_MS;
    BOOL came = real(port, packets, capacity, count, real_ms, alertable);
    if (!came && GetLastError() == WAIT_TIMEOUT) {
        script_wait_ends(0, (int)timeout_ms);
        SetLastError(WAIT_TIMEOUT);
    }
    script.reports += came ? (int)*count : 0;
    for (ULONG i = 0; came && i < *count; i++) {
        take_back(packets[i].lpOverlapped);
    }
    return came;
}

CreatePort __imp_CreateIoCompletionPort = create_port;
Cancel __imp_CancelIoEx = cancel;
Post __imp_PostQueuedCompletionStatus = post;
Dequeue __imp_GetQueuedCompletionStatusEx = dequeue;

NTSTATUS NTAPI __real_NtCreateFile(HANDLE *file_out, ACCESS_MASK access,
                                   OBJECT_ATTRIBUTES *attributes,
                                   IO_STATUS_BLOCK *status, LARGE_INTEGER *size,
                                   ULONG file_attributes, ULONG share,
                                   ULONG disposition, ULONG options,
                                   void *extended, ULONG extended_length);
NTSTATUS NTAPI __real_NtDeviceIoControlFile(HANDLE file, HANDLE event,
                                            PIO_APC_ROUTINE routine,
                                            void *context,
                                            IO_STATUS_BLOCK *status, ULONG code,
                                            void *input, ULONG input_length,
                                            void *output, ULONG output_length);

long NTAPI __wrap_NtCreateFile(HANDLE *file_out, ACCESS_MASK access,
                               OBJECT_ATTRIBUTES *attributes,
                               IO_STATUS_BLOCK *status, LARGE_INTEGER *size,
                               ULONG file_attributes, ULONG share,
                               ULONG disposition, ULONG options, void *extended,
                               ULONG extended_length) {
    return script_fails(&script_open_afd)
               ? windows_status(errno)
               : __real_NtCreateFile(file_out, access, attributes, status, size,
                                     file_attributes, share, disposition,
                                     options, extended, extended_length);
}

long NTAPI __wrap_NtDeviceIoControlFile(HANDLE file, HANDLE event,
                                        PIO_APC_ROUTINE routine, void *context,
                                        IO_STATUS_BLOCK *status, ULONG code,
                                        void *input, ULONG input_length,
                                        void *output, ULONG output_length) {
    if (script_fails(&script_afd_poll)) {
        return windows_status(errno);
    }
    NTSTATUS result = __real_NtDeviceIoControlFile(
        file, event, routine, context, status, code, input, input_length,
        output, output_length);
    if (NT_SUCCESS(result)) {
        lend(context);
        afd = file;
    }
    return result;
}
#endif

/* --- Our own functions: places where a test can step in ----------------- */

static _Thread_local Other *myself;

static void stand(Other *other) {
    pthread_mutex_lock(&lock);
    other->standing = true;
    pthread_cond_broadcast(&changed);
    while (!other->released) {
        pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);
}

Note __real_mailbox_push(Mailbox *mailbox, Task *task);
bool __real_mailbox_announce_sleep(Mailbox *mailbox);
Task *__real_mailbox_take_all(Mailbox *mailbox);
bool __real_task_has_waker(const Task *task);

/* Where a second thread stands still; if all is gone by then, it ends. */
static void stand_and_look(Other *other, const void *used) {
    stand(other);
    if (was_freed(used)) {
        pthread_exit(NULL); /* it is counted; worse would come of it */
    }
}

/* Whose mailbox was used last, by its own thread. */
static Mailbox *mailbox_in_use;

/* A Note: the Makefile looks for names of types in small letters. */
unsigned __wrap_mailbox_push(Mailbox *mailbox, Task *task) {
    atomic_fetch_add(&script.pushes, 1);
    if (myself != NULL && myself->stops_before_push) {
        stand_and_look(myself, mailbox);
    }
    if (was_freed(mailbox) || was_freed(task)) {
        return NOTE_LEFT;
    }
    Note note = __real_mailbox_push(mailbox, task);
    fire(&script.after_push);
    if (myself != NULL && myself->stops_after_push) {
        stand_and_look(myself, mailbox);
    }
    return note;
}

bool __wrap_mailbox_announce_sleep(Mailbox *mailbox) {
    fire(&script.before_announce);
    bool announced = __real_mailbox_announce_sleep(mailbox);
    if (announced) {
        fire(&script.after_announce);
    }
    return announced;
}

static int runs_of_batch;

/* Once a turn of the executor. */
struct Task *__wrap_mailbox_take_all(Mailbox *mailbox) {
    cr_assert(script.batches_left > 0,
              "The executor takes one batch after the other and does not come "
              "to an end. %zu tasks are pending.",
              tasks_pending());
    script.batches_left -= 1;
    runs_of_batch = 0;
    mailbox_in_use = mailbox;
    Task *notes = __real_mailbox_take_all(mailbox);
    fire(&script.after_take);
    return notes;
}

Task *__real_mailbox_close(Mailbox *mailbox);

struct Task *__wrap_mailbox_close(Mailbox *mailbox) {
    runs_of_batch = 0;
    mailbox_in_use = mailbox;
    return __real_mailbox_close(mailbox);
}

/* The marks of mailbox.c are known by what they do. */
int script_notes(void) {
    enum { MANY = 1000 };
    Mailbox *mailbox = mailbox_in_use;
    if (mailbox == NULL || mailbox_is_closed(mailbox)) {
        return mailbox == NULL ? 0 : -1;
    }
    if (__real_mailbox_announce_sleep(mailbox)) {
        __real_mailbox_take_all(mailbox);
        return 0;
    }
    int notes = 0;
    const Task *task = atomic_load(&mailbox->newest);
    while (task != NULL && notes < MANY && task->executor != NULL) {
        notes += 1;
        task = task->next_note;
    }
    return notes;
}

void __real_task_run(Task *task);

/* A task that stands twice in one batch makes a ring of it. */
void __wrap_task_run(Task *task) {
    enum { MOST = 200000 };
    runs_of_batch += 1;
    cr_assert(runs_of_batch <= MOST,
              "One batch has held more than %d tasks, and has no end: a task "
              "was put into the ready queue while it was in it.",
              MOST);
    __real_task_run(task);
}

bool __wrap_task_has_waker(const Task *task) {
    script.waker_counts += 1;
    fire(&script.before_waker_count);
    return __real_task_has_waker(task);
}

void __real_io_blocker_wake(IoBlocker *blocker);
void __real_backend_wake(Backend *backend);
int __real_io_blocker_add_io_event_interest(IoBlocker *blocker, IoObject object,
                                            Event event);
void __real_io_blocker_remove_io_event_interest(IoBlocker *blocker,
                                                IoObject object,
                                                Signals signals);

/* --- Locks -------------------------------------------------------------- */

int __real_pthread_mutex_init(pthread_mutex_t *mutex,
                              const pthread_mutexattr_t *attributes);
int __real_pthread_mutex_destroy(pthread_mutex_t *mutex);
int __real_pthread_mutex_lock(pthread_mutex_t *mutex);
int __real_pthread_mutex_unlock(pthread_mutex_t *mutex);

static _Thread_local int locks_held;

int __wrap_pthread_mutex_init(pthread_mutex_t *mutex,
                              const pthread_mutexattr_t *attributes) {
    if (script_fails(&script_mutex_init)) {
        return errno;
    }
    atomic_fetch_add(&script.mutexes, 1);
    return __real_pthread_mutex_init(mutex, attributes);
}

int __wrap_pthread_mutex_destroy(pthread_mutex_t *mutex) {
    atomic_fetch_sub(&script.mutexes, 1);
    return __real_pthread_mutex_destroy(mutex);
}

int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex) {
    locks_held += 1;
    return __real_pthread_mutex_lock(mutex);
}

int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex) {
    locks_held -= 1;
    return __real_pthread_mutex_unlock(mutex);
}

void __real_io_blocker_free(IoBlocker *blocker);

void __wrap_io_blocker_free(IoBlocker *blocker) {
    atomic_fetch_add(&script.unguarded, locks_held <= 0);
    __real_io_blocker_free(blocker);
}

/* --- The IoBlocker ------------------------------------------------------ */

void __wrap_io_blocker_wake(IoBlocker *blocker) {
    atomic_fetch_add(&script.unguarded, locks_held <= 0);
    atomic_fetch_add(&script.unparks, 1);
    if (!was_freed(blocker)) {
        __real_io_blocker_wake(blocker);
    }
}

void __wrap_backend_wake(Backend *backend) {
    atomic_fetch_add(&script.kicks, 1);
    __real_backend_wake(backend);
}

int __wrap_io_blocker_add_io_event_interest(IoBlocker *blocker, IoObject object,
                                            Event event) {
    int result =
        __real_io_blocker_add_io_event_interest(blocker, object, event);
    fire(&script.after_add);
    return result;
}

void __wrap_io_blocker_remove_io_event_interest(IoBlocker *blocker,
                                                IoObject object,
                                                Signals signals) {
    if (object == script.traced_object) {
        trace_add("remove", "interest");
    }
    __real_io_blocker_remove_io_event_interest(blocker, object, signals);
}

/* --- A second thread ---------------------------------------------------- */

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *), void *argument);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *), void *argument) {
    return script_fails(&script_pthread_create)
               ? errno
               : __real_pthread_create(thread, attributes, run, argument);
}

static void *run_other(void *argument) {
    Other *other = argument;
    myself = other;
    other->act(other->argument);
    pthread_mutex_lock(&lock);
    other->ended = true;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    return NULL;
}

static void start_other(Other *other) {
    int error = __real_pthread_create(&other->thread, NULL, run_other, other);
    cr_assert_eq(error, 0, "The test needs a second thread and got none.");
}

void other_start_to_push(Other *other, void (*act)(void *), void *argument) {
    *other =
        (Other){.act = act, .argument = argument, .stops_before_push = true};
    start_other(other);
}

void other_start_and_push(Other *other, void (*act)(void *), void *argument) {
    *other =
        (Other){.act = act, .argument = argument, .stops_after_push = true};
    start_other(other);
}

bool other_stands_before_push(Other *other) {
    pthread_mutex_lock(&lock);
    while (!other->standing && !other->ended) {
        pthread_cond_wait(&changed, &lock);
    }
    bool standing = other->standing;
    pthread_mutex_unlock(&lock);
    return standing;
}

void other_finish(Other *other) {
    pthread_mutex_lock(&lock);
    other->released = true;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    pthread_join(other->thread, NULL);
}

void on_another_thread(void (*act)(void *), void *argument) {
    Other other = {.act = act, .argument = argument};
    start_other(&other);
    pthread_join(other.thread, NULL);
}
