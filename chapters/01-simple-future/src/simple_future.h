/** @file
 * A value that may not be there yet, and the one question you can ask it. A
 * future does nothing by itself. When it is polled, it goes on as far as it can
 * without waiting, and answers "ready" or "pending". A pending future has left
 * `wake` where it will be called when polling again is worth the trouble.
 * Pointers are borrowed, unless said to be owned. Rules: docs/headers.md. */
#ifndef SIMPLE_FUTURE_H
#define SIMPLE_FUTURE_H

/** The answer to a poll. Rust: `Poll<T>`. */
typedef enum Poll {
    POLL_PENDING, /**< Not yet: `wake` will be called. */
    POLL_READY,   /**< Done: the output is there. Never poll again. */
} Poll;

/** What a pending future has called when there is news. Rust: `fn()`. */
typedef void (*WakeFn)(void);

/** A future, as its caller sees it: the first member of each one. */
typedef struct SimpleFuture SimpleFuture;

/** See SimpleFuture. */
struct SimpleFuture {
    Poll (*poll)(SimpleFuture *future, WakeFn wake); /**< The concrete one. */
};

/** Asks a future to go on as far as it can; while pending, it keeps `wake`. */
Poll simple_future_poll(SimpleFuture *future, WakeFn wake);

#endif
