/**
 * @file
 * Six ways to wait for many sockets, and the limit.
 */
#ifndef WAYS_H
#define WAYS_H

#include "work.h"

/** One of them. */
typedef struct Way {
    /** At most 20 letters. */
    const char *name;
    /** The function that waits so. */
    WaitFn *wait;
    /** Whether each message costs a look at each socket. */
    bool looks_at_all;
} Way;

enum {
    /** The six, and the limit. */
    WAYS = 7
};

/** All of them, in the order of the chapter's text. */
extern const Way ways[WAYS];

#endif
