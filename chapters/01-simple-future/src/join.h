/**
 * @file
 * Two futures at the same time: ready when both are.
 */
#ifndef JOIN_H
#define JOIN_H

#include "simple_future.h"

/** Waits for two futures at once; each keeps its own output. */
typedef struct Join {
    /** What is polled. */
    SimpleFuture future;
    /** Borrowed; `NULL` once it was ready. */
    SimpleFuture *first;
    /** Borrowed; `NULL` once it was ready. */
    SimpleFuture *second;
} Join;

/**
 * Makes the future of both; allocates nothing.
 *
 * @param[out] self   memory of the caller's.
 * @param[in] first   borrowed until the join is ready.
 * @param[in] second  borrowed until the join is ready.
 */
void join_init(Join *self, SimpleFuture *first, SimpleFuture *second);

#endif
