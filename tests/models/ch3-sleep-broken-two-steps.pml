/*
 * Expect: error
 * The executor looks into the mailbox, and then stores its mark: a note that is
 * left between the two steps is overwritten. See ch3-sleep.pml.
 */
#define TWO_STEPS
#include "ch3-sleep.pml"
