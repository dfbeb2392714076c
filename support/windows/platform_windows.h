/** @file
 * What platform.h promises, on Windows. No other file has to include this one,
 * except a back end that needs the SOCKET behind a descriptor: the lowest small
 * number that is free, as on POSIX, in the table of platform_windows.c. */
#ifndef PLATFORM_WINDOWS_H
#define PLATFORM_WINDOWS_H

/* The system's own functions of the names that ours have: out of the way. */
/** @cond */
#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#define accept winsock_accept
#define bind winsock_bind
#define connect winsock_connect
#define getpeername winsock_getpeername
#define getsockname winsock_getsockname
#define getsockopt winsock_getsockopt
#define htonl winsock_htonl
#define htons winsock_htons
#define listen winsock_listen
#define ntohl winsock_ntohl
#define ntohs winsock_ntohs
#define pollfd winsock_pollfd
#define recv winsock_recv
#define send winsock_send
#define setsockopt winsock_setsockopt
#define shutdown winsock_shutdown
#define socket winsock_socket
#define socklen_t winsock_socklen_t
#define close crt_close
#define dup crt_dup
#define open crt_open
#define read crt_read
#define write crt_write
#include <winsock2.h>
#include <ws2tcpip.h>

#include <fcntl.h>
#include <io.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#undef close
#undef dup
#undef open
#undef read
#undef write
#undef accept
#undef bind
#undef connect
#undef getpeername
#undef getsockname
#undef getsockopt
#undef htonl
#undef htons
#undef listen
#undef ntohl
#undef ntohs
#undef pollfd
#undef recv
#undef send
#undef setsockopt
#undef shutdown
#undef socket
#undef socklen_t
#undef near /* left over from 1985, and good names */
#undef far
/** @endcond */

/** The SOCKET that a descriptor stands for; `INVALID_SOCKET` if that is not an
 * open socket. Any thread. */
SOCKET platform_socket(int descriptor);

/** Whether a descriptor is a socket. Errors: `-EBADF` if it is not open,
 * `-EPERM` if it is a file, for which Windows cannot wait. Any thread. */
int platform_check_socket(int descriptor);

/** The error number of POSIX for one of `WSAGetLastError()`'s, such as `EAGAIN`
 * for `WSAEWOULDBLOCK`; `EIO` if there is none. */
int platform_errno(int winsock_error);

/* What follows is documented where POSIX documents it. */
/** @cond */

typedef unsigned socklen_t;

struct pollfd {
    int fd;
    short events;
    short revents;
};
typedef unsigned long nfds_t;

struct rlimit {
    unsigned long rlim_cur;
    unsigned long rlim_max;
};
typedef unsigned long rlim_t;

struct sigaction {
    void (*sa_handler)(int);
    int sa_flags;
};

#define AF_LOCAL AF_UNIX
#define MSG_NOSIGNAL 0
#define SHUT_RD SD_RECEIVE
#define SHUT_WR SD_SEND
#define SHUT_RDWR SD_BOTH
#define F_DUPFD 0
#define F_GETFD 1
#define F_SETFD 2
#define F_GETFL 3
#define F_SETFL 4
#define FD_CLOEXEC 1
#define O_NONBLOCK 0x4000
#define O_NOCTTY 0
#define RLIMIT_NOFILE 7
#define RLIM_INFINITY ULONG_MAX
#define SIGPIPE 13 /* it is never raised */
#define SIGUSR1 SIGBREAK

int socket(int family, int type, int protocol);
int socketpair(int family, int type, int protocol, int ends[2]);
int pipe(int ends[2]);
int bind(int descriptor, const struct sockaddr *address, socklen_t length);
int listen(int descriptor, int backlog);
int accept(int descriptor, struct sockaddr *address, socklen_t *length);
int connect(int descriptor, const struct sockaddr *address, socklen_t length);
int getpeername(int descriptor, struct sockaddr *address, socklen_t *length);
int getsockname(int descriptor, struct sockaddr *address, socklen_t *length);
int getsockopt(int descriptor, int level, int name, void *value,
               socklen_t *length);
int setsockopt(int descriptor, int level, int name, const void *value,
               socklen_t length);
int shutdown(int descriptor, int how);
ssize_t read(int descriptor, void *buffer, size_t capacity);
ssize_t write(int descriptor, const void *bytes, size_t length);
ssize_t recv(int descriptor, void *buffer, size_t capacity, int flags);
ssize_t send(int descriptor, const void *bytes, size_t length, int flags);
int close(int descriptor);
int dup(int descriptor);
int open(const char *path, int flags, ...);
int fcntl(int descriptor, int command, ...);
#define ttyname(descriptor) ((const char *)NULL) /* none can be opened anew */
int poll(struct pollfd *entries, nfds_t count, int timeout_ms);
/* A signal is either handled or it ends the program: none can be held back. */
#define SIG_BLOCK 0
#define sigset_t platform_sigset
typedef int platform_sigset;
int sigemptyset(sigset_t *set_out);
int sigaddset(sigset_t *set, int signal_number);
int sigismember(const sigset_t *set, int signal_number);
int sigprocmask(int how, const sigset_t *set, sigset_t *before_out);
int sigpending(sigset_t *set_out);

int getrlimit(int resource, struct rlimit *limit_out);
int setrlimit(int resource, const struct rlimit *limit);
int sigaction(int signal_number, const struct sigaction *action,
              struct sigaction *before_out);
uint16_t htons(uint16_t number);
uint16_t ntohs(uint16_t number);
uint32_t htonl(uint32_t number);
uint32_t ntohl(uint32_t number);

#undef fstat
#define fstat platform_fstat
int platform_fstat(int descriptor, struct stat *status_out);

/* The C library's own does not know how much an ordinary thread gets. */
#define pthread_attr_getstacksize platform_getstacksize
int platform_getstacksize(const pthread_attr_t *attributes, size_t *size_out);

/* There are no processes made by copying: they fail, with ENOSYS and ECHILD. */
pid_t fork(void);
pid_t waitpid(pid_t child, int *status_out, int flags);
#define WIFEXITED(status) ((status) >= 0)
#define WEXITSTATUS(status) (status)

/** @endcond */

#endif
