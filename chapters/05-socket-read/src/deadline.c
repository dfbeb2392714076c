#include "deadline.h"

#include <limits.h>

#include "clock.h"

//! [ms_left]
/*
 * Up, not down: half a millisecond rounded down would be no wait at all, and
 * the caller would ask again, and again, until the half has passed.
 */
int deadline_ms_left(uint64_t deadline_ns) {
    if (deadline_ns == DEADLINE_NOW) {
        return 0;
    }
    if (deadline_ns == DEADLINE_NEVER) {
        return -1;
    }
    uint64_t now_ns = clock_now_ns();
    uint64_t left_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;
    uint64_t left_ms = left_ns / NS_PER_MS + (left_ns % NS_PER_MS != 0);
    return left_ms < INT_MAX ? (int)left_ms : INT_MAX;
}
//! [ms_left]
