/*
 * What the executor does with its IoBlocker: under which lock, and what comes to
 * the back end.
 */
#ifndef SCRIPT_IO_BLOCKER_H
#define SCRIPT_IO_BLOCKER_H

#include "script.h"

/* Uses of the IoBlocker without its lock. */
extern atomic_int script_unguarded;

/* Calls of io_blocker_wake() that came to the back end. */
extern atomic_int script_kicks;

/* An interest has just been registered. */
extern Cue script_after_add;

#endif
