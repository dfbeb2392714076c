/**
 * @file
 * From the id of an event to the tasks that wait for it.
 *
 * Each socket has an entry: the waker of the task that waits to read from it,
 * the waker of the one that waits to write, and what the last event said. The
 * id of an entry is its place and a generation. When a socket is closed its
 * place gets the next generation, so that an event which was under way for
 * it reaches nobody, even if the place has a new socket by now.
 *
 * Everything here happens on the executor's thread.
 */
#ifndef EVENT_MAP_H
#define EVENT_MAP_H

#include <stdint.h>

#include "io_blocker.h"
#include "waker.h"

/** One socket's entry; see event_map.c. */
typedef struct EventMapEntry EventMapEntry;

/** All zero is an empty map. */
typedef struct EventMap {
    /** Owned; grows when sockets are opened, never while they are used. */
    EventMapEntry *entries;
    /** How many entries there is room for. */
    uint32_t capacity;
    /** How many sockets are in the map. */
    uint32_t count;
    /** First of the free places; see event_map.c. */
    uint32_t free;
} EventMap;

/**
 * Drops all wakers that are left.
 *
 * @param[in,out] map  left empty.
 */
void event_map_deinit(EventMap *map);

/**
 * Makes an entry for a socket.
 *
 * @param[in,out] map  borrowed.
 * @param[out] id_out  names the entry until event_map_remove(); never 0.
 * @return 0 or `-ENOMEM`.
 */
int event_map_add(EventMap *map, uint64_t *id_out);

/**
 * Removes a socket's entry; drops the wakers in it.
 *
 * @param[in,out] map  borrowed.
 * @param[in] id       in use; names nothing afterwards.
 */
void event_map_remove(EventMap *map, uint64_t id);

/**
 * Keeps the latest waker of a task that waits for one signal.
 *
 * @param[in,out] map  borrowed.
 * @param[in] id       in use.
 * @param[in] signal   one of the two.
 * @param[in] waker    borrowed; cloned.
 */
void event_map_insert(EventMap *map, uint64_t id, Signals signal,
                      const Waker *waker);

/**
 * Drops the waker of the task that waits for one signal, if there is one.
 *
 * @param[in,out] map  borrowed.
 * @param[in] id       in use.
 * @param[in] signal   one of the two.
 */
void event_map_take_back(EventMap *map, uint64_t id, Signals signal);

/**
 * Notes what an event says, and wakes those who wait for it.
 *
 * @param[in,out] map  borrowed.
 * @param[in] event    one with an id that is not in use any more is ignored.
 */
void event_map_wake(EventMap *map, Event event);

/**
 * What the events have said since it was cleared.
 *
 * @param[in] map  borrowed.
 * @param[in] id   in use.
 * @return the signals that are there, as far as is known.
 */
Signals event_map_signals(const EventMap *map, uint64_t id);

/**
 * Forgets what an event said: a read or a write may have changed it.
 *
 * @param[in,out] map  borrowed.
 * @param[in] id       in use.
 * @param[in] signal   one of the two.
 */
void event_map_clear(EventMap *map, uint64_t id, Signals signal);

#endif
