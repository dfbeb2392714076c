/*
 * Expect: error
 * The executor clears NOTED and only then reads next_note, which belongs to the
 * next waker by then: the notes behind it are lost. See ch3-noted.pml.
 */
#define NEXT_AFTER_NOTED
#include "ch3-noted.pml"
