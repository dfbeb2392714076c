#include "script_windows.h"

Scripted script_create_port, script_open_afd, script_afd_poll, script_cancel,
    script_post;
int script_polls, script_polls_in_lent_memory;
bool script_socket_has_layers;

#ifdef _WIN32
#include <errno.h>

#include "platform.h"

#include <mswsock.h>
#include <winternl.h>

#include "script_memory.h"
#include "script_waiting.h"

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

/* What the kernel has been lent, and has not given back yet. */
static const void *lent[16384];

static void assert_not_lent(const void *memory) {
    for (int i = 0; i < script_polls; i++) {
        script_insist(lent[i] != memory,
                      "Memory is freed while the poll that was started in it "
                      "is under way: the kernel will write to it. Cancelling "
                      "is not the end of a poll, its packet is.");
    }
}

/* A poll was started with this memory, or has given it back. */
static void lend(const void *memory) {
    script_before_free = assert_not_lent;
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
    DWORD real_ms = script_time_is_real() ? timeout_ms
                    : timeout_ms == 0     ? 0
                                          : (DWORD)MOMENT_MS;
    BOOL came = real(port, packets, capacity, count, real_ms, alertable);
    if (!came && GetLastError() == WAIT_TIMEOUT) {
        script_wait_ends(0, (int)timeout_ms);
        SetLastError(WAIT_TIMEOUT);
    }
    script_reports += came ? (int)*count : 0;
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
