/*
 * Expect: error
 * The executor's thread takes the short way though another thread has a waker:
 * the bit that it sets in between is overwritten. See ch5-own-thread.pml.
 */
#define BROKEN_ALWAYS
#include "ch5-own-thread.pml"
