#include "script.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "platform.h"

Scripted script_malloc, script_calloc, script_realloc;
Scripted script_read, script_pipe, script_fcntl, script_poll;
Scripted script_eventfd, script_epoll_create1, script_epoll_ctl,
    script_epoll_wait;
Scripted script_kqueue, script_kevent, script_kevent_changes;
Scripted script_create_port, script_open_afd, script_afd_poll, script_cancel,
    script_dequeue, script_post;
int script_polls, script_polls_in_lent_memory;
int script_blocks;
int script_timeouts[SCRIPT_TIMEOUTS];
uint64_t script_clock_ns = 1000 * NS_PER_S;
uint64_t script_wait_takes_ns;
void (*script_before_wait)(void);

static bool real_time;
static int interruptions;
static uint64_t interrupted_after_ns;

/* A hundred times what any test here needs. */
enum { WAIT_BUDGET = 50000 };

void script_fail(Scripted *call, int nth, int error) {
    call->fail_in = nth;
    call->error = error;
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
    if (call->fail_in == 0 || --call->fail_in > 0) {
        return false;
    }
    errno = call->error;
    return true;
}

/* --- Memory ------------------------------------------------------------- */

/* What Windows has been lent, and has not given back yet; see there. */
static const void *lent[16384];

static void assert_not_lent(const void *block) {
    for (int i = 0; i < script_polls; i++) {
        cr_assert(lent[i] != block,
                  "Memory is freed while the poll that was started in it is "
                  "under way: the kernel will write to it. Cancelling is not "
                  "the end of a poll, its packet is.");
    }
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void __real_free(void *block);

/*
 * Fresh memory holds anything: here bytes that are no zero. Of a block that
 * grows only what it grows by is fresh, so the sizes of these are kept. Behind
 * its end lie more such bytes, and what is written there is found out.
 */
enum { SOIL = 0xA5, GUARD = 64 };

static struct {
    const void *block;
    size_t size;
} grown[64];

static void assert_guard(const unsigned char *end) {
    for (int i = 0; i < GUARD; i++) {
        cr_assert(end[i] == SOIL,
                  "A block of memory was written to %d bytes behind its end.",
                  i);
    }
}

/* How much of a block is not fresh: all of it, if its size is not known. */
static size_t forget_size(const void *block) {
    if (block == NULL) {
        return 0;
    }
    for (int i = 0; i < 64; i++) {
        if (grown[i].block == block) {
            grown[i].block = NULL;
            assert_guard((const unsigned char *)block + grown[i].size);
            return grown[i].size;
        }
    }
    return SIZE_MAX;
}

static void keep_size(const void *block, size_t size) {
    int i = 0;
    while (i < 63 && grown[i].block != NULL) {
        i += 1;
    }
    grown[i].block = block;
    grown[i].size = size;
}

static void soil(void *block, size_t from, size_t to) {
    if (block != NULL && to > from) {
        memset((char *)block + from, SOIL, to - from);
    }
}

void *__wrap_malloc(size_t size) {
    void *block = script_fails(&script_malloc) ? NULL : __real_malloc(size);
    script_blocks += block != NULL;
    soil(block, 0, size);
    return block;
}

void *__wrap_calloc(size_t count, size_t size) {
    void *block =
        script_fails(&script_calloc) ? NULL : __real_calloc(count, size);
    script_blocks += block != NULL;
    return block;
}

void *__wrap_realloc(void *old, size_t size) {
    if (script_fails(&script_realloc)) {
        return NULL;
    }
    script_blocks += old == NULL;
    size_t before = forget_size(old);
    void *block = __real_realloc(old, size + GUARD);
    soil(block, before, size + GUARD);
    keep_size(block, size);
    return block;
}

void __wrap_free(void *block) {
    assert_not_lent(block);
    (void)forget_size(block);
    script_blocks -= block != NULL;
    __real_free(block);
}

/* --- Time --------------------------------------------------------------- */

int __real_clock_gettime(clockid_t clock, struct timespec *time_out);

int __wrap_clock_gettime(clockid_t clock, struct timespec *time_out) {
    cr_assert(clock == CLOCK_MONOTONIC,
              "The time was taken from clock %d, which somebody may set while "
              "a wait is under way. CLOCK_MONOTONIC is %d.",
              (int)clock, (int)CLOCK_MONOTONIC);
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
              "The IoBlocker has waited %d times and still has nothing to say: "
              "it spins. Something is reported at once, by every wait, to "
              "nobody.",
              before);
    if (before < SCRIPT_TIMEOUTS) {
        script_timeouts[before] = timeout_ms;
    }
    if (script_before_wait != NULL) {
        void (*hook)(void) = script_before_wait;
        script_before_wait = NULL;
        hook();
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

int script_real_timeout_ms(int timeout_ms) {
    return real_time ? timeout_ms : 0;
}

void script_wait_ends(int ready, int timeout_ms) {
    if (ready != 0) {
        return;
    }
    cr_assert(timeout_ms >= 0,
              "It sleeps for ever: the system has nothing to report, and "
              "nobody is there who could change that. Either an event was "
              "lost, or the system was not told to report it.");
    script_clock_ns += (uint64_t)timeout_ms * NS_PER_MS;
}

int __real_poll(struct pollfd *entries, nfds_t count, int timeout_ms);

int __wrap_poll(struct pollfd *entries, nfds_t count, int timeout_ms) {
    if (script_wait_begins(&script_poll, timeout_ms)) {
        return -1;
    }
    int ready = __real_poll(entries, count, script_real_timeout_ms(timeout_ms));
    script_wait_ends(ready, timeout_ms);
    return ready;
}

/* --- Descriptors -------------------------------------------------------- */

ssize_t __real_read(int descriptor, void *buffer, size_t capacity);
int __real_pipe(int ends[2]);
int __real_fcntl(int descriptor, int command, ...);

ssize_t __wrap_read(int descriptor, void *buffer, size_t capacity) {
    return script_fails(&script_read)
               ? -1
               : __real_read(descriptor, buffer, capacity);
}

int __wrap_pipe(int ends[2]) {
    return script_fails(&script_pipe) ? -1 : __real_pipe(ends);
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

#include <mswsock.h>

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
    if (script_fails(&script_cancel)) {
        SetLastError(windows_error(errno));
        return FALSE;
    }
    Cancel real = SYSTEM_FUNCTION(Cancel, "CancelIoEx");
    return real(file, overlapped);
}

typedef int(WINAPI *Control)(SOCKET socket, DWORD code, void *input,
                             DWORD input_size, void *output, DWORD output_size,
                             DWORD *size, WSAOVERLAPPED *overlapped,
                             LPWSAOVERLAPPED_COMPLETION_ROUTINE routine);

bool script_socket_has_layers;

/*
 * With layers a socket does not say what its base is, but which one is to be
 * polled in its place: that is the socket by another handle, the layer below.
 */
static int WINAPI control(SOCKET socket, DWORD code, void *input,
                          DWORD input_size, void *output, DWORD output_size,
                          DWORD *size, WSAOVERLAPPED *overlapped,
                          LPWSAOVERLAPPED_COMPLETION_ROUTINE routine) {
    static SOCKET below = INVALID_SOCKET;
    HANDLE self = GetCurrentProcess(), copy = NULL;
    if (script_socket_has_layers && code == SIO_BSP_HANDLE_POLL) {
        DuplicateHandle(self, (HANDLE)socket, self, &copy, 0, FALSE,
                        DUPLICATE_SAME_ACCESS);
        below = (SOCKET)copy;
        *(SOCKET *)output = below;
        return 0;
    }
    if (script_socket_has_layers && code == SIO_BASE_HANDLE) {
        *(SOCKET *)output = socket;
        WSASetLastError(WSAEFAULT);
        return socket == below ? 0 : SOCKET_ERROR;
    }
    Control real = (Control)(void (*)(void))GetProcAddress(
        GetModuleHandleA("ws2_32.dll"), "WSAIoctl");
    return real(socket, code, input, input_size, output, output_size, size,
                overlapped, routine);
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
    for (ULONG i = 0; came && i < *count; i++) {
        take_back(packets[i].lpOverlapped);
    }
    return came;
}

CreatePort __imp_CreateIoCompletionPort = create_port;
Cancel __imp_CancelIoEx = cancel;
Control __imp_WSAIoctl = control;
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
