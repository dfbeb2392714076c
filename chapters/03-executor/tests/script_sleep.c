#include "script_sleep.h"

#include <criterion/criterion.h>
#include <pthread.h>

#include "executor.h"
#include "parker.h"
#include "probe.h"
#include "ready_queue.h"
#include "script_memory.h"
#include "script_tasks.h"
#include "script_threads.h"

Cue script_before_park;
int script_parks;
atomic_int script_unparks;

void __real_parker_park(Parker *parker);
void __real_parker_unpark(Parker *parker);

static bool was_called(Parker *parker) {
    pthread_mutex_lock(&parker->lock);
    bool called = parker->unparked;
    pthread_mutex_unlock(&parker->lock);
    return called;
}

static void assert_somebody_called(Parker *parker) {
    if (was_called(parker)) {
        return;
    }
    const ReadyQueue *queue = (const ReadyQueue *)(void *)local_executor();
    const char *so_far = trace_or_nothing(trace_text());
    size_t pending = script_tasks_pending();
    cr_assert(ready_queue_is_empty(queue),
              "The executor went to sleep for ever although a task is in its "
              "ready queue (tasks pending: %zu; so far: %s).",
              pending, so_far);
    int notes = script_notes();
    cr_assert(notes <= 0 || script_sleep_was_announced(),
              "The executor went to sleep for ever although its mailbox had "
              "refused the announcement: there was a note (tasks pending: %zu; "
              "so far: %s).",
              pending, so_far);
    cr_assert(notes <= 0,
              "The executor sleeps for ever: it had announced that, and was "
              "not called for the note that came then (notes: %d; tasks "
              "pending: %zu; so far: %s).",
              notes, pending, so_far);
    cr_assert_fail("The executor went to sleep for ever: its ready queue and "
                   "its mailbox are empty, and no thread is left that could "
                   "leave a note (tasks pending: %zu; so far: %s).",
                   pending, so_far);
}

/* Sleeps only if the sleep has an end: a call, or a thread that may call. */
void __wrap_parker_park(Parker *parker) {
    script_parks += 1;
    script_fire(&script_before_park);
    struct timespec until = script_patience();
    script_lock();
    while (!was_called(parker) && script_threads_alive() > 0 &&
           script_await_change(&until)) {
    }
    int watching = script_threads_alive();
    script_unlock();
    cr_assert(watching == 0 || was_called(parker),
              "The executor has slept for %d seconds; %d threads watch sockets "
              "and do not wake it (tasks pending: %zu; so far: %s).",
              SCRIPT_PATIENCE_S, watching, script_tasks_pending(),
              trace_or_nothing(trace_text()));
    assert_somebody_called(parker);
    __real_parker_park(parker);
}

void __wrap_parker_unpark(Parker *parker) {
    atomic_fetch_add(&script_unparks, 1);
    if (script_was_freed(parker)) {
        return;
    }
    __real_parker_unpark(parker);
    script_lock();
    script_unlock(); /* which says that something changed */
}
