/** @file
 * Where other threads leave notes for an executor: "this task is to be polled".
 * A note is a link in its task, so leaving one cannot fail. The mailbox is one
 * word: empty, or the note left last, or that the executor sleeps, or is gone.
 * Pointers are borrowed, unless said to be owned. Rules: docs/headers.md. */
#ifndef MAILBOX_H
#define MAILBOX_H

#include <stdatomic.h>
#include <stdbool.h>

#include "task.h"

/** Many threads push, one takes. */
typedef struct Mailbox {
    _Atomic(Task *) newest; /**< Linked by `next_note`; or a mark; or `NULL`. */
} Mailbox;

/** What became of a note. */
typedef enum Note {
    NOTE_LEFT,        /**< The executor is awake, and will look by itself. */
    NOTE_LEFT_ASLEEP, /**< It sleeps: this thread has to wake it. */
    NOTE_REFUSED,     /**< It is gone: the note is not in the mailbox. */
} Note;

/** Makes an empty mailbox. */
void mailbox_init(Mailbox *mailbox);

/** Whether mailbox_close() has been called. Any thread. */
bool mailbox_is_closed(const Mailbox *mailbox);

/** Leaves a note of a task that has none here. All that this thread did before
 * is visible where it is taken. The note's reference goes with it, unless it is
 * refused. Any thread. */
Note mailbox_push(Mailbox *mailbox, Task *task);

/** Announces that the executor sleeps; if there is a note, false. */
bool mailbox_announce_sleep(Mailbox *mailbox);

/** Takes all notes, each with its reference, the first in front, by
 * `next_note`, and ends the sleep. */
Task *mailbox_take_all(Mailbox *mailbox);

/** As mailbox_take_all(), and refuses the notes that come later. */
Task *mailbox_close(Mailbox *mailbox);

#endif
