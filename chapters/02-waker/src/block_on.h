/** @file
 * The bridge from ordinary code: run one future, sleep while it is pending.
 * Pointers are borrowed, unless said to be owned. Rules: docs/headers.md. */
#ifndef BLOCK_ON_H
#define BLOCK_ON_H

#include "future.h"

/** Polls a future until it is ready, sleeping in between; does not drop it. Any
 * thread. Errors, before any poll: `-ENOMEM`; `-EAGAIN` without a lock. */
int block_on(Future *future);

#endif
