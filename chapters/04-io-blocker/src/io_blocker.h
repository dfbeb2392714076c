/** @file
 * Blocks one thread until something happens on any of many sockets.
 *
 * The contract, on every system:
 *
 * - One thread adds interests, removes them and blocks. Any may wake it.
 * - An interest is spent by its event, signal by signal. Add it again for more.
 * - Adding checks what is there at that moment (the level), not what changes
 *   later (the edge): nothing is lost, and nothing need be read empty first.
 * - The signals of an event are among those asked for. Hang-up, which is the
 *   end of both directions, and error arrive as whatever was asked for. If only
 *   the far end has stopped writing, readers are told, and writers are not.
 * - An event may be spurious: the read then finds nothing. It is never missing.
 * - Remove before you close, also when the event has been spent. Otherwise the
 *   next object with this number and the same id may never be reported.
 * - After fork() the collection stays the parent's: the child calls nothing of
 *   this file. It may close what it has inherited, exec and _exit().
 *
 * Pointers are borrowed, unless said to be owned. Rules: docs/headers.md. */
#ifndef IO_BLOCKER_H
#define IO_BLOCKER_H

#include <stddef.h>
#include <stdint.h>

/** The descriptor of a socket, a pipe, a FIFO or a terminal. What is always
 * ready is refused: a file, a folder, /dev/null. Other devices may be, too. */
typedef int IoObject;

/** A set of signals: what to wait for, or what occurred. */
typedef unsigned Signals;

#define SIGNAL_READABLE 1u /**< A read gets bytes, end of file or an error. */
#define SIGNAL_WRITABLE 2u /**< A write finds room, or an error. */

/** Something that is waited for, or that occurred. */
typedef struct Event {
    uint64_t id;     /**< Names the object, as the caller chose. */
    Signals signals; /**< At least one. */
} Event;

/** A collection of interests that one thread can block on. */
typedef struct IoBlocker IoBlocker;

/** Makes a collection without interests. Errors: `-ENOMEM`, `-EMFILE` or so. */
int io_blocker_new(IoBlocker **blocker_out);

/** Gives the collection up, which no thread wakes any more. */
void io_blocker_free(IoBlocker *blocker);

/** Asks for one more event on an object. Errors: `-EEXIST` if another id waits
 * on it; `-EPERM` if it cannot be waited for (see #IoObject); `-EBADF` if it is
 * not open; `-ENOMEM`, `-ENOSPC`. */
int io_blocker_add_io_event_interest(IoBlocker *blocker, IoObject object,
                                     Event event);

/** Asks no longer for some signals. Without any, the system forgets the object,
 * which may have none already, or be closed. */
void io_blocker_remove_io_event_interest(IoBlocker *blocker, IoObject object,
                                         Signals signals);

/** Waits for one event, without a deadline; returns 0, or errors as below. */
int io_blocker_block(IoBlocker *blocker, Event *event_out);

/** Blocks until events occur or a deadline passes (rounded up to a millisecond;
 * #DEADLINE_NOW only looks). There is room for `capacity` events, at
 * least 1. Returns how many there are (#IO_BLOCKER_BATCH at most); their
 * interests are spent. Errors: `-ETIMEDOUT`; `-ECANCELED` after
 * io_blocker_wake(); the system's, if it cannot wait. */
int io_blocker_block_until(IoBlocker *blocker, uint64_t deadline_ns,
                           Event *events_out, size_t capacity);

/** The most events that one wait returns. */
enum { IO_BLOCKER_BATCH = 256 };

/** Ends the wait under way, or the next, once. Any thread, signal handlers. */
void io_blocker_wake(IoBlocker *blocker);

/** A set of signals in words, for example `READABLE | WRITABLE`. */
const char *signals_name(Signals signals);

#endif
