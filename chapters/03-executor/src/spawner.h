/**
 * @file
 * Hands futures to an executor.
 */
#ifndef SPAWNER_H
#define SPAWNER_H

#include <stddef.h>

#include "join_handle.h"

/** Borrows an executor; two of them are as good as one. */
typedef struct Spawner {
    /** Where tasks are spawned. */
    Executor *executor;
} Spawner;

/**
 * Makes a task of a future. Executor's thread, also from within a poll.
 *
 * The future is moved: its bytes are copied into the task, and the caller's
 * copy is spent. That is allowed until a future has been polled. A pointer into
 * the future itself would still point into the caller's copy: a future that
 * contains others makes them in its first poll.
 *
 * @param[in] spawner      borrowed.
 * @param[in] future       the first member of a concrete future; moved away.
 * @param[in] size         of the concrete future, in bytes.
 * @param[out] handle_out  to wait for the task or cancel it, to be dropped by
 *                         the caller; or `NULL` to leave it to itself.
 * @return 0; `-ENOMEM`; or `-EPERM` on another thread than the executor's: then
 *         the future is still the caller's.
 */
int spawner_spawn(const Spawner *spawner, const Future *future, size_t size,
                  JoinHandle *handle_out);

#endif
