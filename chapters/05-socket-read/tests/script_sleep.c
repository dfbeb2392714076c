#include "script_sleep.h"

#include <criterion/criterion.h>

#include "executor.h"
#include "io_blocker.h"
#include "script_io_blocker.h"
#include "script_locks.h"
#include "script_memory.h"
#include "script_tasks.h"
#include "script_waiting.h"

Cue script_before_park;
int script_parks;
atomic_int script_unparks;

void __real_io_blocker_wake(IoBlocker *blocker);

void __wrap_io_blocker_wake(IoBlocker *blocker) {
    atomic_fetch_add(&script_unguarded, script_locks_held() <= 0);
    atomic_fetch_add(&script_unparks, 1);
    if (!script_was_freed(blocker)) {
        __real_io_blocker_wake(blocker);
    }
}

static void at_wait(int timeout_ms) {
    if (timeout_ms != 0) {
        script_parks += 1;
        script_fire(&script_before_park);
    }
}

/* A wait without an end, and the system has nothing to report. */
static void at_endless_wait(void) {
    Executor *executor = local_executor();
    int notes = executor == NULL ? 0 : script_notes();
    cr_assert(notes <= 0,
              "The executor sleeps for ever with %d notes in its mailbox: it "
              "was not called for them (%zu tasks are pending).",
              notes, script_tasks_pending());
    cr_assert(executor == NULL,
              "The executor sleeps for ever: it has no note, the system has "
              "nothing to report, and %zu tasks are pending.",
              script_tasks_pending());
}

/* The executor sleeps in a wait of its IoBlocker. */
__attribute__((constructor)) static void stand_at_waits(void) {
    script_at_wait = at_wait;
    script_at_endless_wait = at_endless_wait;
}
