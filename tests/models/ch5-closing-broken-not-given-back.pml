/*
 * Expect: error
 * A note is refused, and its reference is not given back: the task's memory stays,
 * and the executor's with it. See ch5-closing.pml.
 */
#define REFUSED_NOT_GIVEN_BACK
#include "ch5-closing.pml"
