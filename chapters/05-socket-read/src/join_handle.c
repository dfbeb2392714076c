#include "join_handle.h"

#include <stddef.h>

static inline JoinHandle *join_handle_of(Future *future) {
    return (JoinHandle *)future;
}

//! [poll]
static Poll join_handle_poll(Future *future, Context *context) {
    JoinHandle *self = join_handle_of(future);
    if (task_is_completed(self->task)) {
        return POLL_READY;
    }
    waker_clone_from(&self->waker, context->waker);
    self->task->joiner = self;
    return POLL_PENDING;
}
//! [poll]

static void join_handle_drop(Future *future) {
    JoinHandle *self = join_handle_of(future);
    self->task->joiner = NULL;
    self->task->has_handle = false;
    waker_drop(&self->waker);
    task_release(self->task);
}

void join_handle_init(JoinHandle *self, Task *task) {
    static const FutureVtable vtable = {join_handle_poll, join_handle_drop};
    *self = (JoinHandle){.future = {&vtable}, .task = task};
    task->has_handle = true;
    task_retain(task);
}

bool join_handle_is_finished(const JoinHandle *self) {
    return task_is_completed(self->task);
}

//! [output]
Future *join_handle_output(const JoinHandle *self) {
    if (!task_is_completed(self->task) || self->task->cancelled) {
        return NULL;
    }
    return (Future *)(void *)self->task->future;
}
//! [output]

void join_handle_cancel(JoinHandle *self) {
    if (!task_is_completed(self->task)) {
        task_cancel(self->task);
    }
}

void join_handle_wake(JoinHandle *self) {
    waker_wake(&self->waker);
}
