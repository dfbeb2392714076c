/**
 * @file
 * A future that an executor polls for you, and the wakers that name it.
 *
 * A task is one block of memory: the bookkeeping below, and behind it the
 * future itself. The executor holds one reference to it until it has
 * completed; each waker, each note in the mailbox and a join handle hold one
 * more. The last reference to go frees the block.
 *
 * The future in it is dropped earlier, on the executor's thread: when the task
 * is cancelled, or when it has completed and has no join handle, or no longer.
 */
#ifndef TASK_H
#define TASK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "future.h"
#include "waiter.h"

/** See executor.h. */
typedef struct Executor Executor;

/** A future under an executor's care. Its members are task.c's business. */
typedef struct Task {
    /** Any thread: wakers, notes, join handle, and the executor's own. */
    atomic_uint references;
    /** Any thread: NOTED, see task.c. */
    atomic_bool noted;

    /** Executor's thread: QUEUED, see the diagram in task.c. */
    bool queued : 1;
    /** Executor's thread: COMPLETED, see there. */
    bool completed : 1;
    /** Executor's thread: completed without being ready. */
    bool cancelled : 1;
    /** Executor's thread: a join handle holds one of the references. */
    bool has_handle : 1;

    /** While NOTED stands, the mailbox's: the note left before this one. */
    struct Task *next_note;
    /** Executor's thread: while QUEUED stands, the task behind this one. */
    struct Task *next_ready;
    /** Executor's thread: neighbours among the tasks not yet completed. */
    struct Task *prev, *next;
    /** Executor's thread: the join handle, while it waits for the end. */
    WaiterList joiners;
    /** Never changes; keeps the executor's memory. */
    Executor *executor;

    /** The future, moved here by task_new(). */
    _Alignas(max_align_t) unsigned char future[];
} Task;

/**
 * Moves a future into a new task, queued for its first poll. Executor's
 * thread.
 *
 * @param[in,out] executor  borrowed; takes care of the task from now on.
 * @param[in] future        not polled yet; moved away, unless this fails.
 * @param[in] size          of the concrete future, in bytes.
 * @param[out] task_out     borrowed from the executor.
 * @return 0, or `-ENOMEM`: then the future is still the caller's.
 */
int task_new(Executor *executor, const Future *future, size_t size,
             Task **task_out);

/**
 * Polls a task that came out of the ready queue. Executor's thread.
 *
 * @param[in,out] task  QUEUED stands; may be freed by this.
 */
void task_run(Task *task);

/**
 * Does what a note from another thread asks for: queues the task. Executor's
 * thread.
 *
 * @param[in,out] task  its note is out of the mailbox, whose reference is
 *                      consumed.
 */
void task_take_note(Task *task);

/**
 * Ends a task that has not completed: its future is dropped now, whether it
 * waits or is queued. Executor's thread, not from within its own poll.
 *
 * @param[in,out] task  borrowed; may be freed by this.
 */
void task_cancel(Task *task);

/**
 * Whether a task can still be woken: with a waker, or with a note that has
 * not been read. Executor's thread.
 *
 * @param[in] task  borrowed; not completed.
 * @return false if it will never be queued again.
 */
bool task_has_waker(const Task *task);

/**
 * The future in a task.
 *
 * @param[in,out] task  borrowed.
 * @return the concrete future's first member.
 */
static inline Future *task_future(Task *task) {
    return (Future *)(void *)task->future;
}

/**
 * Adds a reference. Any thread that has one.
 *
 * @param[in,out] task  borrowed.
 */
void task_retain(Task *task);

/**
 * Gives a reference back; the last one frees the task. Any thread.
 *
 * @param[in,out] task  consumed.
 */
void task_release(Task *task);

#endif
