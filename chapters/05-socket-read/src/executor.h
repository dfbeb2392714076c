/** @file
 * Polls tasks when they are woken, and sleeps in the kernel when none is. One
 * thread makes an executor, runs it and frees it; tasks, sockets and timers
 * belong to it. What is done with them on another thread, except waking, is a
 * mistake: it fails an assertion, and with `NDEBUG` returns `-EPERM` or does
 * nothing.
 * Pointers are borrowed, unless said to be owned. Rules: docs/headers.md. */
#ifndef EXECUTOR_H
#define EXECUTOR_H

#include <stddef.h>

#include "event_map.h"
#include "io_blocker.h"
#include "spawner.h"
#include "timer_future.h"

/** Makes an executor without tasks. Errors: `-ENOMEM`; `-EPERM` if this thread
 * has one; `-EAGAIN` if there is no lock to be had; those of io_blocker_new(). */
int executor_new(Executor **executor_out);

/** Cancels all tasks and gives the executor up. Not while it runs or cancels,
 * nor from within a poll. Wakers of its tasks then do nothing. Join handles,
 * sockets and timers may be dropped before or after; polling one that was
 * pending gives `-ECANCELED`. */
void executor_free(Executor *executor);

/** What local_executor() returns; only executor.c changes it. */
extern _Thread_local Executor *executor_of_thread;

/** The executor of this thread; `NULL` if it has none. */
static inline Executor *local_executor(void) {
    return executor_of_thread;
}

/** Which waiters wait for which socket. */
EventMap *executor_event_map(Executor *executor);

/** Which waiters wait for which moment. */
TimerHeap *executor_timers(Executor *executor);

/** What spawns tasks here. */
Spawner executor_spawner(Executor *executor);

/** How many tasks have not completed. */
size_t executor_pending_tasks(const Executor *executor);

/** Runs until no task is left; not from within a poll. Errors: those of
 * io_blocker_block_until(); `-EDEADLK` if no task can run, and no waker of any
 * is left. That is not noticed of tasks in a circle, nor if another thread
 * drops the last waker during the sleep. */
int executor_run(Executor *executor);

/** Runs until a future is ready, and other tasks meanwhile; does not drop it.
 * Not from within a poll. Errors, while it is pending: as executor_run();
 * `-ENOMEM`; `-ECANCELED` if a waker or a drop called executor_cancel_all(). */
int executor_block_on(Executor *executor, Future *future);

/** Cancels all tasks, and drops their futures now. Not from within a poll. */
void executor_cancel_all(Executor *executor);

#endif
