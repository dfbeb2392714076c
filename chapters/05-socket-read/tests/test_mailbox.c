#include <criterion/criterion.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>

#include "mailbox.h"
#include "script_tasks.h"

/* Tasks for the sake of their links; nobody runs them. */
static Task a, b, c;

static const char *const names[] = {
    [NOTE_LEFT] = "NOTE_LEFT",
    [NOTE_LEFT_ASLEEP] = "NOTE_LEFT_ASLEEP",
    [NOTE_REFUSED] = "NOTE_REFUSED",
};

#define assert_push(mailbox, task, expected, sentence)                         \
    do {                                                                       \
        Note answer = mailbox_push(mailbox, task);                             \
        cr_assert_eq(answer, expected,                                         \
                     "%s: mailbox_push() answered %s "                         \
                     "instead of %s.",                                         \
                     sentence, names[answer], names[expected]);                \
    } while (0)

Test(mailbox, is_empty_until_a_note_is_left, .timeout = 60) {
    Mailbox mailbox;
    mailbox_init(&mailbox);
    cr_assert_null(mailbox_take_all(&mailbox),
                   "A note came out of a new mailbox.");
    assert_push(&mailbox, &a, NOTE_LEFT, "The executor is awake");
    cr_assert_eq(mailbox_take_all(&mailbox), &a,
                 "One note was left, and another one came out, or none.");
    cr_assert_null(mailbox_take_all(&mailbox),
                   "One note was left and taken, and one came out again.");
}

Test(mailbox, gives_notes_out_in_the_order_they_came, .timeout = 60) {
    Mailbox mailbox;
    Task *const tasks[] = {&a, &b, &c};
    mailbox_init(&mailbox);
    for (int i = 0; i < 3; i++) {
        assert_push(&mailbox, tasks[i], NOTE_LEFT, "The executor is awake");
    }
    const Task *taken = mailbox_take_all(&mailbox);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(taken, tasks[i],
                     "Note %d of 3 was not number %d to come out: first in, "
                     "first out.",
                     i + 1, i + 1);
        taken = taken->next_note;
    }
    cr_assert_null(taken, "The last `next_note` is not NULL: who walks the "
                          "notes runs off their end.");
}

Test(mailbox, lets_the_executor_sleep_only_when_there_is_no_note,
     .timeout = 60) {
    Mailbox mailbox;
    mailbox_init(&mailbox);
    mailbox_push(&mailbox, &a);
    cr_assert(!mailbox_announce_sleep(&mailbox),
              "A note is in the mailbox, and the executor may sleep.");
    cr_assert_eq(mailbox_take_all(&mailbox), &a,
                 "The announcement was refused, and the note is gone.");
    cr_assert(mailbox_announce_sleep(&mailbox),
              "There is no note, and the executor may not sleep.");
}

Test(mailbox, says_asleep_to_the_first_note_only, .timeout = 60) {
    Mailbox mailbox;
    mailbox_init(&mailbox);
    mailbox_announce_sleep(&mailbox);
    assert_push(&mailbox, &a, NOTE_LEFT_ASLEEP,
                "The sleep was announced, and this is the first note");
    assert_push(&mailbox, &b, NOTE_LEFT,
                "The note before this one has called the executor");
    const Task *taken = mailbox_take_all(&mailbox);
    cr_assert(taken == &a && taken->next_note == &b && b.next_note == NULL,
              "Two notes were left during a sleep, and the mailbox does not "
              "give out these two, in order.");
}

Test(mailbox, says_asleep_when_the_notes_were_taken_before_the_sleep,
     .timeout = 60) {
    Mailbox mailbox;
    mailbox_init(&mailbox);
    mailbox_push(&mailbox, &a);
    mailbox_take_all(&mailbox);
    cr_assert(mailbox_announce_sleep(&mailbox),
              "All notes were taken, and the executor may not sleep.");
    assert_push(&mailbox, &a, NOTE_LEFT_ASLEEP,
                "The same note as before comes, after an announcement");
}

Test(mailbox, takes_the_announcement_back_with_the_notes, .timeout = 60) {
    Mailbox mailbox;
    mailbox_init(&mailbox);
    mailbox_announce_sleep(&mailbox);
    cr_assert_null(mailbox_take_all(&mailbox),
                   "No note was left, and the sleeping mark came out as one.");
    assert_push(&mailbox, &a, NOTE_LEFT,
                "The executor has slept and taken its notes: it is awake");
}

