/*
 * Expect: error
 * The executor was woken by something else and leaves its mark standing: it never
 * sleeps again. See ch3-sleep.pml.
 */
#define MARK_LEFT
#include "ch3-sleep.pml"
