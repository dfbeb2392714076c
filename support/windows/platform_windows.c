/*
 * Windows, seen through the calls of POSIX.
 *
 * Winsock came from Berkeley's sockets, so nearly every call is there. What
 * differs, and is made up for here:
 *
 * - A socket is a handle, not a number from 0 upwards. A table gives it one,
 *   the lowest that is free, and remembers what Winsock does not tell: whether
 *   it is non-blocking.
 * - Errors come from WSAGetLastError(), with numbers of their own. They become
 *   those of <errno.h>.
 * - Winsock has to be started: that happens with the first socket.
 * - There is no pair of sockets and no pipe that can be waited for: both are a
 *   connection over 127.0.0.1.
 * - SO_REUSEADDR would let two programs share a port. What POSIX means by it
 *   is what Windows does anyway.
 * - A thread in WSAPoll() cannot be cancelled: it looks up now and then.
 *
 * Winsock's functions that have the same names as ours are looked up in its
 * library, by name.
 */
#include "platform_windows.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* --- Winsock -------------------------------------------------------------- */

typedef int(WSAAPI *AddressCall)(SOCKET, const struct sockaddr *, int);
typedef int(WSAAPI *NameCall)(SOCKET, struct sockaddr *, int *);

static struct {
    AddressCall bind;
    int(WSAAPI *listen)(SOCKET, int);
    NameCall getpeername;
    NameCall getsockname;
    int(WSAAPI *getsockopt)(SOCKET, int, int, char *, int *);
    int(WSAAPI *setsockopt)(SOCKET, int, int, const char *, int);
    int(WSAAPI *shutdown)(SOCKET, int);
    int(WSAAPI *recv)(SOCKET, char *, int, int);
    int(WSAAPI *send)(SOCKET, const char *, int, int);
} winsock;

static HMODULE library;

static void find(const char *name, void *function_out) {
    FARPROC found = GetProcAddress(library, name);
    memcpy(function_out, &found, sizeof found);
}

static void start_winsock(void) {
    WSADATA data;
    WSAStartup(MAKEWORD(2, 2), &data);
    library = GetModuleHandleA("ws2_32.dll");
    find("bind", &winsock.bind);
    find("listen", &winsock.listen);
    find("getpeername", &winsock.getpeername);
    find("getsockname", &winsock.getsockname);
    find("getsockopt", &winsock.getsockopt);
    find("setsockopt", &winsock.setsockopt);
    find("shutdown", &winsock.shutdown);
    find("recv", &winsock.recv);
    find("send", &winsock.send);
}

static void need_winsock(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start_winsock);
}

int platform_errno(int winsock_error) {
    static const struct {
        int winsock, posix;
    } same[] = {
        {WSAEINTR, EINTR},
        {WSAEBADF, EBADF},
        {WSAENOTSOCK, EBADF},
        {WSA_INVALID_HANDLE, EBADF},
        {WSAEACCES, EACCES},
        {WSAEFAULT, EFAULT},
        {WSAEINVAL, EINVAL},
        {WSAEMFILE, EMFILE},
        {WSAEWOULDBLOCK, EAGAIN},
        {WSAEINPROGRESS, EINPROGRESS},
        {WSAEALREADY, EALREADY},
        {WSAEMSGSIZE, EMSGSIZE},
        {WSAEPROTONOSUPPORT, EPROTONOSUPPORT},
        {WSAEOPNOTSUPP, EOPNOTSUPP},
        {WSAEAFNOSUPPORT, EAFNOSUPPORT},
        {WSAEADDRINUSE, EADDRINUSE},
        {WSAEADDRNOTAVAIL, EADDRNOTAVAIL},
        {WSAENETDOWN, ENETDOWN},
        {WSAENETUNREACH, ENETUNREACH},
        {WSAENETRESET, ENETRESET},
        {WSAECONNABORTED, ECONNABORTED},
        {WSAECONNRESET, ECONNRESET},
        {WSAENOBUFS, ENOBUFS},
        {WSAEISCONN, EISCONN},
        {WSAENOTCONN, ENOTCONN},
        {WSAESHUTDOWN, EPIPE},
        {WSAETIMEDOUT, ETIMEDOUT},
        {WSAECONNREFUSED, ECONNREFUSED},
        {WSAEHOSTUNREACH, EHOSTUNREACH},
        {WSA_NOT_ENOUGH_MEMORY, ENOMEM},
        {ERROR_NO_SYSTEM_RESOURCES, ENOMEM},
        {ERROR_TOO_MANY_OPEN_FILES, EMFILE},
        {WSA_OPERATION_ABORTED, ECANCELED},
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        if (same[i].winsock == winsock_error) {
            return same[i].posix;
        }
    }
    return EIO;
}

