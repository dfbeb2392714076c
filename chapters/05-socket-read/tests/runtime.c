#include "runtime.h"

#include <string.h>

#include "descriptors.h"

Executor *runtime;

static int descriptors_before;

void runtime_open(void) {
    descriptors_before = descriptors_open();
    runtime = stage_open();
}

void runtime_free(void) {
    executor_free(runtime);
    runtime = NULL;
}

void runtime_close(void) {
    if (runtime != NULL) {
        executor_free(runtime);
    }
    stage_assert_nothing_left();
    cr_assert_eq(descriptors_open(), descriptors_before,
                 "%d descriptors are left open: each socket has to be closed "
                 "once, however its future ended.",
                 descriptors_open() - descriptors_before);
    cr_assert_eq(script.blocking_calls, 0,
                 "A read or write on a descriptor that blocks: it would put "
                 "the whole executor to sleep. Make it non-blocking.");
}

void turn(void) {
    stage_run_batch(runtime);
}

void run_to_the_end_of(Future *future) {
    int result = executor_block_on(runtime, future);
    cr_assert_eq(result, 0,
                 "executor_block_on() gave up (%s) on a future that can be "
                 "ready: -EDEADLK means that nobody kept its waker.",
                 strerror(-result));
}

void runtime_signals(const Socket *socket, Signals signals) {
    event_map_wake(executor_event_map(runtime), (Event){socket->id, signals});
}

void assert_nothing_is_reported(void) {
    int before = script.reports;
    turn();
    cr_assert_eq(script.reports, before,
                 "The system still reports a socket for which nobody waits: "
                 "whoever gives up waiting has to remove the interest, too.");
}

bool runtime_uses_epoll(void) {
    return script_epoll_create1.calls > 0;
}
