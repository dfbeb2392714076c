/*
 * The part of an IoBlocker that is the same on every system: what is waited
 * for, and which report is out of date.
 *
 * An object's interest is two sets of signals.
 *
 *   wanted   what is waited for. Set by adding, cleared by the event.
 *   armed    what the system has been told to report. It lags behind on
 *            purpose: when an event clears `wanted`, `armed` stays.
 *
 * A task that reads from a socket, over and over, clears and sets `wanted`
 * each time, which is two stores in memory. The system is not told, since
 * what is armed is a level: while nothing is there it reports nothing, and as
 * soon as something is, it reports it. Only when it reports a signal that is
 * not wanted is the signal disarmed; otherwise every wait would report it
 * again at once. So telling the system costs one call when a reader begins
 * and one when it has lost interest, not two for each wait.
 *
 * Numbers of objects are used again. A report carries the generation under
 * which its object was armed; when an object is forgotten its number gets the
 * next generation, and a report that is still on its way is ignored.
 */
#include "io_blocker.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "clock.h"

//! [interest]
/* What is known of an object; the table is indexed by its number. */
typedef struct Interest {
    uint64_t id;
    uint32_t generation;
    unsigned char wanted;
    unsigned char armed;
} Interest;
//! [interest]

struct IoBlocker {
    Backend *backend;
    Interest *interests;
    size_t capacity;
    bool woken; /* and not yet told to the caller */
    Readiness readiness[IO_BLOCKER_BATCH];
};

int io_blocker_new(IoBlocker **blocker_out) {
    IoBlocker *blocker = calloc(1, sizeof *blocker);
    if (blocker == NULL) {
        return -ENOMEM;
    }
    int result = backend_new(&blocker->backend);
    if (result != 0) {
        free(blocker);
        return result;
    }
    *blocker_out = blocker;
    return 0;
}

void io_blocker_free(IoBlocker *blocker) {
    backend_free(blocker->backend);
    free(blocker->interests);
    free(blocker);
}

/* Makes the table large enough for `object`; new entries are all zero. */
static int reserve(IoBlocker *blocker, IoObject object) {
    size_t needed = (size_t)object + 1;
    size_t capacity = needed < 64 ? 64 : needed + needed / 2;
    if (capacity > SIZE_MAX / sizeof *blocker->interests) {
        return -ENOMEM; /* where a size_t has 32 bits */
    }
    Interest *grown =
        realloc(blocker->interests, capacity * sizeof *blocker->interests);
    if (grown == NULL) {
        return -ENOMEM;
    }
    memset(grown + blocker->capacity, 0,
           (capacity - blocker->capacity) * sizeof *grown);
    blocker->interests = grown;
    blocker->capacity = capacity;
    return 0;
}

//! [arm]
/* Tells the system, if it does not know yet. */
static int arm(IoBlocker *blocker, IoObject object, Signals signals) {
    Interest *interest = &blocker->interests[object];
    if (signals == interest->armed) {
        return 0;
    }
    int result = backend_arm(blocker->backend, object, interest->generation,
                             interest->armed, signals);
    if (result == 0) {
        interest->armed = (unsigned char)signals;
    }
    return result;
}
//! [arm]

//! [forget]
/* Forgets an object. It may be closed already, which is no failure. */
static void forget(IoBlocker *blocker, IoObject object) {
    Interest *interest = &blocker->interests[object];
    (void)arm(blocker, object, 0);
    interest->armed = 0;
    interest->wanted = 0;
    interest->generation += 1;
}
//! [forget]

//! [admit]
/*
 * Takes in a number beyond the table. The system is asked first: a number can
 * be any, and only one that is open is worth the memory.
 */
static int admit(IoBlocker *blocker, IoObject object, Event event) {
    int result = backend_arm(blocker->backend, object, 0, 0, event.signals);
    if (result != 0) {
        return result;
    }
    result = reserve(blocker, object);
    if (result != 0) {
        (void)backend_arm(blocker->backend, object, 0, event.signals, 0);
        return result;
    }
    Interest *interest = &blocker->interests[object];
    interest->id = event.id;
    interest->armed = (unsigned char)event.signals;
    return 0;
}
//! [admit]

