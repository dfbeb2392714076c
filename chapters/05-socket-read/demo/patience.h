/**
 * @file
 * A future with an end: it gives up on another one if nothing moves.
 */
#ifndef PATIENCE_H
#define PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "future.h"
#include "timer_future.h"

/** Ready when its child is, or when a number has stayed the same too long. */
typedef struct Patience {
    /** What is polled. */
    Future future;
    /** Output, once ready: whether the child is still pending. */
    bool gave_up;
    /** Borrowed. */
    Future *child;
    /** Borrowed: grows while there is hope. */
    const uint64_t *progress;
    /** What that was when the time began. */
    uint64_t seen;
    /** How long it may stay the same. */
    uint64_t limit_ns;
    /** Its end. */
    TimerFuture timer;
} Patience;

/**
 * Makes the future; its time begins now.
 *
 * @param[out] self      memory of the caller's.
 * @param[in] child      borrowed, and not dropped with it.
 * @param[in] progress   borrowed; looked at when the time is over.
 * @param[in] limit_ns   it gives up after so long at least, and at most twice
 *                       as long.
 */
void patience_init(Patience *self, Future *child, const uint64_t *progress,
                   uint64_t limit_ns);

#endif
