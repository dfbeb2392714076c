/**
 * @file
 * Very many clients at the same time: each says something of its own, and
 * stays until all have been answered.
 */
#ifndef CROWD_H
#define CROWD_H

#include <stdint.h>

#include "executor.h"

/** What came of a crowd. */
typedef struct CrowdResult {
    /** Visitors that were connected, all at the same moment. */
    unsigned connected;
    /** Visitors that got back exactly what they had said, both times. */
    unsigned answered;
    /** Why the first visitor failed: a `-errno`, or 0. */
    int failure;
} CrowdResult;

/**
 * Runs a crowd of visitors to an echo server on this thread's executor.
 *
 * Each visitor connects, sends a message that no other one sends, reads it
 * back byte for byte, and waits. When all are there, each does it once more,
 * and leaves.
 *
 * @param[in,out] executor  borrowed.
 * @param[in] port          of the server, on 127.0.0.1.
 * @param[in] count         of visitors, at least 1.
 * @param[out] result_out   what came of it.
 * @return 0, `-ENOMEM`, or the error of executor_run(): then all tasks of the
 *         executor have been cancelled.
 */
int crowd_run(Executor *executor, uint16_t port, unsigned count,
              CrowdResult *result_out);

#endif
