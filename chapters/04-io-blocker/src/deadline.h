/** @file
 * A deadline, as system calls want it: the time that is left.
 * Pointers are borrowed, unless said to be owned. Rules: docs/headers.md. */
#ifndef DEADLINE_H
#define DEADLINE_H

#include <stdint.h>

/** Milliseconds to wait now, so as not to wake up before a deadline: rounded
 * up, `INT_MAX` at most; 0 if it is past, -1 for #DEADLINE_NEVER. Any
 * thread. */
int deadline_ms_left(uint64_t deadline_ns);

#endif
