/*
 * No system at all: the checklist for a new back end.
 *
 * It compiles, refuses to be made, and does nothing else. To write a back end:
 * copy this file, take the functions in order, and run the contract's tests
 * with BACKEND=… after each. Begin the file with what this system offers, how
 * it differs from what backend.h owes, and what goes wrong if that is
 * forgotten; the other files show how.
 *
 * First find out, from the system's documentation and by trying:
 *
 *  1. Does it report readiness, or that an operation is complete? Of a
 *     descriptor, or of each signal by itself?
 *  2. Does it report a level as long as it lasts, an edge, or once?
 *  3. Does it report hang-up and error unasked? Of an object that is armed for
 *     no signal, too? Not even when asked?
 *  4. What does it remember of an object that was closed, and for how long? And
 *     of a pipe whose other end is closed?
 *  5. Which number of ours does it carry with a report: are there 64 bits?
 *  6. How does another thread end a wait, and may a signal handler?
 *  7. What is its unit of time, and can a signal interrupt the wait?
 */
#include <errno.h>
#include <stdio.h>

#include "backend.h"

/* What the system gave us, and what is kept for it. */
struct Backend {
    char nothing;
};

/*
 *  1. Get what the system needs, and the wake-up with it. No program that this
 *     one starts inherits any of it.
 *  2. If one part is refused, give back the parts before it, in reverse order,
 *     leave `backend_out` alone, and return `-errno`.
 */
int backend_new(Backend **backend_out) {
    (void)backend_out;
    fprintf(stderr,
            "%s cannot wait for anything yet: what it has to do stands "
            "in it, step by step.\n",
            __FILE__);
    return -ENOSYS;
}

/*
 *  1. Give back all that backend_new() got.
 *  2. Objects may still be armed: forget them, and close none of them.
 *  3. If the system still writes into memory of ours (a completion), wait for
 *     the end of that first.
 */
void backend_free(Backend *backend) {
    (void)backend;
}

/*
 *  1. `before` is 0: a new object, whose number can be any. Refuse what is not
 *     open with `-EBADF`, before any table grows for it. Refuse a file, a
 *     folder and /dev/null with `-EPERM`; take sockets, pipes, FIFOs and
 *     terminals. Keep nothing of what was refused.
 *  2. Neither is 0: change the signals. What is there already must be
 *     reported, although nothing changes any more. If the change is refused,
 *     the signals of before are still armed.
 *  3. `after` is 0: forget it wholly, hang-up and error included. That the
 *     object may be closed already is no reason to fail loudly.
 *  4. Reports that are under way carry the old generation; leave them to
 *     io_blocker.c, or drop them.
 */
int backend_arm(Backend *backend, IoObject object, uint32_t generation,
                Signals before, Signals after) {
    (void)backend, (void)object, (void)generation, (void)before, (void)after;
    return -ENOSYS;
}

/*
 *  1. Report levels: if the system reports only once, arm again what the last
 *     wait reported and what is still armed, here and not earlier.
 *  2. Look before you heed the deadline: DEADLINE_NOW still reports.
 *  3. Round time up to the system's unit, DEADLINE_NEVER has no end, and what
 *     does not fit the system's type is cut short.
 *  4. Resume an interrupted wait with the time that is left.
 *  5. Report at most `capacity` objects; keep the rest for the next wait, and
 *     serve all in turn.
 *  6. Turn hang-up and error into both signals.
 *  7. Set `*woken` for a wake-up, in addition to what is reported. Many are
 *     one. Never set it to false.
 *  8. Ask for no memory.
 */
int backend_wait(Backend *backend, uint64_t deadline_ns,
                 Readiness *readiness_out, size_t capacity, bool *woken) {
    (void)backend, (void)deadline_ns, (void)readiness_out, (void)capacity;
    (void)woken;
    return -ENOSYS;
}

/*
 *  1. End the wait that is under way or, if there is none, the next one.
 *  2. Any thread may call it until backend_free(), a signal handler too: no
 *     lock, no memory, errno as it was.
 *  3. Never sleep, however often it is called.
 */
void backend_wake(Backend *backend) {
    (void)backend;
}
