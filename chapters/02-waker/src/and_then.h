/** @file
 * Two futures one after the other: ready when the second is.
 * Pointers are borrowed, unless said to be owned. Rules: docs/headers.md. */
#ifndef AND_THEN_H
#define AND_THEN_H

#include <stdbool.h>

#include "future.h"

/** Finishes a first future, and then a second one. */
typedef struct AndThen {
    Future future;
    Future *first;
    Future *second; /**< Not polled before `first` was ready. */
    bool first_ready;
} AndThen;

/** Makes the future of one after the other; owns both, but not their memory. */
void and_then_init(AndThen *self, Future *first, Future *second);

#endif
