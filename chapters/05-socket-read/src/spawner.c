#include "spawner.h"

#include <assert.h>
#include <errno.h>

#include "executor.h"

//! [spawn]
int spawner_spawn(const Spawner *spawner, const Future *future, size_t size,
                  JoinHandle *handle_out) {
    bool here = spawner->executor == local_executor();
    assert(here && "a task is spawned on its executor's thread");
    Task *task;
    int result =
        here ? task_new(spawner->executor, future, size, &task) : -EPERM;
    if (result == 0 && handle_out != NULL) {
        join_handle_init(handle_out, task);
    }
    return result;
}
//! [spawn]
