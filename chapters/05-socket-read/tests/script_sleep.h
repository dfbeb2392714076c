/*
 * The executor's sleep: a test can step in before it, and one that nobody could
 * end fails the test with a sentence.
 */
#ifndef SCRIPT_SLEEP_H
#define SCRIPT_SLEEP_H

#include "script.h"

/* Right before it sleeps. */
extern Cue script_before_park;

/* How often it went to sleep, or might have, and how often it was called. */
extern int script_parks;
extern atomic_int script_unparks;

#endif
