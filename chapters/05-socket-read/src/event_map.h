/**
 * @file
 * From the id of an event to the tasks that wait for it.
 *
 * Each socket has an entry: the waiters who want to read from it, those who
 * want to write, and what the last event said. An entry stays where it is until
 * its socket is closed, and knows its map: so a socket cannot be taken for one
 * of another executor.
 *
 * An event does not point to an entry, since its socket may have been closed
 * while it was under way. It carries an id: the socket's number, and how many
 * sockets the map had seen when this one came. If the number has a new socket
 * by now, that one has another id, and the event wakes no task.
 *
 * Everything here happens on the executor's thread.
 */
#ifndef EVENT_MAP_H
#define EVENT_MAP_H

#include <stdint.h>

#include "io_blocker.h"
#include "waiter.h"

/** See EventMap. */
typedef struct EventMapEntry EventMapEntry;

/** The entries of an executor's sockets. */
typedef struct EventMap {
    /** Borrowed; where the interests of the entries are. */
    IoBlocker *io_blocker;
    /** Owned, indexed by the sockets' numbers; the entries are the sockets'. */
    EventMapEntry **entries;
    /** How many numbers there is room for. */
    uint32_t capacity;
    /** How many sockets there have been. */
    uint32_t count;
} EventMap;

//! [entry]
/** One socket's entry. */
struct EventMapEntry {
    /** Whose it is; `NULL` once the executor is gone. */
    EventMap *map;
    /** What its events carry; never 0. */
    uint64_t id;
    /** What they have said, and no read or write has disproved. */
    Signals signals;
    /** Who waits to read, and who waits to write. */
    WaiterList readers, writers;
};
//! [entry]

/**
 * Makes a map without entries.
 *
 * @param[out] map        memory of the caller's; not to be moved.
 * @param[in] io_blocker  borrowed until event_map_deinit().
 */
void event_map_init(EventMap *map, IoBlocker *io_blocker);

/**
 * Gives the map up. The entries that are left belong to no map from now on.
 *
 * @param[in,out] map     not used afterwards.
 * @param[in,out] waiters all who wait are moved here; the caller wakes them.
 */
void event_map_deinit(EventMap *map, WaiterList *waiters);

/**
 * Makes an entry for a socket.
 *
 * @param[in,out] map     borrowed.
 * @param[in] object      open, so that its number is one of the system's.
 * @param[out] entry_out  owned by the caller, until event_map_remove().
 * @return 0, `-ENOMEM`, or `-EEXIST` if the number has an entry already.
 */
int event_map_add(EventMap *map, IoObject object, EventMapEntry **entry_out);

/**
 * Removes a socket's entry and its interests, and wakes all who wait.
 *
 * @param[in,out] entry  consumed; its map may be gone.
 */
void event_map_remove(EventMapEntry *entry);

/**
 * Puts a waiter in line for one signal, or keeps its latest waker. Calls
 * nothing of the wakers'.
 *
 * @param[in,out] entry   borrowed.
 * @param[in] signal      one of the two.
 * @param[in,out] waiter  borrowed until it is woken or taken out.
 * @param[in] waker       owned by the waiter from now on.
 * @return the waker that it had, which the caller owns; often empty.
 */
Waker event_map_insert(EventMapEntry *entry, Signals signal, Waiter *waiter,
                       Waker waker);

/**
 * Whether no waiter is in line for a signal.
 *
 * @param[in] entry   borrowed.
 * @param[in] signal  one of the two.
 * @return true if there is no waiter.
 */
bool event_map_is_idle(const EventMapEntry *entry, Signals signal);

/**
 * Notes what an event says, and wakes all who wait for it.
 *
 * @param[in,out] map  borrowed.
 * @param[in] event    one of a socket that is closed by now is ignored.
 */
void event_map_wake(EventMap *map, Event event);

#endif
