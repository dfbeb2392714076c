/** @file
 * Very many clients at the same time: each says something of its own, and stays
 * until all have been answered.
 * Pointers are borrowed, unless said to be owned. Rules: docs/headers.md. */
#ifndef CROWD_H
#define CROWD_H

#include <stdint.h>

#include "executor.h"

/** What came of a crowd. */
typedef struct CrowdResult {
    unsigned connected; /**< Visitors, all at the same moment. */
    unsigned answered;  /**< Of those, got back what they had said, twice. */
    int failure;        /**< Why the first visitor failed: `-errno`, or 0. */
} CrowdResult;

/** Runs a crowd of `count` visitors, 1 or more, to an echo server on 127.0.0.1.
 * Each connects, sends a message of its own, reads it back, and waits. When all
 * are there, each does it once more, and leaves. Errors: `-ENOMEM`; those of
 * executor_run(), and then all tasks of the executor have been cancelled. */
int crowd_run(Executor *executor, uint16_t port, unsigned count,
              CrowdResult *result_out);

#endif
