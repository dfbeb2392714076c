/*
 * An executor is a loop. Each turn of it sleeps if there is nothing to do,
 * reads the notes that other threads have left, and polls what is ready, once
 * each.
 *
 * Nothing of it is shared but the mailbox, where the executor's sleep is
 * announced as well (mailbox.c says why no wake-up is lost), and what it sleeps
 * in, where it is called.
 *
 * Its memory is kept by each of its tasks, since a thread with a waker may
 * still look into the mailbox: executor_free() closes it, and the last task
 * that goes takes the memory along.
 */
#include "executor.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "executor_internal.h"
#include "mailbox.h"
#include "parker.h"
#include "ready_queue.h"

struct Executor {
    ReadyQueue queue; /* executor's thread; first, for executor_queue() */

    /* Any thread. */
    Mailbox mailbox;
    atomic_size_t references; /* executor_free()'s, and one for each task */
    Parker parker;

    /* Executor's thread. */
    Task *tasks; /* that have not completed, the newest first */
    size_t pending;
    bool running;
    Task *polling; /* the latest task of this batch; NULL between two */
};

_Thread_local Executor *executor_of_thread;

int executor_new(Executor **executor_out) {
    assert(local_executor() == NULL && "a thread has one executor at a time");
    if (local_executor() != NULL) {
        return -EPERM;
    }
    Executor *executor = calloc(1, sizeof *executor);
    if (executor == NULL) {
        return -ENOMEM;
    }
    int result = parker_init(&executor->parker);
    if (result != 0) {
        free(executor);
        return result;
    }
    mailbox_init(&executor->mailbox);
    atomic_init(&executor->references, 1);
    ready_queue_init(&executor->queue);
    executor_of_thread = executor;
    *executor_out = executor;
    return 0;
}

/* As task_release(). */
void executor_release(Executor *executor) {
    if (atomic_fetch_sub_explicit(&executor->references, 1,
                                  memory_order_acq_rel) == 1) {
        parker_deinit(&executor->parker);
        free(executor);
    }
}

Spawner executor_spawner(Executor *executor) {
    return (Spawner){executor};
}

size_t executor_pending_tasks(const Executor *executor) {
    return executor->pending;
}

static void list_insert(Executor *executor, Task *task) {
    task->prev = NULL;
    task->next = executor->tasks;
    if (task->next != NULL) {
        task->next->prev = task;
    }
    executor->tasks = task;
}

static void list_remove(Executor *executor, Task *task) {
    *(task->prev != NULL ? &task->prev->next : &executor->tasks) = task->next;
    if (task->next != NULL) {
        task->next->prev = task->prev;
    }
}

void executor_adopt(Executor *executor, Task *task) {
    atomic_fetch_add_explicit(&executor->references, 1, memory_order_relaxed);
    list_insert(executor, task);
    executor->pending += 1;
}

void executor_disown(Executor *executor, Task *task) {
    list_remove(executor, task);
    executor->pending -= 1;
}

bool executor_is_polling(const Executor *executor, const Task *task) {
    const Task *polled = executor->polling;
    return polled != NULL && !polled->completed &&
           (task == NULL || task == polled);
}

bool executor_is_here(const Executor *executor) {
    return executor == local_executor() ||
           mailbox_is_closed(&executor->mailbox);
}

//! [leave_note]
void executor_leave_note(Executor *executor, Task *task) {
    Note note = mailbox_push(&executor->mailbox, task);
    if (note == NOTE_LEFT_ASLEEP) {
        parker_unpark(&executor->parker);
    } else if (note == NOTE_REFUSED) {
        task_release(task); /* the note's reference */
    }
}
//! [leave_note]

//! [sleep]
/* Returns at once if there is something to do. */
static void executor_sleep(Executor *executor) {
    if (ready_queue_is_empty(&executor->queue) &&
        mailbox_announce_sleep(&executor->mailbox)) {
        parker_park(&executor->parker);
    }
}
//! [sleep]

//! [notes]
/* A note that is read may be left again at once: take its `next_note` first. */
static void read_notes(Task *first) {
    while (first != NULL) {
        Task *task = first;
        first = task->next_note;
        task_take_note(task);
    }
}
//! [notes]

