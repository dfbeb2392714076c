/** @file
 * Two futures at the same time: ready when the first of them is. A time-out is
 * one: a read, and a timer.
 * Pointers are borrowed, unless said to be owned. Rules: docs/headers.md. */
#ifndef SELECT_H
#define SELECT_H

#include "future.h"

/** Waits for one of two futures; the other one is dropped. */
typedef struct Select {
    Future future;
    Future *winner;         /**< Output: the one that was ready. */
    Future *first, *second; /**< `NULL` once it has lost. */
} Select;

/** Makes the future of the first of two; owns both, but not their memory. If
 * both are ready, `first` wins. */
void select_init(Select *self, Future *first, Future *second);

#endif
