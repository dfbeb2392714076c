/*
 * Expect: error
 * A note holds no reference: its task may be freed while the note is in the
 * mailbox. See ch3-noted.pml.
 */
#define NO_REFERENCE
#include "ch3-noted.pml"
