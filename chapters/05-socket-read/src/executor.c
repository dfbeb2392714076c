/*
 * How not to lose a wake-up.
 *
 * The executor sleeps when its queue is empty. Between the look at the queue
 * and the sleep, another thread may push a task; it must not be slept over.
 * Each side writes first and looks second:
 *
 *     executor                          waker, on any thread
 *     E1  sleeping = true               W1  push the task
 *     E2  is the queue empty?           W2  is it sleeping?
 *     E3  if so, park                   W3  if so, unpark
 *
 * All four of E1, E2, W1, W2 are sequentially consistent, so they happen in
 * one order that everybody agrees on. If E2 missed the push, then E2 came
 * before W1; so E1 came before W2, and W2 sees that it sleeps. A call that
 * arrives between E2 and E3 is remembered by the IoBlocker. And an executor
 * that is busy is never called: W2 reads false, which costs one load. (Who
 * wakes on the executor's own thread knows that it does not sleep.)
 *
 * Sleeping and looking after sockets are the same act. After each batch the
 * executor asks the IoBlocker what has happened: without waiting if tasks are
 * ready, up to the next timer if not. So tasks that are always ready cannot
 * starve those that wait for a socket, nor the other way round.
 */
#include "executor.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "clock.h"
#include "executor_internal.h"
#include "join_handle.h"
#include "ready_queue.h"

struct Executor {
    /* Any thread. */
    ReadyQueue queue;
    atomic_bool sleeping;
    atomic_size_t references; /* see executor_free() */
    IoBlocker *io_blocker;    /* io_blocker_wake() */

    /* Executor's thread. */
    Task *newest; /* of the tasks that have not completed */
    size_t pending;
    size_t held; /* tasks to which it still has its reference */
    EventMap event_map;
    TimerList timers;
};

static _Thread_local Executor *local;

Executor *local_executor(void) {
    return local;
}

IoBlocker *executor_io_blocker(Executor *executor) {
    return executor->io_blocker;
}

EventMap *executor_event_map(Executor *executor) {
    return &executor->event_map;
}

TimerList *executor_timers(Executor *executor) {
    return &executor->timers;
}

int executor_new(Executor **executor_out) {
    assert(local == NULL && "a thread has one executor at a time");
    Executor *executor = calloc(1, sizeof *executor);
    if (executor == NULL) {
        return -ENOMEM;
    }
    int result = io_blocker_new(&executor->io_blocker);
    if (result != 0) {
        free(executor);
        return result;
    }
    ready_queue_init(&executor->queue);
    atomic_init(&executor->sleeping, false);
    atomic_init(&executor->references, 1);
    local = executor;
    *executor_out = executor;
    return 0;
}

static void executor_retain(Executor *executor, size_t count) {
    atomic_fetch_add_explicit(&executor->references, count,
                              memory_order_relaxed);
}

/* As task_release(), for several references at once. */
static void executor_release(Executor *executor, size_t count) {
    if (atomic_fetch_sub_explicit(&executor->references, count,
                                  memory_order_acq_rel) == count) {
        io_blocker_free(executor->io_blocker);
        free(executor);
    }
}

Spawner executor_spawner(Executor *executor) {
    return (Spawner){executor};
}

size_t executor_pending_tasks(const Executor *executor) {
    return executor->pending;
}

void executor_adopt(Executor *executor, Task *task) {
    executor->held += 1;
    task->older = executor->newest;
    if (task->older != NULL) {
        task->older->newer = task;
    }
    executor->newest = task;
    executor->pending += 1;
}

void executor_disown(Executor *executor, Task *task) {
    if (task->older != NULL) {
        task->older->newer = task->newer;
    }
    if (task->newer != NULL) {
        task->newer->older = task->older;
    } else {
        executor->newest = task->older;
    }
    executor->pending -= 1;
}

void executor_give_back(Executor *executor, Task *task) {
    executor->held -= 1;
    task_release(task);
}

//! [enqueue]
/*
 * A task on its way into the queue keeps its executor (see executor_free());
 * one that is in it does not. So another thread takes a reference of its own;
 * if it is refused, it gives the task's back as well.
 */
void executor_enqueue(Executor *executor, Task *task) {
    if (executor == local) {
        ready_queue_append(&executor->queue, task);
        return; /* who wakes does not sleep */
    }
    executor_retain(executor, 1);
    if (!ready_queue_push(&executor->queue, task)) { /* W1 */
        task_release(task);
        executor_release(executor, 1);
    } else if (atomic_load(&executor->sleeping) && /* W2 */
               atomic_exchange(&executor->sleeping, false)) {
        io_blocker_wake(executor->io_blocker); /* W3: the first waker only */
    }
    executor_release(executor, 1);
}
//! [enqueue]