//! [add]
int io_blocker_add_io_event_interest(IoBlocker *blocker, IoObject object,
                                     Event event) {
    assert((event.signals & (SIGNAL_READABLE | SIGNAL_WRITABLE)) != 0 &&
           "an interest names at least one signal");
    bool known = (size_t)object < blocker->capacity; /* and not below 0 */
    int result = known ? 0 : admit(blocker, object, event);
    if (result != 0) {
        return result;
    }
    Interest *interest = &blocker->interests[object];
    if (interest->id != event.id) {
        if (interest->wanted != 0) {
            return -EEXIST;
        }
        forget(blocker, object); /* the number stands for a new object */
    }
    result = arm(blocker, object, interest->armed | event.signals);
    if (result == 0) {
        interest->id = event.id;
        interest->wanted |= (unsigned char)event.signals;
    }
    return result;
}
//! [add]

//! [remove]
void io_blocker_remove_io_event_interest(IoBlocker *blocker, IoObject object,
                                         Signals signals) {
    if ((size_t)object >= blocker->capacity) { /* or below 0 */
        return;
    }
    Interest *interest = &blocker->interests[object];
    interest->wanted &= (unsigned char)~signals;
    if (interest->wanted == 0) {
        forget(blocker, object);
    }
}
//! [remove]

//! [hand_out]
/* Turns a report into an event. Returns whether it was waited for. */
static bool hand_out(IoBlocker *blocker, const Readiness *report,
                     Event *event_out) {
    if ((size_t)report->object >= blocker->capacity ||
        blocker->interests[report->object].generation != report->generation) {
        return false; /* of an object that has been forgotten */
    }
    Interest *interest = &blocker->interests[report->object];
    Signals awaited = report->signals & interest->wanted;
    Signals idle = report->signals & ~(Signals)interest->wanted;
    interest->wanted &= (unsigned char)~awaited;
    (void)arm(blocker, report->object, interest->armed & ~idle);
    if (awaited == 0) {
        return false;
    }
    *event_out = (Event){interest->id, awaited};
    return true;
}
//! [hand_out]

//! [block_until]
/* Waits once. Returns how many events there are; 0 says: look why. */
static int wait_once(IoBlocker *blocker, uint64_t deadline_ns,
                     Event *events_out, size_t capacity) {
    if (capacity > IO_BLOCKER_BATCH) {
        capacity = IO_BLOCKER_BATCH;
    }
    int reports = backend_wait(blocker->backend, deadline_ns,
                               blocker->readiness, capacity, &blocker->woken);
    int events = reports < 0 ? reports : 0;
    for (int i = 0; i < reports; i++) {
        events +=
            hand_out(blocker, &blocker->readiness[i], &events_out[events]);
    }
    return events;
}

int io_blocker_block_until(IoBlocker *blocker, uint64_t deadline_ns,
                           Event *events_out, size_t capacity) {
    int events = 0;
    while (events == 0) {
        if (!blocker->woken) {
            events = wait_once(blocker, deadline_ns, events_out, capacity);
        }
        if (events == 0 && blocker->woken) {
            blocker->woken = false;
            events = -ECANCELED;
        } else if (events == 0 && clock_now_ns() >= deadline_ns) {
            events = -ETIMEDOUT;
        }
    }
    return events;
}
//! [block_until]

int io_blocker_block(IoBlocker *blocker, Event *event_out) {
    int events = io_blocker_block_until(blocker, DEADLINE_NEVER, event_out, 1);
    return events < 0 ? events : 0;
}

void io_blocker_wake(IoBlocker *blocker) {
    backend_wake(blocker->backend);
}

const char *signals_name(Signals signals) {
    static const char *const names[] = {"nothing", "READABLE", "WRITABLE",
                                        "READABLE | WRITABLE"};
    return names[signals & (SIGNAL_READABLE | SIGNAL_WRITABLE)];
}
