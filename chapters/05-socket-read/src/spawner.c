#include "spawner.h"

//! [spawn]
int spawner_spawn(const Spawner *spawner, const Future *future, size_t size,
                  JoinHandle *handle_out) {
    Task *task;
    int result = task_new(spawner->executor, future, size, &task);
    if (result == 0 && handle_out != NULL) {
        join_handle_init(handle_out, task);
    }
    return result;
}
//! [spawn]
