/**
 * @file
 * Where other threads leave notes for an executor: "this task is to be polled".
 *
 * Any thread pushes, the executor takes. A note is a link in its task, so that
 * leaving one allocates nothing and cannot fail.
 *
 * The mailbox is one word. It is empty, or holds the note left last, or says
 * that the executor sleeps, or that it is gone. See mailbox.c for what follows
 * from that.
 */
#ifndef MAILBOX_H
#define MAILBOX_H

#include <stdatomic.h>
#include <stdbool.h>

#include "task.h"

/** Many threads push, one takes. */
typedef struct Mailbox {
    /** The note left last; each one's `next_note` is the one left before. Or
     * `NULL`, or a mark of mailbox.c's. */
    _Atomic(Task *) newest;
} Mailbox;

/** What became of a note. */
typedef enum Note {
    /** It is in the mailbox, and the executor will look by itself. */
    NOTE_LEFT,
    /** It is in the mailbox, and the executor sleeps: its thread wakes the
     * executor. */
    NOTE_LEFT_ASLEEP,
    /** The executor is gone: the note is not in the mailbox. */
    NOTE_REFUSED,
} Note;

/**
 * Makes an empty mailbox.
 *
 * @param[out] mailbox  memory of the caller's; holds nothing to release.
 */
void mailbox_init(Mailbox *mailbox);

/**
 * Whether the executor is gone. Any thread.
 *
 * @param[in] mailbox  borrowed.
 * @return true once mailbox_close() has been called.
 */
bool mailbox_is_closed(const Mailbox *mailbox);

/**
 * Leaves a note. Any thread.
 *
 * @param[in,out] mailbox  borrowed.
 * @param[in,out] task     has no note in the mailbox; its `next_note` is the
 *                         mailbox's from now on.
 * @return what became of the note. All that this thread did before is visible
 *         to the thread that takes it.
 */
Note mailbox_push(Mailbox *mailbox, Task *task);

/**
 * Announces that the executor goes to sleep, if there is no note. Executor's
 * thread.
 *
 * @param[in,out] mailbox  borrowed.
 * @return true if the executor may sleep: the thread that leaves the next
 *         note wakes it. False if there is a note.
 */
bool mailbox_announce_sleep(Mailbox *mailbox);

/**
 * Takes all notes, and the announcement back. Executor's thread.
 *
 * @param[in,out] mailbox  left empty.
 * @return the task whose note came first, linked by `next_note` to the one
 *         behind; or `NULL`.
 */
Task *mailbox_take_all(Mailbox *mailbox);

/**
 * Takes all notes, and refuses those that come later. Executor's thread.
 *
 * @param[in,out] mailbox  left closed.
 * @return as mailbox_take_all().
 */
Task *mailbox_close(Mailbox *mailbox);

#endif
