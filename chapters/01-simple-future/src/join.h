/** @file
 * Two futures at the same time: ready when both are.
 * Pointers are borrowed, unless said to be owned. Rules: docs/headers.md. */
#ifndef JOIN_H
#define JOIN_H

#include "simple_future.h"

/** Waits for two futures at once; each keeps its own output. */
typedef struct Join {
    SimpleFuture future;
    SimpleFuture *first;  /**< `NULL` once it was ready. */
    SimpleFuture *second; /**< `NULL` once it was ready. */
} Join;

/** Makes the future of both; borrows them until it is ready. */
void join_init(Join *self, SimpleFuture *first, SimpleFuture *second);

#endif
