#include "runtime.h"

#include <time.h>

#include "descriptors.h"
#include "error_name.h"
#include "script_descriptors.h"
#include "script_waiting.h"

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
                 "More descriptors are open than at the beginning of the "
                 "test: %d.",
                 descriptors_open() - descriptors_before);
    cr_assert_eq(script_blocking_calls, 0,
                 "A descriptor that blocks was read or written %d times: each "
                 "could put the whole executor to sleep.",
                 script_blocking_calls);
}

void turn(void) {
    stage_run_batch(runtime);
}

/* Only what has to wait for the system pauses. */
void turn_and_pause(void) {
    int before = script_reports;
    turn();
    if (script_reports == before) {
        nanosleep(&(struct timespec){.tv_nsec = NS_PER_MS}, NULL);
    }
}

void run_to_the_end_of(Future *future) {
    int result = executor_block_on(runtime, future);
    cr_assert_eq(result, 0,
                 "executor_block_on() answered %s for a future that can be "
                 "ready.",
                 error_name(result));
}

IoBlocker *runtime_io_blocker(void) {
    return executor_event_map(runtime)->io_blocker;
}

static Waker begin_to_wait(Waiting *self, const char *name) {
    *self = (Waiting){0};
    probe_waker_init(&self->task, name);
    return probe_waker_lend(&self->task);
}

int wait_to_read(Waiting *self, const char *name, Socket *socket) {
    Waker lent = begin_to_wait(self, name);
    return socket_set_readable_callback(socket, &self->waiter, &lent);
}

int wait_to_write(Waiting *self, const char *name, Socket *socket) {
    Waker lent = begin_to_wait(self, name);
    return socket_set_writable_callback(socket, &self->waiter, &lent);
}

void runtime_signals(const Socket *socket, Signals signals) {
    event_map_wake(executor_event_map(runtime),
                   (Event){socket->entry->id, signals});
}

void assert_nothing_is_reported(void) {
    int before = script_reports;
    turn();
    cr_assert_eq(script_reports, before,
                 "The system reports a socket for which no future waits.");
}

bool runtime_uses_epoll(void) {
    return script_epoll_create1.calls > 0;
}
