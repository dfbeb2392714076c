#include "join_handle.h"

#include <assert.h>
#include <stddef.h>

#include "executor_internal.h"

static inline JoinHandle *join_handle_of(Future *future) {
    return (JoinHandle *)future;
}

/* Another thread is refused: a task is plain memory of its executor's. */
static bool is_here(const JoinHandle *self) {
    bool here = executor_is_here(self->task->executor);
    assert(here && "a join handle is used on its executor's thread");
    return here;
}

//! [poll]
static Poll join_handle_poll(Future *future, Context *context) {
    JoinHandle *self = join_handle_of(future);
    if (!is_here(self)) {
        return POLL_READY;
    }
    if (!self->task->completed) {
        waiter_list_insert(&self->task->joiners, &self->waiter, context->waker);
    }
    if (self->task->completed) { /* also while the waker was cloned */
        waiter_remove(&self->waiter);
        return POLL_READY;
    }
    return POLL_PENDING;
}
//! [poll]

//! [drop]
/* The output was ours: what has not been taken of it goes with its future. */
static void join_handle_drop(Future *future) {
    JoinHandle *self = join_handle_of(future);
    if (!is_here(self)) {
        return;
    }
    Task *task = self->task;
    waiter_remove(&self->waiter);
    task->has_handle = false;
    if (task->completed && !task->cancelled) {
        future_drop(task_future(task));
    }
    task_release(task);
}
//! [drop]

void join_handle_init(JoinHandle *self, Task *task) {
    static const FutureVtable vtable = {join_handle_poll, join_handle_drop};
    *self = (JoinHandle){.future = {&vtable}, .task = task};
    task->has_handle = true;
    task_retain(task);
}

bool join_handle_is_finished(const JoinHandle *self) {
    return is_here(self) && self->task->completed;
}

//! [output]
Future *join_handle_output(const JoinHandle *self) {
    bool ready = join_handle_is_finished(self) && !self->task->cancelled;
    return ready ? task_future(self->task) : NULL;
}
//! [output]

void join_handle_cancel(JoinHandle *self) {
    if (!is_here(self) || self->task->completed) {
        return;
    }
    bool polling = executor_is_polling(self->task->executor, self->task);
    assert(!polling && "a task ends itself by returning POLL_READY");
    if (!polling) {
        task_cancel(self->task);
    }
}
