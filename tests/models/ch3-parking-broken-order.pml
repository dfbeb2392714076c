/*
 * Expect: error
 * The executor looks at the queue before it announces its sleep: the wake-up
 * that comes in between is lost. See ch3-parking.pml.
 */
#define BROKEN_ORDER
#include "ch3-parking.pml"
