/*
 * Expect: error
 * The IoBlocker is called without the lock: it ends between the look and the call.
 * See ch5-closing.pml.
 */
#define CALL_WITHOUT_LOCK
#include "ch5-closing.pml"
