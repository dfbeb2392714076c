/** @file
 * A future with an end: it gives up on another one if nothing moves.
 * Pointers are borrowed, unless said to be owned. Rules: docs/headers.md. */
#ifndef PATIENCE_H
#define PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "future.h"
#include "timer_future.h"

/** Ready when its child is, or when a number has stayed the same too long. */
typedef struct Patience {
    Future future;
    bool gave_up; /**< Output: whether the child is still pending. */
    Future *child;
    const uint64_t *progress; /**< Grows while there is hope. */
    uint64_t seen;            /**< What that was when the time began. */
    uint64_t limit_ns;        /**< How long it may stay the same. */
    TimerFuture timer;
} Patience;

/** Makes the future; its time begins now. It gives up after `limit_ns` at
 * least, at most twice as long, and does not drop the child. */
void patience_init(Patience *self, Future *child, const uint64_t *progress,
                   uint64_t limit_ns);

#endif
