/**
 * @file
 * Two futures at the same time: ready when the first of them is.
 *
 * A time-out is one: a read, and a timer.
 */
#ifndef SELECT_H
#define SELECT_H

#include "future.h"

/** Waits for one of two futures; the other one is dropped. */
typedef struct Select {
    /** What is polled. */
    Future future;
    /** Output, once ready: the one that was ready first, with its output in
     * it; `NULL` until then. Ours until we are dropped. */
    Future *winner;
    /** Owned; `NULL` once it has lost. */
    Future *first, *second;
} Select;

/**
 * Makes the future of the first of two; allocates nothing.
 *
 * @param[out] self   memory of the caller's.
 * @param[in] first   owned until the whole is dropped; its memory is the
 *                    caller's. It wins if both are ready.
 * @param[in] second  as `first`.
 */
void select_init(Select *self, Future *first, Future *second);

#endif
