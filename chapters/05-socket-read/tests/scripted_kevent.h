/*
 * Stands between backends/kqueue.c and kqueue(2), where there is one, a kernel's
 * or a model's: counts calls, lets one change of a list fail, and reports what
 * a test wants reported. Without a script it only listens.
 */
#ifndef SCRIPTED_KEVENT_H
#define SCRIPTED_KEVENT_H

#if defined __has_include
#if __has_include(<sys/event.h>)
#define HAVE_KEVENT 1

#include <sys/event.h>

#include "script.h"

/* The changes made so far, one by one; several may be in one call. */
extern Scripted script_change;

/* The changes so far, in order: "+READ -WRITE". */
const char *changes_text(void);
void changes_clear(void);

#define assert_changes(expected, sentence)                                     \
    cr_assert_str_eq(changes_text(), expected, "%s (expected: %s; made: %s)",  \
                     sentence, expected, changes_text())

/* What the latest change left with the kernel. */
void *kevent_udata(void);

/* How long the latest wait was to last at most; false if for ever. */
bool kevent_timeout(struct timespec *timeout_out);

/* The next wait reports this one event, without asking anybody. */
void kevent_reports(const struct kevent *event);

#endif
#endif

#endif
