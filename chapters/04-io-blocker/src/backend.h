/** @file
 * What a back end owes: the part of an IoBlocker that differs from system to
 * system. io_blocker.c is its only caller; one backends/….c is compiled. A back
 * end reports levels: as long as an object is armed for a signal and that
 * signal is there, every wait reports it. (A system that reports only once arms
 * again by itself.) What is out of date is io_blocker.c's business.
 * Pointers are borrowed, unless said to be owned. Rules: docs/headers.md. */
#ifndef BACKEND_H
#define BACKEND_H

#include <stdbool.h>

#include "io_blocker.h"

/** The system's side of an IoBlocker. */
typedef struct Backend Backend;

/** That an object has signals, according to the system. */
typedef struct Readiness {
    IoObject object;
    uint32_t generation; /**< With which the object was armed. */
    Signals signals;     /**< Both for a hang-up or an error. */
} Readiness;

/** Makes a back end on which nothing is armed. */
int backend_new(Backend **backend_out);

/** Gives it up, with all that is armed. */
void backend_free(Backend *backend);

/** Changes what is reported for an object, and with which generation. `before`
 * is 0 if it is not known yet: it can be any number. `after` is 0 to forget it:
 * it may be closed. Errors: `-EPERM` for what cannot be waited for, `-EBADF` if
 * not open; then nothing is kept of it, no room either. */
int backend_arm(Backend *backend, IoObject object, uint32_t generation,
                Signals before, Signals after);

/** Waits until there is something to report, interrupted or not. `woken`
 * becomes true if backend_wake() was called. There is room for
 * `capacity` entries, #IO_BLOCKER_BATCH at most. Returns how many there are; 0 if woken, or at the deadline, or a
 * little early; `-errno` if the system cannot wait. */
int backend_wait(Backend *backend, uint64_t deadline_ns,
                 Readiness *readiness_out, size_t capacity, bool *woken);

/** Ends the wait under way, or the next one. Any thread, signal handlers. */
void backend_wake(Backend *backend);

#endif