//! [batch]
/* A task that is run may be freed or queued again: take `next_ready` first. */
static void run_all(Executor *executor, Task *first) {
    while (first != NULL) {
        Task *task = first;
        first = task->next_ready;
        executor->polling = task;
        task_run(task);
    }
    executor->polling = NULL;
}
//! [batch]

//! [turn]
static int executor_turn(Executor *executor) {
    executor_sleep(executor);
    read_notes(mailbox_take_all(&executor->mailbox));
    run_all(executor, ready_queue_take_all(&executor->queue));
    return 0;
}
//! [turn]

/*
 * Whether the tasks that are left can never be woken. The walk stops at the
 * first one that can, and puts it in front, for the next time.
 */
static bool is_deadlocked(Executor *executor) {
    if (!ready_queue_is_empty(&executor->queue)) {
        return false;
    }
    for (Task *task = executor->tasks; task != NULL; task = task->next) {
        if (task_has_waker(task)) {
            list_remove(executor, task);
            list_insert(executor, task);
            return false;
        }
    }
    return true;
}

/* Refuses another thread, and a run within a run. */
static int begin_run(Executor *executor) {
    bool here = executor == local_executor();
    assert(here && "an executor is run on the thread that made it");
    bool idle = here && !executor->running;
    assert(idle &&
           "an executor is not run while it runs: return from the poll");
    if (!idle) {
        return -EPERM;
    }
    executor->running = true;
    return 0;
}

//! [run]
int executor_run(Executor *executor) {
    int result = begin_run(executor);
    if (result != 0) {
        return result;
    }
    while (result == 0 && executor->tasks != NULL) {
        result = is_deadlocked(executor) ? -EDEADLK : executor_turn(executor);
    }
    executor->running = false;
    return result;
}
//! [run]

/* Lends a future to a task, which polls it and leaves the drop to others. */
typedef struct LentFuture {
    Future future;
    Future *lent;
} LentFuture;

static Poll lent_future_poll(Future *future, Context *context) {
    return future_poll(((LentFuture *)future)->lent, context);
}

static void lent_future_drop(Future *future) {
    (void)future;
}

/*
 * Turns until a task has completed, or can never be woken any more. What was
 * ready in the turn in which waiting failed, is ready all the same.
 */
static int run_until_completed(Executor *executor, const Task *task) {
    int result = 0;
    while (result == 0 && !task->completed) {
        bool lost = !task->queued && !task_has_waker(task);
        result = lost ? -EDEADLK : executor_turn(executor);
    }
    return !task->completed ? result : task->cancelled ? -ECANCELED : 0;
}

//! [block_on]
int executor_block_on(Executor *executor, Future *future) {
    static const FutureVtable vtable = {lent_future_poll, lent_future_drop};
    LentFuture lent = {{&vtable}, future};
    Spawner spawner = executor_spawner(executor);
    JoinHandle handle;
    int result = begin_run(executor);
    if (result != 0) {
        return result;
    }
    result = spawner_spawn(&spawner, &lent.future, sizeof lent, &handle);
    if (result == 0) {
        result = run_until_completed(executor, handle.task);
        join_handle_cancel(&handle);
        future_drop(&handle.future);
    }
    executor->running = false;
    return result;
}
//! [block_on]

void executor_cancel_all(Executor *executor) {
    bool here = executor == local_executor();
    assert(here && "tasks are cancelled on their executor's thread");
    bool allowed = here && !executor_is_polling(executor, NULL);
    assert(allowed && "a poll must not cancel the task that it belongs to");
    if (!allowed) {
        return;
    }
    bool running = executor->running;
    executor->running = true; /* no drop may run or free it meanwhile */
    while (executor->tasks != NULL) {
        task_cancel(executor->tasks);
    }
    executor->running = running;
}

//! [free]
/*
 * Another thread may be just about to leave a note. Closing the mailbox ends
 * that: a note comes before it, and is among those that are read here, or it is
 * refused, and its reference is given back where it was refused.
 */
void executor_free(Executor *executor) {
    bool allowed = executor == local_executor() && !executor->running;
    assert(allowed && "an executor is freed on its thread, not in a run");
    if (!allowed) {
        return;
    }
    executor_cancel_all(executor);
    read_notes(mailbox_close(&executor->mailbox));
    run_all(executor, ready_queue_take_all(&executor->queue));
    executor_of_thread = NULL;
    executor_release(executor);
}
//! [free]
