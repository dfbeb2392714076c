/**
 * @file
 * Blocks one thread until something happens on any of many sockets.
 *
 * The contract, on every system:
 *
 * - One thread adds interests, removes them and blocks. Any thread may wake
 *   it with io_blocker_wake().
 * - An interest is spent by its event, signal by signal. Whoever wants another
 *   event asks again.
 * - Asking checks what is there at that moment (the level), not what changes
 *   later (the edge). So nothing that came in between is lost, and nobody has
 *   to read a socket empty first.
 * - The signals of an event are among those asked for. Hang-up and error
 *   arrive as whatever was asked for; the next read or write tells which.
 * - An event may be spurious: the read that follows finds nothing. It is
 *   never missing.
 * - Remove before you close, also when the event has been spent. An object
 *   that is closed without that may leave its number behind as one that the
 *   system has been told of. The next object with this number and the same id
 *   would then never be reported.
 * - After fork() the collection stays the parent's, whose set in the kernel the
 *   child may share. The child calls nothing of this file, io_blocker_free()
 *   neither. It may close what it has inherited, exec and _exit().
 */
#ifndef IO_BLOCKER_H
#define IO_BLOCKER_H

#include <stddef.h>
#include <stdint.h>

/**
 * What events occur on: the descriptor of a socket, a pipe, a FIFO or a
 * terminal. What is ready at all times cannot be waited for: a regular file, a
 * folder, /dev/null. Of other devices nothing is promised, since not every
 * system can wait for them.
 */
typedef int IoObject;

/** A set of signals: what to wait for, or what occurred. */
typedef unsigned Signals;

/** A read would not wait: there are bytes, the end of file, or an error. */
#define SIGNAL_READABLE 1u

/** A write would not wait: there is room, or an error. */
#define SIGNAL_WRITABLE 2u

/** Something that is waited for, or that occurred. */
typedef struct Event {
    /** Names the object; chosen by whoever added the interest. */
    uint64_t id;
    /** At least one of #SIGNAL_READABLE and #SIGNAL_WRITABLE. */
    Signals signals;
} Event;

/** A collection of interests that one thread can block on. */
typedef struct IoBlocker IoBlocker;

/**
 * Makes a collection without interests.
 *
 * @param[out] blocker_out  to be given to io_blocker_free().
 * @return 0, `-ENOMEM`, or another `-errno` if the system has no descriptor
 *         left for it (`-EMFILE`, `-ENFILE`).
 */
int io_blocker_new(IoBlocker **blocker_out);

/**
 * Gives the collection up, with the interests that are left.
 *
 * @param[in,out] blocker  consumed; nobody blocks on it or wakes it any more.
 */
void io_blocker_free(IoBlocker *blocker);

/**
 * Asks for one event on an object, in addition to what is asked already: a
 * reader and a writer may wait on one socket. Blocking thread.
 *
 * @param[in,out] blocker  borrowed.
 * @param[in] object       borrowed until the interest is removed.
 * @param[in] event        the signals to wait for, and the id that their
 *                         event is to carry; one id for an object at a time.
 * @return 0; `-EEXIST` if another id waits on this object; `-EPERM` if the
 *         object is of a kind that cannot be waited for (see #IoObject);
 *         `-EBADF` if it is not open; `-ENOMEM`, `-ENOSPC`.
 */
int io_blocker_add_io_event_interest(IoBlocker *blocker, IoObject object,
                                     Event event);

/**
 * Asks no longer. If nothing is left to wait for on this object, the system
 * forgets it: do this before closing it, with all signals, also when its event
 * has been spent. Blocking thread.
 *
 * @param[in,out] blocker  borrowed.
 * @param[in] object       one without interests is allowed, a closed one too.
 * @param[in] signals      what not to wait for.
 */
void io_blocker_remove_io_event_interest(IoBlocker *blocker, IoObject object,
                                         Signals signals);

/**
 * Blocks until one event occurs.
 *
 * @param[in,out] blocker  borrowed.
 * @param[out] event_out   what occurred; its interest is spent.
 * @return 0; `-ECANCELED` if io_blocker_wake() was called; another `-errno`
 *         if the system cannot wait.
 */
int io_blocker_block(IoBlocker *blocker, Event *event_out);

/**
 * Blocks until events occur or a deadline passes. With #DEADLINE_NOW it looks
 * but does not block.
 *
 * @param[in,out] blocker  borrowed.
 * @param[in] deadline_ns  absolute, on the clock of clock_now_ns(); waiting
 *                         ends less than a millisecond after it.
 * @param[out] events_out  what occurred; room for `capacity` events.
 * @param[in] capacity     at least 1; #IO_BLOCKER_BATCH makes best use of it.
 * @return how many events there are, 1 or more; `-ETIMEDOUT`; `-ECANCELED` if
 *         io_blocker_wake() was called; another `-errno` if the system cannot
 *         wait.
 */
int io_blocker_block_until(IoBlocker *blocker, uint64_t deadline_ns,
                           Event *events_out, size_t capacity);

/** The most events that one wait returns. */
enum { IO_BLOCKER_BATCH = 256 };

/**
 * Ends the wait of the blocking thread, or its next one. Calls that it has
 * not noticed yet count as one. Any thread; also from a signal handler.
 *
 * @param[in,out] blocker  borrowed.
 */
void io_blocker_wake(IoBlocker *blocker);

/**
 * A set of signals in words.
 *
 * @param[in] signals  any set.
 * @return for example `READABLE | WRITABLE`; a constant.
 */
const char *signals_name(Signals signals);

#endif
