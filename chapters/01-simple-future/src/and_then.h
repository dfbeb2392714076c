/**
 * @file
 * Two futures one after the other: ready when the second is.
 */
#ifndef AND_THEN_H
#define AND_THEN_H

#include "simple_future.h"

/** Finishes a first future, and then a second one. */
typedef struct AndThen {
    /** What is polled. */
    SimpleFuture future;
    /** Borrowed; `NULL` once it was ready. */
    SimpleFuture *first;
    /** Borrowed; not polled before `first` was ready. */
    SimpleFuture *second;
} AndThen;

/**
 * Makes the future of one after the other; allocates nothing.
 *
 * @param[out] self   memory of the caller's.
 * @param[in] first   borrowed until the whole is ready.
 * @param[in] second  borrowed until the whole is ready.
 */
void and_then_init(AndThen *self, SimpleFuture *first, SimpleFuture *second);

#endif