/* Windows' older C library knows no words for the errors of sockets. */
char *strerror(int error) {
    static const struct {
        int error;
        const char *words;
    } more[] = {
        {ENOMEM, "Cannot allocate memory"},
        {EADDRINUSE, "Address already in use"},
        {EADDRNOTAVAIL, "Cannot assign requested address"},
        {ECANCELED, "Operation canceled"},
        {ECONNABORTED, "Software caused connection abort"},
        {ECONNREFUSED, "Connection refused"},
        {ECONNRESET, "Connection reset by peer"},
        {EHOSTUNREACH, "No route to host"},
        {EINPROGRESS, "Operation now in progress"},
        {ENETUNREACH, "Network is unreachable"},
        {ENOBUFS, "No buffer space available"},
        {ENOTCONN, "Socket is not connected"},
        {ETIMEDOUT, "Timed out"},
    };
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        if (more[i].error == error) {
            return (char *)(uintptr_t)more[i].words; /* not changed */
        }
    }
    return error >= 0 && error < _sys_nerr ? _sys_errlist[error]
                                           : _sys_errlist[_sys_nerr];
}

static int fail(int error) {
    errno = error;
    return -1;
}

/* Passes on what a function of Winsock's returned, with its error. */
static int answer(int result) {
    return result == SOCKET_ERROR ? fail(platform_errno(WSAGetLastError()))
                                  : result;
}

/* --- Descriptors ---------------------------------------------------------- */

enum { MOST_DESCRIPTORS = 16384 };

typedef enum Kind {
    KIND_FREE,
    KIND_TAKEN, /* for a socket that is about to come */
    KIND_FILE,
    KIND_DIRECTORY,
    KIND_SOCKET
} Kind;

typedef struct Descriptor {
    Kind kind;
    int file; /* the C library's own number for it */
    SOCKET socket;
    bool non_blocking;
} Descriptor;

static Descriptor descriptors[MOST_DESCRIPTORS] = {
    {.kind = KIND_FILE, .file = 0},
    {.kind = KIND_FILE, .file = 1},
    {.kind = KIND_FILE, .file = 2},
};
static unsigned long limit_now = MOST_DESCRIPTORS;
static SRWLOCK lock = SRWLOCK_INIT; /* guards both */

static Descriptor look_up(int number) {
    Descriptor found = {.kind = KIND_FREE};
    if (number >= 0 && number < MOST_DESCRIPTORS) {
        AcquireSRWLockShared(&lock);
        found = descriptors[number];
        ReleaseSRWLockShared(&lock);
    }
    return found;
}

/* Gives it the lowest number that is free. Returns it, or -1. */
static int take_number(Descriptor descriptor) {
    int number = 0;
    AcquireSRWLockExclusive(&lock);
    while (number < (int)limit_now && descriptors[number].kind != KIND_FREE) {
        number += 1;
    }
    bool free = number < (int)limit_now;
    if (free) {
        descriptors[number] = descriptor;
    }
    ReleaseSRWLockExclusive(&lock);
    return free ? number : fail(EMFILE);
}

static void set_non_blocking(int number, bool non_blocking) {
    AcquireSRWLockExclusive(&lock);
    descriptors[number].non_blocking = non_blocking;
    ReleaseSRWLockExclusive(&lock);
}

static void put(int number, Descriptor descriptor) {
    AcquireSRWLockExclusive(&lock);
    descriptors[number] = descriptor;
    ReleaseSRWLockExclusive(&lock);
}

static void give_back(int number) {
    if (number >= 0) {
        put(number, (Descriptor){.kind = KIND_FREE});
    }
}

/*
 * Puts a SOCKET under a number that was taken for it. The number comes first:
 * what is accepted while there is none left would be lost.
 */
static int adopt(int number, SOCKET handle) {
    if (handle == INVALID_SOCKET) {
        give_back(number);
        return answer(SOCKET_ERROR);
    }
    put(number, (Descriptor){KIND_SOCKET, -1, handle, false});
    return number;
}

