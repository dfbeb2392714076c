/*
 * The life of a task is two words of plain memory, which only its executor's
 * thread reads or writes. QUEUED: it is in the ready queue. COMPLETED: it will
 * never be polled again.
 *
 *                    (1)
 *                     |
 *                     v        (2)
 *          +----> [QUEUED] ----------> [ ]  waits, or is being polled
 *      (4) |       |  |  ^              |  |
 *          +-------+  |  |      (3)     |  |
 *                     |  +--------------+  |
 *                 (5) |                    | (6)
 *                     v          (7)       v
 *          [QUEUED, COMPLETED] -----> [COMPLETED] ---+
 *                                          ^         | (8)
 *                                          +---------+
 *
 *   (1) task_new       born in the queue: the first poll is owed
 *   (2) task_run       out of the queue; QUEUED is cleared, THEN it is polled
 *   (3) task_queue     a wake-up, also during the poll: back into the queue
 *   (4) task_queue     a wake-up of what is queued already: one poll for both
 *   (5) task_complete  cancelled in the queue, or woken during its last poll
 *   (6) task_complete  ready, or cancelled while it waits
 *   (7) task_run       what was completed in the queue comes out: not polled
 *   (8) task_queue     a late waker: nothing happens
 *
 * The executor's reference is given back when the task is both completed and
 * out of the queue: in (6) or (7), whichever happens, and never in both.
 *
 * Another thread may do one thing: leave a note. NOTED is the only bit that it
 * shares with the executor. A thread that sets it puts the task into the
 * mailbox, once. A thread that finds it set has nothing to do, since the
 * executor has yet to read the note, and will queue the task then.
 *
 * The exchange that sets NOTED and the one that clears it are acquire and
 * release, and each reads from the one before it. Release when it is set,
 * acquire when it is cleared: what was written before a wake-up, the poll sees,
 * also if it was the second wake-up or the fifth that found the bit set.
 * Release when it is cleared, acquire when it is set: the executor has read
 * `next_note` before another thread writes it.
 */
#include "task.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "executor.h"
#include "executor_internal.h"

void task_retain(Task *task) {
    atomic_fetch_add_explicit(&task->references, 1, memory_order_relaxed);
}

/*
 * Each change of the count reads what the one before it wrote. Release: what
 * this owner did comes before its decrement. Acquire: the last one sees, along
 * that chain, what all the others did, and frees.
 */
void task_release(Task *task) {
    if (atomic_fetch_sub_explicit(&task->references, 1, memory_order_acq_rel) ==
        1) {
        executor_release(task->executor);
        free(task);
    }
}

//! [has_waker]
/*
 * Relaxed: a thread that wakes and gives its waker back has left a note before,
 * and counted it in this same number.
 */
bool task_has_waker(const Task *task) {
    unsigned others = task->has_handle ? 2 : 1;
    return atomic_load_explicit(&task->references, memory_order_relaxed) >
           others;
}
//! [has_waker]

//! [wake]
static void task_queue(Task *task) {
    if (!task->queued && !task->completed) {
        task->queued = true;
        executor_queue(task->executor, task);
    }
}

static void task_wake(Task *task) {
    if (task->executor == local_executor()) {
        task_queue(task);
    } else if (!atomic_exchange_explicit(&task->noted, true,
                                         memory_order_acq_rel)) {
        task_retain(task); /* the note's own */
        executor_leave_note(task->executor, task);
    }
}

/*
 * NOTED is cleared before the poll, as QUEUED is: a wake-up from here on leaves
 * the next note. Of a completed task it stays set, so that none does.
 */
void task_take_note(Task *task) {
    if (!task->completed) {
        atomic_exchange_explicit(&task->noted, false, memory_order_acq_rel);
        task_queue(task);
    }
    task_release(task);
}
//! [wake]

//! [vtable]
/* Borrows. */
static void *task_waker_clone(void *data) {
    task_retain(data);
    return data;
}

/* Borrows. */
static void task_waker_wake_by_ref(void *data) {
    task_wake(data);
}

/* Consumes. */
static void task_waker_drop(void *data) {
    task_release(data);
}

/* Consumes. */
static void task_waker_wake(void *data) {
    task_wake(data);
    task_release(data);
}

static const WakerVtable task_waker_vtable = {
    .clone = task_waker_clone,
    .wake = task_waker_wake,
    .wake_by_ref = task_waker_wake_by_ref,
    .drop = task_waker_drop,
};
//! [vtable]

int task_new(Executor *executor, const Future *future, size_t size,
             Task **task_out) {
    Task *task = malloc(sizeof *task + size);
    if (task == NULL) {
        return -ENOMEM;
    }
    memset(task, 0, sizeof *task);
    memcpy(task->future, future, size);
    atomic_init(&task->references, 1);
    atomic_init(&task->noted, false);
    waiter_list_init(&task->joiners);
    task->executor = executor;
    executor_adopt(executor, task);
    task_queue(task);
    *task_out = task;
    return 0;
}

//! [complete]
/*
 * The task is out of sight before code of others is called: a future that is
 * dropped here may cancel all tasks that there are.
 *
 * Relaxed: a thread that finds NOTED set leaves no note, and needs nothing else
 * of ours.
 */
static void task_complete(Task *task) {
    bool in_queue = task->queued;
    task->completed = true;
    atomic_store_explicit(&task->noted, true, memory_order_relaxed);
    executor_disown(task->executor, task);
    if (task->cancelled || !task->has_handle) {
        future_drop(task_future(task)); /* its output is out of reach */
    }
    waiter_list_wake_all(&task->joiners);
    if (!in_queue) {
        task_release(task);
    }
}
//! [complete]

//! [run]
/*
 * QUEUED is cleared before the poll. Cleared after it, a wake-up that comes
 * during the poll would find the bit still standing, do nothing, and be lost.
 */
void task_run(Task *task) {
    task->queued = false;
    if (task->completed) {
        task_release(task);
        return;
    }
    Waker lent = {task, &task_waker_vtable}; /* it is not dropped */
    Context context = {&lent};
    if (future_poll(task_future(task), &context) == POLL_READY) {
        task_complete(task);
    }
}
//! [run]

void task_cancel(Task *task) {
    task_retain(task); /* a drop may run the queue, and the task out of it */
    task->cancelled = true;
    task_complete(task);
    task_release(task);
}
