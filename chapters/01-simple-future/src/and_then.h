/** @file
 * Two futures one after the other: ready when the second is.
 * Pointers are borrowed, unless said to be owned. Rules: docs/headers.md. */
#ifndef AND_THEN_H
#define AND_THEN_H

#include "simple_future.h"

/** Finishes a first future, and then a second one. */
typedef struct AndThen {
    SimpleFuture future;
    SimpleFuture *first;  /**< `NULL` once it was ready. */
    SimpleFuture *second; /**< Not polled before `first` was ready. */
} AndThen;

/** Makes the future of one after the other; borrows both until it is ready. */
void and_then_init(AndThen *self, SimpleFuture *first, SimpleFuture *second);

#endif
