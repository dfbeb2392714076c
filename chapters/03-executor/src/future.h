/**
 * @file
 * A value that may not be there yet, polled on behalf of a task.
 *
 * A future does nothing by itself. When it is polled, it goes on as far as it
 * can without waiting, and answers either "ready" or "pending". A pending
 * future has left a clone of the waker where it will be woken when polling
 * again is worth the trouble. It keeps the latest waker only: the next poll may
 * come from another task.
 *
 * What it registers is a node in its own memory, so that dropping it takes back
 * that node and nothing else. Until its first poll a future may be moved; from
 * then on it stays where it is, since a list may point to it (Rust: `Pin`).
 *
 * A future is dropped once, at any point: before its first poll, pending, or
 * ready. Its output belongs to it until it is taken.
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

/** A future, as its caller sees it: the first member of each one. */
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

//! [future_poll]
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
static inline Poll future_poll(Future *future, Context *context) {
    return future->vtable->poll(future, context);
}

/**
 * Ends a future: releases all that it registered, and of its output what has
 * not been taken.
 *
 * @param[in,out] future  not used afterwards; its memory is its owner's.
 */
static inline void future_drop(Future *future) {
    future->vtable->drop(future);
}
//! [future_poll]

#endif
