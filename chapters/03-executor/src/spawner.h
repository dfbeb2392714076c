/** @file
 * Hands futures to an executor.
 * Pointers are borrowed, unless said to be owned. Rules: docs/headers.md. */
#ifndef SPAWNER_H
#define SPAWNER_H

#include <stddef.h>

#include "join_handle.h"

/** Where tasks are spawned; two of them are as good as one. */
typedef struct Spawner {
    Executor *executor;
} Spawner;

/** Makes a task of a future, also from within a poll. The future is moved:
 * `size` bytes are copied into the task. A pointer into the future itself would
 * still point to the caller's copy, so a future that contains others makes them
 * in its first poll. `handle_out` is to be dropped; or `NULL`, and the task is
 * left to itself. Errors: `-ENOMEM`; `-EPERM` on another thread. */
int spawner_spawn(const Spawner *spawner, const Future *future, size_t size,
                  JoinHandle *handle_out);

#endif
