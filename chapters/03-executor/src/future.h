/**
 * @file
 * A value that may not be there yet, polled on behalf of a task.
 *
 * A future does nothing by itself. Somebody polls it: it goes on as far as it
 * can without waiting, and answers either "ready" or "pending". If it answers
 * pending, it has left a clone of the waker with somebody who will wake it
 * when polling again is worth the trouble. It keeps the latest waker only:
 * the next poll may come from another task.
 *
 * A future that is no longer wanted is dropped, once, at any point: before
 * its first poll, pending, or ready. Dropping gives back what it registered.
 * Until its first poll a future may be moved in memory; from then on it stays
 * where it is (Rust: `Pin`).
 */
#ifndef FUTURE_H
#define FUTURE_H

#include "waker.h"

/** The answer to a poll. Rust: `Poll<T>`. */
typedef enum Poll {
    /** Not yet: a clone of the waker is where it will be woken. */
    POLL_PENDING,
    /** Done: the output stands in the concrete future. Never poll it again. */
    POLL_READY,
} Poll;

/** On whose behalf a future is polled. Rust: `Context`. */
typedef struct Context {
    /** Borrowed for the poll, on its thread; a pending future clones it. */
    const Waker *waker;
} Context;

/** A future, as seen by whoever polls it: the first member of each one. */
typedef struct Future Future;

/** What a kind of future can do. */
typedef struct FutureVtable {
    /** See future_poll(). */
    Poll (*poll)(Future *future, Context *context);
    /** See future_drop(). */
    void (*drop)(Future *future);
} FutureVtable;

/** See Future. */
struct Future {
    /** The concrete future's functions. */
    const FutureVtable *vtable;
};

/**
 * Asks a future to go on as far as it can without waiting.
 *
 * Polling a pending future again, for whatever reason, is allowed and
 * harmless.
 *
 * @param[in,out] future   borrowed; not ready yet.
 * @param[in,out] context  borrowed.
 * @return #POLL_READY or #POLL_PENDING.
 */
Poll future_poll(Future *future, Context *context);

/**
 * Ends a future and releases all that it registered. The output of a ready
 * future belongs to whoever polled it, and stays.
 *
 * @param[in,out] future  not used afterwards; its memory is its owner's.
 */
void future_drop(Future *future);

#endif
