/*
 * Stands between io_blocker.c and its back end: tells what is armed, as a
 * trace, and reports what the test wants reported. Without a script it only
 * listens, and the back end answers.
 */
#ifndef SCRIPTED_BACKEND_H
#define SCRIPTED_BACKEND_H

#include "backend.h"

/* What was armed, in order: "nothing -> READABLE, READABLE -> nothing". */
const char *armed_text(void);
void armed_clear(void);

#define assert_armed(expected, sentence)                                       \
    cr_assert_str_eq(armed_text(), expected,                                   \
                     "%s (expected: %s; happened: %s)", sentence, expected,    \
                     armed_text())

/* The generation with which an object was armed last. */
uint32_t armed_generation(void);

/* The next call that arms does not reach the back end and returns this. */
void scripted_arm_fails(int result);

/* The next wait reports these, and wakes or not, without asking anybody. */
void scripted_reports(const Readiness *reports, int count, bool woken);

#endif
