/*
 * How not to lose a wake-up.
 *
 * The executor sleeps when there is nothing to do. Between its last look and
 * its sleep another thread may leave a note, and that must not be slept over.
 *
 * So the look and the announcement of the sleep are one step: the executor
 * changes the word from empty to the sleeping mark, or finds a note. All
 * changes of one word happen in one order. A note that comes before this step
 * makes it fail, and the executor does not sleep; the first note that comes
 * after it finds the mark, and its thread wakes the executor. A note behind that
 * one finds no mark, and relies on the call that the first one's thread has yet
 * to make. (A call that comes between the step and the sleep itself is
 * remembered by what the executor sleeps in.)
 *
 * The first note takes the place of the mark, so the executor is called once a
 * sleep, and never while it is busy: at worst once too often, when it has just
 * woken for another reason.
 *
 * The notes are a stack that is emptied in one exchange and then turned round.
 * Between a look at `newest` and the exchange, the same note may have been
 * taken and left again. That does no harm: a push relies on nothing but the
 * address that it puts below its own.
 */
#include "mailbox.h"

#include <stddef.h>

/* What stands in `newest` in place of a note. Only their addresses matter. */
static Task sleeping_mark, closed_mark;

void mailbox_init(Mailbox *mailbox) {
    atomic_init(&mailbox->newest, NULL);
}

//! [push]
/* Release: pairs with take_all(), which follows the links. */
Note mailbox_push(Mailbox *mailbox, Task *task) {
    Task *newest = atomic_load_explicit(&mailbox->newest, memory_order_relaxed);
    do {
        if (newest == &closed_mark) {
            return NOTE_REFUSED;
        }
        task->next_note = newest == &sleeping_mark ? NULL : newest;
    } while (!atomic_compare_exchange_weak_explicit(&mailbox->newest, &newest,
                                                    task, memory_order_release,
                                                    memory_order_relaxed));
    return newest == &sleeping_mark ? NOTE_LEFT_ASLEEP : NOTE_LEFT;
}
//! [push]

//! [announce]
/* Relaxed: one word has one order, and the mark brings no other data. */
bool mailbox_announce_sleep(Mailbox *mailbox) {
    Task *empty = NULL;
    return atomic_compare_exchange_strong_explicit(
        &mailbox->newest, &empty, &sleeping_mark, memory_order_relaxed,
        memory_order_relaxed);
}
//! [announce]

//! [take_all]
static Task *reverse(Task *newest) {
    Task *oldest = NULL;
    while (newest != NULL) {
        Task *older = newest->next_note;
        newest->next_note = oldest;
        oldest = newest;
        newest = older;
    }
    return oldest;
}

/*
 * Acquire: pairs with the pushes, each of which read what the one before it
 * wrote, so that all the links can be read.
 */
static Task *take_all(Mailbox *mailbox, Task *left_behind) {
    Task *newest = atomic_exchange_explicit(&mailbox->newest, left_behind,
                                            memory_order_acquire);
    return newest == &sleeping_mark ? NULL : reverse(newest);
}

Task *mailbox_take_all(Mailbox *mailbox) {
    return take_all(mailbox, NULL);
}
//! [take_all]

Task *mailbox_close(Mailbox *mailbox) {
    return take_all(mailbox, &closed_mark);
}

bool mailbox_is_closed(const Mailbox *mailbox) {
    return atomic_load_explicit(&mailbox->newest, memory_order_relaxed) ==
           &closed_mark;
}
