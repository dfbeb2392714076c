/*
 * Expect: error
 * A task does not keep its executor's memory: a waker looks into a mailbox that is
 * gone. See ch5-closing.pml.
 */
#define EXECUTOR_NOT_KEPT
#include "ch5-closing.pml"
