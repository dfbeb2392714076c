/*
 * The executor's tasks and its mailbox: places where a test can step in, and
 * loops without an end.
 */
#ifndef SCRIPT_TASKS_H
#define SCRIPT_TASKS_H

#include <stddef.h>

#include "mailbox.h"
#include "script.h"

/* So many batches may be taken; then the test has failed. */
extern int script_batches_left;

/* The executor is about to announce its sleep, and it has announced it. */
extern Cue script_before_announce, script_after_announce;

/* A note has been left, and its thread has not acted on the answer. */
extern Cue script_after_push;

/* All notes have just been taken; one has been read, before the next one is. */
extern Cue script_after_take, script_after_note_read;

/* Right before it is asked whether a task has a waker. */
extern Cue script_before_waker_count;

/* How often that was asked, and how many notes were left, or refused. */
extern int script_waker_counts;
extern atomic_int script_pushes;

/* The mailbox whose notes were taken last, and how many it has; -1: closed. */
Mailbox *script_mailbox(void);
int script_notes(void);

/* --- For the files that stand before the calls --------------------------- */

/* Of the executor of this thread, if it has one. */
size_t script_tasks_pending(void);

/* Whether the mailbox agreed to the latest announcement. */
bool script_sleep_was_announced(void);

#endif
