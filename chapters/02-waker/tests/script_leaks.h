/*
 * What was acquired is given back: by the end of a test, all of it.
 */
#ifndef SCRIPT_LEAKS_H
#define SCRIPT_LEAKS_H

/* Fails unless all memory, locks, conditions and threads were given back. */
void script_assert_nothing_left(void);

#endif
