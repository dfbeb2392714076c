/**
 * @file
 * What a back end owes: the part of an IoBlocker that differs from system to
 * system. io_blocker.c is its only caller; one backend_….c is compiled.
 *
 * The blocking thread calls everything here except backend_wake().
 *
 * A back end reports levels: as long as an object is armed for a signal and
 * that signal is there, every wait reports it. (A system that reports only
 * once arms again by itself.) Who is interested, who has been told and what
 * is out of date is io_blocker.c's business.
 */
#ifndef BACKEND_H
#define BACKEND_H

#include <stdbool.h>

#include "io_blocker.h"

/** The system's side of an IoBlocker. */
typedef struct Backend Backend;

/** That an object has signals, according to the system. */
typedef struct Readiness {
    /** On which it was armed. */
    IoObject object;
    /** With which it was armed. */
    uint32_t generation;
    /** What is there; both signals for a hang-up or an error. */
    Signals signals;
} Readiness;

/**
 * Makes a back end on which nothing is armed.
 *
 * @param[out] backend_out  to be given to backend_free().
 * @return 0 or `-errno`.
 */
int backend_new(Backend **backend_out);

/**
 * Gives it up, with all that is armed.
 *
 * @param[in,out] backend  consumed.
 */
void backend_free(Backend *backend);

/**
 * Changes the signals that are reported for an object.
 *
 * @param[in,out] backend  borrowed.
 * @param[in] object       any number, if `before` is 0: it need not be open.
 *                         It may have been closed, if `after` is 0.
 * @param[in] generation   to be reported with them.
 * @param[in] before       for what it is armed now; 0 if it is not known yet.
 * @param[in] after        for what it shall be; 0 to forget it.
 * @return 0 or `-errno`: `-EPERM` for what cannot be waited for, `-EBADF` if
 *         not open. Nothing is kept of what was refused, no room either.
 */
int backend_arm(Backend *backend, IoObject object, uint32_t generation,
                Signals before, Signals after);

/**
 * Waits until there is something to report. Interrupted waits are resumed
 * with the time that is left.
 *
 * @param[in,out] backend      borrowed.
 * @param[in] deadline_ns      as in io_blocker_block_until().
 * @param[out] readiness_out   room for `capacity` entries.
 * @param[in] capacity         1 to #IO_BLOCKER_BATCH.
 * @param[in,out] woken        set to true if backend_wake() was called.
 * @return how many entries there are; 0 if woken, or at the deadline, or a
 *         little early; `-errno` if the system cannot wait.
 */
int backend_wait(Backend *backend, uint64_t deadline_ns,
                 Readiness *readiness_out, size_t capacity, bool *woken);

/**
 * Ends the wait that is under way, or the next one. Any thread; also from a
 * signal handler.
 *
 * @param[in,out] backend  borrowed.
 */
void backend_wake(Backend *backend);

#endif
