/**
 * @file
 * Two futures at the same time: ready when both are.
 */
#ifndef JOIN_H
#define JOIN_H

#include <stdbool.h>

#include "future.h"

/** Waits for two futures at once; each keeps its own output. */
typedef struct Join {
    /** What is polled. */
    Future future;
    /** Owned. */
    Future *first, *second;
    /** Which of them has been ready. */
    bool first_ready, second_ready;
} Join;

/**
 * Makes the future of both; allocates nothing.
 *
 * @param[out] self   memory of the caller's.
 * @param[in] first   owned until the join is dropped; its memory is
 *                    the caller's.
 * @param[in] second  owned until the join is dropped; its memory is
 *                    the caller's.
 */
void join_init(Join *self, Future *first, Future *second);

#endif
