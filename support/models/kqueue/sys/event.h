/**
 * @file
 * The declarations of kqueue(2), for the model beside it (../kqueue.c, whose
 * first lines say what it models and what not). Names, fields and values are
 * those that the manual pages of FreeBSD and of macOS give; filters and flags
 * that the model does not have are not declared, so that code which needs
 * them does not compile against it.
 */
#ifndef MODEL_SYS_EVENT_H
#define MODEL_SYS_EVENT_H

#include <stdint.h>
#include <time.h>

/** One event, or one change. */
struct kevent {
    uintptr_t ident; /**< what it is about; mostly a descriptor */
    short filter;    /**< what is looked at; names it together with `ident` */
    unsigned short flags;
    unsigned int fflags;
    intptr_t data;
    void *udata; /**< the caller's; comes back as it was given */
};

/** Fills in a kevent. */
#define EV_SET(kevp, a, b, c, d, e, f)                                         \
    (*(kevp) = (struct kevent){(a), (b), (c), (d), (e), (f)})

#define EVFILT_READ (-1)
#define EVFILT_WRITE (-2)
#define EVFILT_USER (-10)

#define EV_ADD 0x0001
#define EV_DELETE 0x0002
#define EV_ENABLE 0x0004
#define EV_DISABLE 0x0008

#define EV_ONESHOT 0x0010
#define EV_CLEAR 0x0020
#define EV_RECEIPT 0x0040
#define EV_DISPATCH 0x0080

#define EV_ERROR 0x4000
#define EV_EOF 0x8000

#define NOTE_FFNOP 0x00000000u
#define NOTE_FFAND 0x40000000u
#define NOTE_FFOR 0x80000000u
#define NOTE_FFCOPY 0xc0000000u
#define NOTE_FFCTRLMASK 0xc0000000u
#define NOTE_FFLAGSMASK 0x00ffffffu
#define NOTE_TRIGGER 0x01000000u

/** Makes a queue. Returns its descriptor; -1 and `errno`. */
int kqueue(void);

/** Applies changes, then waits for events. Returns how many; -1 and `errno`. */
int kevent(int queue, const struct kevent *changes, int change_count,
           struct kevent *events, int capacity, const struct timespec *timeout);

#endif
