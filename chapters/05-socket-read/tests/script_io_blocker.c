#include "script_io_blocker.h"

#include "backend.h"
#include "io_blocker.h"
#include "platform.h"
#include "probe.h"
#include "script_locks.h"
#include "script_sockets.h"
#include "script_waiting.h"

atomic_int script_unguarded;
atomic_int script_kicks;
Cue script_after_add;

void __real_io_blocker_free(IoBlocker *blocker);
int __real_io_blocker_add_io_event_interest(IoBlocker *blocker, IoObject object,
                                            Event event);
void __real_io_blocker_remove_io_event_interest(IoBlocker *blocker,
                                                IoObject object,
                                                Signals signals);
void __real_backend_wake(Backend *backend);
int __real_descriptors_open(void);

void __wrap_io_blocker_free(IoBlocker *blocker) {
    atomic_fetch_add(&script_unguarded, script_locks_held() <= 0);
    __real_io_blocker_free(blocker);
}

int __wrap_io_blocker_add_io_event_interest(IoBlocker *blocker, IoObject object,
                                            Event event) {
    int result =
        __real_io_blocker_add_io_event_interest(blocker, object, event);
    script_fire(&script_after_add);
    return result;
}

void __wrap_io_blocker_remove_io_event_interest(IoBlocker *blocker,
                                                IoObject object,
                                                Signals signals) {
    if (object == script_traced_object) {
        trace_add("remove", "interest");
    }
    __real_io_blocker_remove_io_event_interest(blocker, object, signals);
}

void __wrap_backend_wake(Backend *backend) {
    atomic_fetch_add(&script_kicks, 1);
    __real_backend_wake(backend);
}

/* Counting descriptors is no wait, although it asks with poll(2). */
int __wrap_descriptors_open(void) {
    script_poll_is_no_wait = true;
    int open = __real_descriptors_open();
    script_poll_is_no_wait = false;
    return open;
}
