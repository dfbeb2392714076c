/*
 * Expect: error
 * A task completes and does not set NOTED: wakers that come later leave notes that
 * ask for nothing. See ch3-noted.pml.
 */
#define NOT_NOTED_AT_THE_END
#include "ch3-noted.pml"