Test(mailbox, refuses_notes_once_it_is_closed, .timeout = 60) {
    Mailbox mailbox;
    mailbox_init(&mailbox);
    mailbox_push(&mailbox, &a);
    mailbox_push(&mailbox, &b);
    cr_assert(!mailbox_is_closed(&mailbox),
              "Nobody closed the mailbox, and it says that it is closed.");
    const Task *left = mailbox_close(&mailbox);
    cr_assert(left == &a && left->next_note == &b && b.next_note == NULL,
              "Closing a mailbox gives out the notes that were in it, in "
              "order.");
    cr_assert(mailbox_is_closed(&mailbox),
              "The mailbox was closed, and it says that it is open.");
    for (int i = 0; i < 2; i++) {
        assert_push(&mailbox, &c, NOTE_REFUSED, "The mailbox is closed");
    }
}

Test(mailbox, closed_during_a_sleep_has_no_notes, .timeout = 60) {
    Mailbox mailbox;
    mailbox_init(&mailbox);
    mailbox_announce_sleep(&mailbox);
    cr_assert_null(mailbox_close(&mailbox),
                   "No note was left, and the sleeping mark came out as one.");
    assert_push(&mailbox, &a, NOTE_REFUSED, "The mailbox is closed");
}

/* --- Four threads push, one takes ------------------------------------------ */

enum { PRODUCERS = 4, EACH = 1000 };

typedef struct Producer {
    Mailbox *mailbox;
    Task *tasks;
    pthread_t thread;
    int seen;
    int asleep; /* so often it was told that the executor sleeps */
} Producer;

static Producer producers[PRODUCERS];
static atomic_int producing;

static void *produce(void *argument) {
    Producer *self = argument;
    for (int i = 0; i < EACH; i++) {
        Note note = mailbox_push(self->mailbox, &self->tasks[i]);
        self->asleep += note == NOTE_LEFT_ASLEEP;
    }
    atomic_fetch_sub(&producing, 1);
    return NULL;
}

/* Whose note it is; and it has to be the one after the last one seen. */
static void see(const Task *task) {
    for (int i = 0; i < PRODUCERS; i++) {
        Producer *self = &producers[i];
        if (task >= self->tasks && task < self->tasks + EACH) {
            cr_assert_eq(task - self->tasks, self->seen,
                         "Notes of one thread came out in another order than "
                         "they were left in, or twice.");
            self->seen += 1;
            return;
        }
    }
    cr_assert_fail("What came out of the mailbox was never pushed.");
}

static int see_all(const Task *task) {
    int seen = 0;
    for (; task != NULL; task = task->next_note) {
        see(task);
        seen += 1;
    }
    return seen;
}

Test(mailbox, loses_nothing_when_four_threads_push, .timeout = 60) {
    Mailbox mailbox;
    mailbox_init(&mailbox);
    script_batches_left = INT_MAX;
    atomic_store(&producing, PRODUCERS);
    for (int i = 0; i < PRODUCERS; i++) {
        Producer *self = &producers[i];
        self->mailbox = &mailbox;
        self->tasks = calloc(EACH, sizeof *self->tasks);
        cr_assert_not_null(self->tasks, "The test got no memory.");
        pthread_create(&self->thread, NULL, produce, self);
    }
    int seen = 0, sleeps_ended = 0, asleep = 0;
    while (atomic_load(&producing) > 0) {
        bool announced = mailbox_announce_sleep(&mailbox);
        sched_yield();
        int taken = see_all(mailbox_take_all(&mailbox));
        sleeps_ended += announced && taken > 0;
        seen += taken;
    }
    for (int i = 0; i < PRODUCERS; i++) {
        pthread_join(producers[i].thread, NULL);
        asleep += producers[i].asleep;
    }
    seen += see_all(mailbox_take_all(&mailbox));
    cr_assert_eq(seen, PRODUCERS * EACH,
                 "Four threads left %d notes, and %d came out.",
                 PRODUCERS * EACH, seen);
    cr_assert_eq(asleep, sleeps_ended,
                 "Notes came during %d sleeps, and %d times a thread was told "
                 "to call the executor: the first note of each sleep calls, "
                 "and no other one.",
                 sleeps_ended, asleep);
    for (int i = 0; i < PRODUCERS; i++) {
        free(producers[i].tasks);
    }
}
