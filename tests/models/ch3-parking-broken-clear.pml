/*
 * Expect: error
 * QUEUED is cleared after the poll: the wake-up that comes during the poll is
 * lost. See ch3-parking.pml.
 */
#define BROKEN_CLEAR
#include "ch3-parking.pml"
