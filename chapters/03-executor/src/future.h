/** @file
 * A value that may not be there yet, polled on behalf of a task. A future does
 * nothing by itself. When it is polled, it goes on as far as it can without
 * waiting, and answers "ready" or "pending". A pending future has left a clone
 * of the latest waker where it will be woken when polling again is worth the
 * trouble. Until its first poll it may be moved; then it stays (Rust: `Pin`).
 * Pointers are borrowed, unless said to be owned. Rules: docs/headers.md. */
#ifndef FUTURE_H
#define FUTURE_H

#include "waker.h"

/** The answer to a poll. Rust: `Poll<T>`. */
typedef enum Poll {
    POLL_PENDING, /**< Not yet: a clone of the waker will be woken. */
    POLL_READY,   /**< Done: the output is there. Never poll again. */
} Poll;

/** On whose behalf a future is polled. Rust: `Context`. */
typedef struct Context {
    const Waker *waker; /**< Lent for the poll, on its thread; clone to keep. */
} Context;

/** A future, as its caller sees it: the first member of each one. */
typedef struct Future Future;

/** What a kind of future can do: see future_poll() and future_drop(). */
typedef struct FutureVtable {
    Poll (*poll)(Future *future, Context *context);
    void (*drop)(Future *future);
} FutureVtable;

/** See Future. */
struct Future {
    const FutureVtable *vtable;
};

//! [future_poll]
/** Asks a future to go on as far as it can. */
static inline Poll future_poll(Future *future, Context *context) {
    return future->vtable->poll(future, context);
}

/** Ends a future: releases all that it registered, and its output. */
static inline void future_drop(Future *future) {
    future->vtable->drop(future);
}
//! [future_poll]

#endif
