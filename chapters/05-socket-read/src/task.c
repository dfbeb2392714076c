/*
 * The life of a task is two bits. QUEUED: it is in the ready queue, or on its
 * way there. COMPLETED: its future is gone and will never be polled again.
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
 *   (3) task_wake      a wake-up, also during the poll: back into the queue
 *   (4) task_wake      a wake-up of what is queued already: one poll for both
 *   (5) task_complete  cancelled in the queue, or woken during its last poll
 *   (6) task_complete  ready, or cancelled while it waits
 *   (7) task_run       what was completed in the queue comes out: not polled
 *   (8) task_wake      a late waker: nothing happens (its bit is ignored)
 *
 * The executor's reference is given back when the task is both completed and
 * out of the queue: in (6) or (7), whichever happens, and never in both.
 */
#include "task.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "executor.h"
#include "executor_internal.h"
#include "join_handle.h"

/* Set if the task is, or is about to be, in the ready queue. */
enum { QUEUED = 1 };
/* Set if the future has been dropped; never cleared again. */
enum { COMPLETED = 2 };

static inline Future *task_future(Task *task) {
    return (Future *)(void *)task->future;
}

void task_retain(Task *task) {
    atomic_fetch_add_explicit(&task->references, 1, memory_order_relaxed);
}

/*
 * Release: all that this owner did comes before its decrement. Acquire: the
 * last one sees all that the others did, and frees. A sole owner need not
 * count: nobody is left who could change the number.
 */
void task_release(Task *task) {
    if (atomic_load_explicit(&task->references, memory_order_acquire) == 1 ||
        atomic_fetch_sub_explicit(&task->references, 1, memory_order_acq_rel) ==
            1) {
        free(task);
    }
}

//! [has_waker]
/* Acquire: if the last waker is gone, what it did to the task is visible. */
bool task_has_waker(const Task *task) {
    unsigned references =
        atomic_load_explicit(&task->references, memory_order_acquire);
    return references > (task->has_handle ? 2 : 1);
}
//! [has_waker]

//! [alone]
/*
 * An atomic step costs many times a plain one. It is needed only if somebody
 * else can take his step at the same moment; and nobody can who has no waker.
 * Executor's thread. Both return what stood there before.
 */
static unsigned set(Task *task, unsigned char bits) {
    if (task_has_waker(task)) {
        return atomic_fetch_or_explicit(&task->state, bits,
                                        memory_order_acq_rel);
    }
    unsigned char previous =
        atomic_load_explicit(&task->state, memory_order_relaxed);
    atomic_store_explicit(&task->state, previous | bits, memory_order_relaxed);
    return previous;
}

static unsigned clear(Task *task, unsigned char bits) {
    unsigned char others = (unsigned char)~bits;
    if (task_has_waker(task)) {
        return atomic_fetch_and_explicit(&task->state, others,
                                         memory_order_acq_rel);
    }
    unsigned char previous =
        atomic_load_explicit(&task->state, memory_order_relaxed);
    atomic_store_explicit(&task->state, previous & others,
                          memory_order_relaxed);
    return previous;
}
//! [alone]

//! [wake]
/*
 * On another thread unconditionally, so that what the waker wrote is published
 * (release) even if the task is queued already: task_run() acquires it before
 * it polls. Who wakes on the executor's thread has nothing to publish.
 */
static void task_wake(Task *task) {
    unsigned previous = task->executor == local_executor()
                            ? set(task, QUEUED)
                            : atomic_fetch_or_explicit(&task->state, QUEUED,
                                                       memory_order_acq_rel);
    if ((previous & (QUEUED | COMPLETED)) == 0) {
        executor_enqueue(task->executor, task);
    }
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
    atomic_init(&task->state, QUEUED);
    task->executor = executor;
    executor_adopt(executor, task);
    executor_enqueue(executor, task);
    *task_out = task;
    return 0;
}

//! [complete]
/* COMPLETED first: from then on, wakers that the drop sets off are ignored. */
static void task_complete(Task *task) {
    unsigned previous = set(task, COMPLETED);
    future_drop(task_future(task));
    executor_disown(task->executor, task);
    if (task->joiner != NULL) {
        join_handle_wake(task->joiner);
    }
    if ((previous & QUEUED) == 0) {
        executor_give_back(task->executor, task);
    }
}
//! [complete]

//! [run]
/*
 * QUEUED is cleared before the poll. Cleared after it, a wake-up that comes
 * during the poll would find the bit still standing, do nothing, and be lost.
 * Acquire: the poll sees what those who woke the task had written.
 */
void task_run(Task *task) {
    unsigned previous = clear(task, QUEUED);
    if ((previous & COMPLETED) != 0) {
        executor_give_back(task->executor, task);
        return;
    }
    Waker lent = {task, &task_waker_vtable}; /* nobody drops it */
    Context context = {&lent};
    task->running = true;
    Poll poll = future_poll(task_future(task), &context);
    task->running = false;
    if (poll == POLL_READY) {
        task_complete(task);
    }
}
//! [run]

void task_cancel(Task *task) {
    assert(!task_is_completed(task) && "a completed task cannot be cancelled");
    assert(!task->running && "a task ends itself by returning POLL_READY");
    task->cancelled = true;
    task_complete(task);
}

bool task_is_completed(const Task *task) {
    return (atomic_load_explicit(&task->state, memory_order_acquire) &
            COMPLETED) != 0;
}
