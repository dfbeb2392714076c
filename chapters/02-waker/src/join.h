/** @file
 * Two futures at the same time: ready when both are.
 * Pointers are borrowed, unless said to be owned. Rules: docs/headers.md. */
#ifndef JOIN_H
#define JOIN_H

#include <stdbool.h>

#include "future.h"

/** Waits for two futures at once; each keeps its own output. */
typedef struct Join {
    Future future;
    Future *first, *second;
    bool first_ready, second_ready;
} Join;

/** Makes the future of both; owns them, but not their memory. */
void join_init(Join *self, Future *first, Future *second);

#endif
