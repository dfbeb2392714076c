/**
 * @file
 * A value that may not be there yet, and the one question you can ask it.
 *
 * A future does nothing by itself. Somebody polls it: it goes on as far as it
 * can without waiting, and answers either "ready" or "pending". If it answers
 * pending, it has left `wake` with somebody who will call it when polling
 * again is worth the trouble.
 */
#ifndef SIMPLE_FUTURE_H
#define SIMPLE_FUTURE_H

/** The answer to a poll. Rust: `Poll<T>`. */
typedef enum Poll {
    /** Not yet: `wake` has been left where it will be called. */
    POLL_PENDING,
    /** Done: the output stands in the concrete future. Never poll it again. */
    POLL_READY,
} Poll;

/** Left behind by a pending future; whoever has news calls it. Rust: `fn()`. */
typedef void (*WakeFn)(void);

/** A future, as seen by whoever polls it: the first member of each one. */
typedef struct SimpleFuture SimpleFuture;

/** See SimpleFuture. */
struct SimpleFuture {
    /** The concrete future's poll; call it through simple_future_poll(). */
    Poll (*poll)(SimpleFuture *future, WakeFn wake);
};

/**
 * Asks a future to go on as far as it can without waiting.
 *
 * Polling a pending future again, for whatever reason, is allowed and
 * harmless.
 *
 * @param[in,out] future  borrowed; not ready yet.
 * @param[in] wake        kept by the future for as long as it is pending.
 * @return #POLL_READY or #POLL_PENDING.
 */
Poll simple_future_poll(SimpleFuture *future, WakeFn wake);

#endif