//! [events]
/* Wakes exactly those whom the events and the time concern. */
static void wake_all(Executor *executor, const Event *events, int count) {
    for (int i = 0; i < count; i++) {
        event_map_wake(&executor->event_map, events[i]);
    }
    timer_list_wake_expired(&executor->timers);
}
//! [events]

//! [sleep]
/* Looks after sockets and timers; waits for them only if nothing is ready. */
static int executor_sleep(Executor *executor) {
    Event events[IO_BLOCKER_BATCH];
    uint64_t deadline_ns = DEADLINE_NOW;
    if (ready_queue_is_empty(&executor->queue)) {
        atomic_store(&executor->sleeping, true);      /* E1 */
        if (ready_queue_is_empty(&executor->queue)) { /* E2 */
            deadline_ns = timer_list_deadline_ns(&executor->timers);
        }
    }
    int count = io_blocker_block_until(executor->io_blocker, deadline_ns,
                                       events, IO_BLOCKER_BATCH); /* E3 */
    atomic_store(&executor->sleeping, false);
    wake_all(executor, events, count);
    bool failed = count < 0 && count != -ETIMEDOUT && count != -ECANCELED;
    return failed ? count : 0;
}
//! [sleep]

//! [batch]
/* A task that is run may be freed or queued again: take its `next` first. */
static void run_all(Task *oldest) {
    while (oldest != NULL) {
        Task *task = oldest;
        oldest = task->next;
        task_run(task);
    }
}
//! [batch]

/*
 * Whether nothing is ready, and the tasks that are left can never be woken.
 * The last look at the queue comes last: once the last waker is seen to be
 * gone, whatever it pushed is seen as well. The walk stops at the first task
 * that has a waker, which is nearly always the first one.
 */
static bool nobody_will_wake(const Executor *executor) {
    if (!ready_queue_is_empty(&executor->queue)) {
        return false;
    }
    for (Task *task = executor->newest; task != NULL; task = task->older) {
        if (task_has_waker(task)) {
            return false;
        }
    }
    return ready_queue_is_empty(&executor->queue);
}

//! [turn]
/* Sleeps if nothing is ready; then polls what is. */
static int executor_turn(Executor *executor) {
    if (nobody_will_wake(executor)) {
        return -EDEADLK;
    }
    int result = executor_sleep(executor);
    run_all(ready_queue_take_all(&executor->queue));
    return result;
}

int executor_run(Executor *executor) {
    int result = 0;
    while (result == 0 && executor->newest != NULL) {
        result = executor_turn(executor);
    }
    return result;
}
//! [turn]

/* Lends a future to a task: the task polls it, and leaves the drop to others.
 */
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

//! [block_on]
int executor_block_on(Executor *executor, Future *future) {
    static const FutureVtable vtable = {lent_future_poll, lent_future_drop};
    LentFuture lent = {{&vtable}, future};
    Spawner spawner = executor_spawner(executor);
    JoinHandle handle;
    int result = spawner_spawn(&spawner, &lent.future, sizeof lent, &handle);
    if (result != 0) {
        return result;
    }
    while (result == 0 && !join_handle_is_finished(&handle)) {
        result = executor_turn(executor);
    }
    join_handle_cancel(&handle);
    future_drop(&handle.future);
    return result;
}
//! [block_on]

void executor_cancel_all(Executor *executor) {
    while (executor->newest != NULL) {
        task_cancel(executor->newest);
    }
}

//! [free]
/*
 * A waker on another thread may be just about to push. Closing the queue ends
 * that: a push comes before it, and is in the batch taken here, or it is
 * refused, and the waker gives the executor's reference back by itself.
 *
 * Who is refused has looked at the queue, so the executor must still be there.
 * For that, each task that has not come back yet gets a reference to the
 * executor, now; those that come back in the batch return theirs.
 */
void executor_free(Executor *executor) {
    executor_cancel_all(executor);
    size_t awaited = executor->held;
    executor_retain(executor, awaited);
    run_all(ready_queue_close(&executor->queue));
    event_map_deinit(&executor->event_map);
    local = NULL;
    executor_release(executor, 1 + awaited - executor->held);
}
//! [free]
