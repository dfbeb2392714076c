/*
 * The threads that watch sockets: their waits fail, or find nothing after all,
 * and they change a socket's list only under its lock.
 */
#ifndef SCRIPT_WATCHING_H
#define SCRIPT_WATCHING_H

#include "script.h"

/* So many waits of watching threads answer `EINTR`. */
extern atomic_int script_interrupted_watches;

/* Each wait of a watching thread answers this; 0: it waits. */
extern int script_watch_error;

/* So many looks at a socket say "readable", whether it is or not. */
extern int script_false_readiness;

/* Looks that would have put the executor to sleep outside of its park. */
extern int script_blocking_looks;

/* Changes of a list by a watching thread without its socket's lock. */
extern atomic_int script_unguarded;

#endif
