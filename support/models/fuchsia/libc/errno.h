/*
 * The part of a C library that needs no system: its declarations, as the
 * standard says, so that a compiler which has none for Fuchsia can check the
 * sources that need no more. Nothing is linked with them.
 */
#ifndef ERRNO_H
#define ERRNO_H

int *__errno_location(void);
#define errno (*__errno_location())

/* The numbers of musl, from which Fuchsia's C library comes. */
#define EPERM 1
#define EINTR 4
#define EIO 5
#define EBADF 9
#define EAGAIN 11
#define ENOMEM 12
#define EEXIST 17
#define EINVAL 22
#define ENFILE 23
#define EMFILE 24
#define EPIPE 32
#define EDEADLK 35
#define EILSEQ 84
#define EADDRINUSE 98
#define ECONNABORTED 103
#define ENOTCONN 107
#define ETIMEDOUT 110
#define EINPROGRESS 115
#define ECANCELED 125

#endif
