/** @file
 * From the id of an event to the tasks that wait for it. Each socket has an
 * entry, which stays where it is until the socket is closed. An event does not
 * point to it, since the socket may have been closed while the event was under
 * way. It carries an id: the socket's number, and how many sockets the map had
 * seen when this one came. A new socket of this number has another id.
 * Pointers are borrowed, unless said to be owned. Rules: docs/headers.md. */
#ifndef EVENT_MAP_H
#define EVENT_MAP_H

#include <stdint.h>

#include "io_blocker.h"
#include "waiter.h"

typedef struct EventMapEntry EventMapEntry; /**< See EventMap. */

/** The entries of an executor's sockets. */
typedef struct EventMap {
    IoBlocker *io_blocker;   /**< Where the interests of the entries are. */
    EventMapEntry **entries; /**< Owned, indexed by the sockets' numbers. */
    uint32_t capacity;       /**< How many numbers there is room for. */
    uint32_t count;          /**< How many sockets there have been. */
} EventMap;

//! [entry]
/** One socket's entry; the socket owns it. */
struct EventMapEntry {
    EventMap *map;   /**< `NULL` once the executor is gone. */
    uint64_t id;     /**< What its events carry; never 0. */
    Signals signals; /**< What they said, and no read or write disproved. */
    WaiterList readers, writers;
};
//! [entry]

/** Makes a map without entries. */
void event_map_init(EventMap *map, IoBlocker *io_blocker);

/** Gives the map up: its entries have none, and the caller wakes `waiters`. */
void event_map_deinit(EventMap *map, WaiterList *waiters);

/** Makes an open object's entry. Errors: `-ENOMEM`, `-EEXIST` if it has one. */
int event_map_add(EventMap *map, IoObject object, EventMapEntry **entry_out);

/** Frees an entry, whose map may be gone; removes its interests, wakes all. */
void event_map_remove(EventMapEntry *entry);

/** Who waits for one signal, in order of arrival. */
static inline WaiterList *event_map_waiters(EventMapEntry *entry,
                                            Signals signal) {
    return signal == SIGNAL_READABLE ? &entry->readers : &entry->writers;
}

/** Notes what an event says, unless its socket is closed, and wakes all. */
void event_map_wake(EventMap *map, Event event);

#endif
