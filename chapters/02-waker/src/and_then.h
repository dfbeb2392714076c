/**
 * @file
 * Two futures one after the other: ready when the second is.
 */
#ifndef AND_THEN_H
#define AND_THEN_H

#include <stdbool.h>

#include "future.h"

/** Finishes a first future, and then a second one. */
typedef struct AndThen {
    /** What is polled. */
    Future future;
    /** Owned. */
    Future *first;
    /** Owned; not polled before `first` was ready. */
    Future *second;
    /** Whether `first` has been ready. */
    bool first_ready;
} AndThen;

/**
 * Makes the future of one after the other; allocates nothing.
 *
 * @param[out] self   memory of the caller's.
 * @param[in] first   owned until the whole is dropped; its memory is
 *                    the caller's.
 * @param[in] second  owned until the whole is dropped; its memory is
 *                    the caller's.
 */
void and_then_init(AndThen *self, Future *first, Future *second);

#endif
