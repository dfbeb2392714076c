/*
 * Expect: error
 * The waker's first look found a note, so it does not call; until its note is in,
 * the executor has taken that one and gone to sleep. See ch3-sleep.pml.
 */
#define FIRST_LOOK_DECIDES
#include "ch3-sleep.pml"
