#include "script_tasks.h"

#include <criterion/criterion.h>
#include <pthread.h>

#include "executor.h"
#include "other.h"
#include "probe.h"
#include "script_memory.h"

int script_batches_left = 20000;
Cue script_before_announce, script_after_announce;
Cue script_after_push;
Cue script_after_take, script_after_note_read;
Cue script_before_waker_count;
int script_waker_counts;
atomic_int script_pushes;

size_t script_tasks_pending(void) {
    Executor *executor = local_executor();
    return executor == NULL ? 0 : executor_pending_tasks(executor);
}

/*
 * The executor's thread: what it does between taking its notes and the next
 * time, counted against loops without an end.
 */
static int notes_of_batch, runs_of_batch;
static int asked_since_batch, announced_since_batch;

static Mailbox *mailbox_in_use;
static bool announced; /* by the latest answer */

static void begin_batch(Mailbox *mailbox) {
    notes_of_batch = runs_of_batch = 0;
    asked_since_batch = announced_since_batch = 0;
    mailbox_in_use = mailbox;
}

/* --- The mailbox ---------------------------------------------------------- */

Note __real_mailbox_push(Mailbox *mailbox, Task *task);
bool __real_mailbox_announce_sleep(Mailbox *mailbox);
Task *__real_mailbox_take_all(Mailbox *mailbox);
Task *__real_mailbox_close(Mailbox *mailbox);

/* If all is gone by the time that it may go on, the second thread ends. */
static void go_on(bool stood, const void *used) {
    if (stood && script_was_freed(used)) {
        pthread_exit(NULL); /* it is counted; worse would come of it */
    }
}

/* A Note: the Makefile looks for names of types in small letters. */
unsigned __wrap_mailbox_push(Mailbox *mailbox, Task *task) {
    atomic_fetch_add(&script_pushes, 1);
    go_on(other_stood_before_push(), mailbox);
    if (script_was_freed(mailbox) || script_was_freed(task)) {
        return NOTE_LEFT;
    }
    Note note = __real_mailbox_push(mailbox, task);
    script_fire(&script_after_push);
    go_on(other_stood_after_push(), mailbox);
    return note;
}

bool __wrap_mailbox_announce_sleep(Mailbox *mailbox) {
    enum { MOST = 10000 };
    announced_since_batch += 1;
    cr_assert(announced_since_batch <= MOST,
              "The executor has announced a sleep %d times without taking its "
              "notes in between (tasks pending: %zu; so far: %s).",
              MOST, script_tasks_pending(), trace_or_nothing(trace_text()));
    script_fire(&script_before_announce);
    announced = __real_mailbox_announce_sleep(mailbox);
    if (announced) {
        script_fire(&script_after_announce);
    }
    return announced;
}

bool script_sleep_was_announced(void) {
    return announced;
}

/* Once a turn of the executor. */
struct Task *__wrap_mailbox_take_all(Mailbox *mailbox) {
    cr_assert(script_batches_left > 0,
              "The executor takes one batch after the other and does not come "
              "to an end (tasks pending: %zu; so far: %s).",
              script_tasks_pending(), trace_or_nothing(trace_text()));
    script_batches_left -= 1;
    begin_batch(mailbox);
    Task *taken = __real_mailbox_take_all(mailbox);
    script_fire(&script_after_take);
    return taken;
}

struct Task *__wrap_mailbox_close(Mailbox *mailbox) {
    begin_batch(mailbox);
    return __real_mailbox_close(mailbox);
}

Mailbox *script_mailbox(void) {
    return mailbox_in_use;
}

/* The marks of mailbox.c are known by what they do. */
int script_notes(void) {
    enum { MANY = 1000 };
    Mailbox *mailbox = mailbox_in_use;
    if (mailbox == NULL || mailbox_is_closed(mailbox)) {
        return mailbox == NULL ? 0 : -1;
    }
    if (__real_mailbox_announce_sleep(mailbox)) {
        __real_mailbox_take_all(mailbox);
        return 0;
    }
    int notes = 0;
    const Task *task = atomic_load(&mailbox->newest);
    while (task != NULL && notes < MANY && task->executor != NULL) {
        notes += 1;
        task = task->next_note;
    }
    return notes;
}

/* --- Tasks ---------------------------------------------------------------- */

/* More than the tasks of any test here. */
enum { TASK_BUDGET = 200000 };

void __real_task_take_note(Task *task);
void __real_task_run(Task *task);
void __real_task_cancel(Task *task);
bool __real_task_has_waker(const Task *task);

void __wrap_task_take_note(Task *task) {
    notes_of_batch += 1;
    cr_assert(notes_of_batch <= TASK_BUDGET,
              "The executor has read %d notes that it took at once: the walk "
              "over them has no end.",
              TASK_BUDGET);
    cr_assert(!script_was_freed(task),
              "A note was read whose task had been freed: the note came out "
              "of the mailbox, and had kept its task no longer.");
    cr_assert(task->executor == local_executor(),
              "What was read from the mailbox is no task of this executor.");
    __real_task_take_note(task);
    script_fire(&script_after_note_read);
}

/* A task that is queued twice makes a ring of its batch. */
void __wrap_task_run(Task *task) {
    runs_of_batch += 1;
    cr_assert(runs_of_batch <= TASK_BUDGET,
              "The executor has run tasks %d times without a look at its "
              "mailbox: its batch is a ring, or has no end.",
              TASK_BUDGET);
    cr_assert(!script_was_freed(task),
              "A task that came out of the ready queue had been freed while it "
              "was in it.");
    __real_task_run(task);
}

/* All are cancelled until none is left. */
void __wrap_task_cancel(Task *task) {
    enum { MOST = 1000000 };
    static int cancelled;
    cancelled += 1;
    cr_assert(cancelled <= MOST,
              "Tasks were cancelled %d times, and that is no end: a task that "
              "was cancelled stays among those that have not completed (tasks "
              "pending: %zu).",
              MOST, script_tasks_pending());
    __real_task_cancel(task);
}

bool __wrap_task_has_waker(const Task *task) {
    script_waker_counts += 1;
    asked_since_batch += 1;
    cr_assert(asked_since_batch <= TASK_BUDGET,
              "Between two batches tasks were asked %d times whether they have "
              "a waker: the executor's list of them is a ring (tasks pending: "
              "%zu).",
              TASK_BUDGET, script_tasks_pending());
    script_fire(&script_before_waker_count);
    return __real_task_has_waker(task);
}