static int take_number_for_socket(void) {
    return take_number((Descriptor){.kind = KIND_TAKEN});
}

int platform_check_socket(int descriptor) {
    Kind kind = look_up(descriptor).kind;
    return kind == KIND_FREE ? -EBADF : kind == KIND_SOCKET ? 0 : -EPERM;
}

SOCKET platform_socket(int descriptor) {
    Descriptor found = look_up(descriptor);
    return found.kind == KIND_SOCKET ? found.socket : INVALID_SOCKET;
}

static int close_contents(Descriptor descriptor) {
    switch (descriptor.kind) {
    case KIND_SOCKET:
        return answer(closesocket(descriptor.socket));
    case KIND_FILE:
        return _close(descriptor.file);
    default:
        return 0;
    }
}

int close(int descriptor) {
    Descriptor closed = look_up(descriptor);
    if (closed.kind == KIND_FREE) {
        return fail(EBADF);
    }
    give_back(descriptor);
    return close_contents(closed);
}

static SOCKET duplicate_socket(SOCKET handle) {
    WSAPROTOCOL_INFOW info;
    if (WSADuplicateSocketW(handle, GetCurrentProcessId(), &info) != 0) {
        return INVALID_SOCKET;
    }
    return WSASocketW(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO,
                      FROM_PROTOCOL_INFO, &info, 0,
                      WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
}

int dup(int descriptor) {
    Descriptor found = look_up(descriptor);
    if (found.kind == KIND_FREE) {
        return fail(EBADF);
    }
    if (found.kind != KIND_SOCKET) {
        found.file = _dup(found.file);
        return take_number(found);
    }
    int number = take_number_for_socket();
    if (number >= 0) {
        number = adopt(number, duplicate_socket(found.socket));
    }
    if (number >= 0) {
        set_non_blocking(number, found.non_blocking);
    }
    return number;
}

int open(const char *path, int flags, ...) {
    Descriptor opened = {.kind = KIND_DIRECTORY, .file = -1};
    DWORD attributes = GetFileAttributesA(path);
    if (attributes == INVALID_FILE_ATTRIBUTES ||
        (attributes & FILE_ATTRIBUTE_DIRECTORY) == 0) {
        opened.kind = KIND_FILE;
        opened.file = _open(path, flags | _O_BINARY, _S_IREAD | _S_IWRITE);
        if (opened.file < 0) {
            return -1;
        }
    }
    int number = take_number(opened);
    if (number < 0) {
        close_contents(opened);
    }
    return number;
}

static int set_status_flags(int descriptor, SOCKET handle, int flags) {
    u_long on = (flags & O_NONBLOCK) != 0;
    int result = answer(ioctlsocket(handle, (long)FIONBIO, &on));
    if (result == 0) {
        set_non_blocking(descriptor, on != 0);
    }
    return result;
}

/* No handle of ours is inherited, so there is nothing to do for FD_CLOEXEC. */
int fcntl(int descriptor, int command, ...) {
    va_list arguments;
    va_start(arguments, command);
    int argument =
        command == F_GETFL || command == F_GETFD ? 0 : va_arg(arguments, int);
    va_end(arguments);
    Descriptor found = look_up(descriptor);
    if (found.kind == KIND_FREE) {
        return fail(EBADF);
    }
    switch (command) {
    case F_DUPFD:
        return dup(descriptor);
    case F_GETFD:
        return FD_CLOEXEC;
    case F_GETFL:
        return found.non_blocking ? O_NONBLOCK : 0;
    case F_SETFL:
        return found.kind == KIND_SOCKET
                   ? set_status_flags(descriptor, found.socket, argument)
                   : 0;
    default:
        return 0;
    }
}

int platform_fstat(int descriptor, struct stat *status_out) {
    Descriptor found = look_up(descriptor);
    static const unsigned short modes[] = {
        [KIND_FILE] = _S_IFREG,
        [KIND_DIRECTORY] = _S_IFDIR,
        [KIND_TAKEN] = _S_IFIFO,
        [KIND_SOCKET] = _S_IFIFO,
    };
    if (found.kind == KIND_FREE) {
        return fail(EBADF);
    }
    *status_out = (struct stat){.st_mode = modes[found.kind]};
    return 0;
}

int getrlimit(int resource, struct rlimit *limit_out) {
    (void)resource;
    AcquireSRWLockShared(&lock);
    *limit_out = (struct rlimit){limit_now, MOST_DESCRIPTORS};
    ReleaseSRWLockShared(&lock);
    return 0;
}

int setrlimit(int resource, const struct rlimit *limit) {
    (void)resource;
    if (limit->rlim_cur > MOST_DESCRIPTORS) {
        return fail(EINVAL);
    }
    AcquireSRWLockExclusive(&lock);
    limit_now = limit->rlim_cur;
    ReleaseSRWLockExclusive(&lock);
    return 0;
}

/* --- Sockets -------------------------------------------------------------- */

static SOCKET new_socket(int family, int type, int protocol) {
    need_winsock();
    return WSASocketW(family, type, protocol, NULL, 0,
                      WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
}

int socket(int family, int type, int protocol) {
    int number = take_number_for_socket();
    return number < 0 ? -1 : adopt(number, new_socket(family, type, protocol));
}

int bind(int descriptor, const struct sockaddr *address, socklen_t length) {
    SOCKET handle = platform_socket(descriptor);
    need_winsock();
    return answer(winsock.bind(handle, address, (int)length));
}

int listen(int descriptor, int backlog) {
    SOCKET handle = platform_socket(descriptor);
    need_winsock();
    return answer(winsock.listen(handle, backlog));
}

/* What is accepted is as non-blocking as its listener; POSIX says it is not. */
static SOCKET accept_blocking(SOCKET listener, struct sockaddr *address,
                              socklen_t *length) {
    u_long off = 0;
    SOCKET accepted = WSAAccept(listener, address, (int *)length, NULL, 0);
    if (accepted != INVALID_SOCKET) {
        ioctlsocket(accepted, (long)FIONBIO, &off);
    }
    return accepted;
}

int accept(int descriptor, struct sockaddr *address, socklen_t *length) {
    SOCKET listener = platform_socket(descriptor);
    int number = take_number_for_socket();
    need_winsock();
    return number < 0
               ? -1
               : adopt(number, accept_blocking(listener, address, length));
}

int connect(int descriptor, const struct sockaddr *address, socklen_t length) {
    need_winsock();
    int result = answer(WSAConnect(platform_socket(descriptor), address,
                                   (int)length, NULL, NULL, NULL, NULL));
    return result < 0 && errno == EAGAIN ? fail(EINPROGRESS) : result;
}

int getpeername(int descriptor, struct sockaddr *address, socklen_t *length) {
    SOCKET handle = platform_socket(descriptor);
    need_winsock();
    return answer(winsock.getpeername(handle, address, (int *)length));
}

int getsockname(int descriptor, struct sockaddr *address, socklen_t *length) {
    SOCKET handle = platform_socket(descriptor);
    need_winsock();
    return answer(winsock.getsockname(handle, address, (int *)length));
}

int getsockopt(int descriptor, int level, int name, void *value,
               socklen_t *length) {
    SOCKET handle = platform_socket(descriptor);
    need_winsock();
    int result =
        answer(winsock.getsockopt(handle, level, name, value, (int *)length));
    int *error = value;
    if (result == 0 && level == SOL_SOCKET && name == SO_ERROR && *error != 0) {
        *error = platform_errno(*error);
    }
    return result;
}

int setsockopt(int descriptor, int level, int name, const void *value,
               socklen_t length) {
    SOCKET handle = platform_socket(descriptor);
    need_winsock();
    if (level == SOL_SOCKET && name == SO_REUSEADDR) {
        name = SO_EXCLUSIVEADDRUSE;
    }
    return answer(winsock.setsockopt(handle, level, name, value, (int)length));
}

int shutdown(int descriptor, int how) {
    SOCKET handle = platform_socket(descriptor);
    need_winsock();
    return answer(winsock.shutdown(handle, how));
}

static int int_length(size_t length) {
    return length < INT_MAX ? (int)length : INT_MAX;
}

ssize_t recv(int descriptor, void *buffer, size_t capacity, int flags) {
    SOCKET handle = platform_socket(descriptor);
    need_winsock();
    return answer(winsock.recv(handle, buffer, int_length(capacity), flags));
}

ssize_t send(int descriptor, const void *bytes, size_t length, int flags) {
    SOCKET handle = platform_socket(descriptor);
    need_winsock();
    return answer(winsock.send(handle, bytes, int_length(length), flags));
}

ssize_t read(int descriptor, void *buffer, size_t capacity) {
    Descriptor found = look_up(descriptor);
    return found.kind == KIND_FILE
               ? _read(found.file, buffer, (unsigned)int_length(capacity))
               : recv(descriptor, buffer, capacity, 0);
}

ssize_t write(int descriptor, const void *bytes, size_t length) {
    Descriptor found = look_up(descriptor);
    return found.kind == KIND_FILE
               ? _write(found.file, bytes, (unsigned)int_length(length))
               : send(descriptor, bytes, length, 0);
}

uint16_t htons(uint16_t number) {
    return __builtin_bswap16(number);
}

uint16_t ntohs(uint16_t number) {
    return __builtin_bswap16(number);
}

uint32_t htonl(uint32_t number) {
    return __builtin_bswap32(number);
}

uint32_t ntohl(uint32_t number) {
    return __builtin_bswap32(number);
}

/* --- Pairs ---------------------------------------------------------------- */

/* Makes `listener` one, and a connection to it. Returns 0 or -1. */
static int connect_through(SOCKET listener, SOCKET ends[2]) {
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    struct sockaddr *name = (struct sockaddr *)&address;
    int length = sizeof address;
    if (winsock.bind(listener, name, length) != 0 ||
        winsock.listen(listener, 1) != 0 ||
        winsock.getsockname(listener, name, &length) != 0 ||
        WSAConnect(ends[0], name, length, NULL, NULL, NULL, NULL) != 0) {
        return answer(SOCKET_ERROR);
    }
    ends[1] = WSAAccept(listener, NULL, NULL, NULL, 0);
    return ends[1] == INVALID_SOCKET ? answer(SOCKET_ERROR) : 0;
}

static void send_without_delay(SOCKET end) {
    BOOL on = TRUE;
    winsock.setsockopt(end, IPPROTO_TCP, TCP_NODELAY, (const char *)&on,
                       sizeof on);
}

static int open_pair(SOCKET ends[2]) {
    SOCKET listener = new_socket(AF_INET, SOCK_STREAM, 0);
    ends[0] = new_socket(AF_INET, SOCK_STREAM, 0);
    int result = connect_through(listener, ends);
    int error = errno;
    closesocket(listener);
    if (result != 0) {
        closesocket(ends[0]);
        return fail(error);
    }
    send_without_delay(ends[0]);
    send_without_delay(ends[1]);
    return 0;
}

int socketpair(int family, int type, int protocol, int ends[2]) {
    SOCKET handles[2] = {INVALID_SOCKET, INVALID_SOCKET};
    (void)family, (void)type, (void)protocol;
    int first = take_number_for_socket();
    int second = first < 0 ? -1 : take_number_for_socket();
    if (second < 0 || open_pair(handles) < 0) {
        int error = errno;
        give_back(first);
        give_back(second);
        return fail(error);
    }
    ends[0] = adopt(first, handles[0]);
    ends[1] = adopt(second, handles[1]);
    return 0;
}

/* Each end could do both; no caller tries. */
int pipe(int ends[2]) {
    return socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
}

/* --- Waiting -------------------------------------------------------------- */

/* How long a thread that has been cancelled may go on waiting, at most. */
enum { LOOK_UP_FIRST_MS = 5, LOOK_UP_LATER_MS = 500 };

/* Answers for what is no socket; returns how many entries that settles. */
static int settle(struct pollfd *entries, WSAPOLLFD *asked, nfds_t count) {
    int settled = 0;
    for (nfds_t i = 0; i < count; i++) {
        Kind kind = look_up(entries[i].fd).kind;
        asked[i] =
            (WSAPOLLFD){platform_socket(entries[i].fd), entries[i].events, 0};
        entries[i].revents = 0;
        if (entries[i].fd >= 0 && kind != KIND_SOCKET) {
            entries[i].revents =
                kind == KIND_FREE ? POLLNVAL : entries[i].events;
        }
        settled += entries[i].revents != 0;
    }
    return settled;
}

/* There, POLLIN is two bits, for two kinds of data; of them one comes back. */
static short to_posix(short events) {
    return (events & POLLIN) != 0 ? (short)(events | POLLIN) : events;
}

/* WSAPoll() with no socket at all fails; here it waits. */
static int ask_winsock(WSAPOLLFD *asked, nfds_t count, int timeout_ms) {
    bool any = false;
    for (nfds_t i = 0; i < count; i++) {
        any |= asked[i].fd != INVALID_SOCKET;
    }
    if (any) {
        need_winsock();
        return answer(WSAPoll(asked, count, timeout_ms));
    }
    Sleep((DWORD)timeout_ms);
    return 0;
}

/* Looks up whether the thread has been cancelled: soon, and then less often. */
static int wait_in_turns(WSAPOLLFD *asked, nfds_t count, int timeout_ms) {
    ULONGLONG begun = GetTickCount64();
    int turn = LOOK_UP_FIRST_MS;
    for (;;) {
        pthread_testcancel();
        ULONGLONG gone = GetTickCount64() - begun;
        bool last =
            timeout_ms >= 0 && gone + (unsigned)turn >= (unsigned)timeout_ms;
        if (last) {
            turn = gone < (unsigned)timeout_ms ? timeout_ms - (int)gone : 0;
        }
        int ready = ask_winsock(asked, count, turn);
        if (ready != 0 || last) {
            return ready;
        }
        turn = turn * 2 < LOOK_UP_LATER_MS ? turn * 2 : LOOK_UP_LATER_MS;
    }
}

/* The array is not the C library's memory, of which the tests keep count. */
int poll(struct pollfd *entries, nfds_t count, int timeout_ms) {
    WSAPOLLFD few[16];
    HANDLE heap = GetProcessHeap();
    WSAPOLLFD *asked = few;
    if (count > sizeof few / sizeof *few) {
        asked = HeapAlloc(heap, 0, count * sizeof *asked);
        if (asked == NULL) {
            return fail(ENOMEM);
        }
    }
    int settled = settle(entries, asked, count);
    int ready = wait_in_turns(asked, count, settled > 0 ? 0 : timeout_ms);
    int total = ready < 0 ? ready : 0;
    for (nfds_t i = 0; ready >= 0 && i < count; i++) {
        if (asked[i].fd != INVALID_SOCKET) {
            entries[i].revents = to_posix(asked[i].revents);
        }
        total += entries[i].revents != 0;
    }
    if (asked != few) {
        HeapFree(heap, 0, asked);
    }
    return total;
}

/* --- Signals -------------------------------------------------------------- */

static void (*handlers[NSIG])(int);

/* The C library forgets a handler when it calls it. */
static void handle(int signal_number) {
    signal(signal_number, handle);
    handlers[signal_number](signal_number);
}

int sigaction(int signal_number, const struct sigaction *action,
              struct sigaction *before_out) {
    void (*handler)(int) = action->sa_handler;
    if (before_out != NULL) {
        before_out->sa_handler = handlers[signal_number];
    }
    bool ours = handler != SIG_DFL && handler != SIG_IGN;
    handlers[signal_number] = handler;
    return signal(signal_number, ours ? handle : handler) == SIG_ERR ? -1 : 0;
}

int sigemptyset(sigset_t *set_out) {
    *set_out = 0;
    return 0;
}

int sigaddset(sigset_t *set, int signal_number) {
    *set |= 1 << signal_number;
    return 0;
}

int sigismember(const sigset_t *set, int signal_number) {
    return (*set & 1 << signal_number) != 0;
}

int sigprocmask(int how, const sigset_t *set, sigset_t *before_out) {
    (void)how, (void)set, (void)before_out;
    return 0;
}

int sigpending(sigset_t *set_out) {
    return sigemptyset(set_out);
}

/* --- Threads and processes ------------------------------------------------ */

/* That stands in the head of the program. */
static size_t stack_that_the_program_asks_for(void) {
    const char *program = (const char *)GetModuleHandleA(NULL);
    const IMAGE_DOS_HEADER *head = (const void *)program;
    const IMAGE_NT_HEADERS *more = (const void *)(program + head->e_lfanew);
    return more->OptionalHeader.SizeOfStackReserve;
}

int platform_getstacksize(const pthread_attr_t *attributes, size_t *size_out) {
    *size_out = attributes->s_size != 0 ? attributes->s_size
                                        : stack_that_the_program_asks_for();
    return 0;
}

pid_t fork(void) {
    return fail(ENOSYS);
}

pid_t waitpid(pid_t child, int *status_out, int flags) {
    (void)child, (void)status_out, (void)flags;
    return fail(ECHILD);
}
