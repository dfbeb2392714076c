/*
 * Expect: error
 * NOTED is cleared after the poll: whoever wakes during the poll finds it set, and
 * is lost. See ch3-noted.pml.
 */
#define CLEARED_AFTER_THE_POLL
#include "ch3-noted.pml"
