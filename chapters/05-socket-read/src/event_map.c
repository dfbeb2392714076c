#include "event_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

//! [id]
/* An id: how many sockets there had been above, the number below. */
static uint64_t id_of(uint32_t count, IoObject object) {
    return (uint64_t)count << 32 | (uint32_t)object;
}

/* The entry that an id names; `NULL` if the socket is gone. */
static EventMapEntry *find(const EventMap *map, uint64_t id) {
    uint32_t object = (uint32_t)id;
    EventMapEntry *entry = object < map->capacity ? map->entries[object] : NULL;
    return entry != NULL && entry->id == id ? entry : NULL;
}
//! [id]

void event_map_init(EventMap *map, IoBlocker *io_blocker) {
    *map = (EventMap){.io_blocker = io_blocker};
}

//! [deinit]
void event_map_deinit(EventMap *map, WaiterList *waiters) {
    for (uint32_t object = 0; object < map->capacity; object++) {
        EventMapEntry *entry = map->entries[object];
        if (entry != NULL) {
            entry->map = NULL;
            waiter_list_move(&entry->readers, waiters);
            waiter_list_move(&entry->writers, waiters);
        }
    }
    free(map->entries);
}
//! [deinit]

/* Makes room for a number; new slots are empty. */
static int reserve(EventMap *map, uint32_t object) {
    if (object < map->capacity) {
        return 0;
    }
    uint32_t capacity = object < 16 ? 16 : object + object / 2;
    EventMapEntry **entries =
        realloc(map->entries, capacity * sizeof *map->entries);
    if (entries == NULL) {
        return -ENOMEM;
    }
    memset(entries + map->capacity, 0,
           (capacity - map->capacity) * sizeof *entries);
    map->entries = entries;
    map->capacity = capacity;
    return 0;
}

int event_map_add(EventMap *map, IoObject object, EventMapEntry **entry_out) {
    int result = reserve(map, (uint32_t)object);
    if (result != 0) {
        return result;
    }
    if (map->entries[object] != NULL) {
        return -EEXIST;
    }
    EventMapEntry *entry = malloc(sizeof *entry);
    if (entry == NULL) {
        return -ENOMEM;
    }
    map->count += 1;
    *entry = (EventMapEntry){.map = map, .id = id_of(map->count, object)};
    waiter_list_init(&entry->readers);
    waiter_list_init(&entry->writers);
    map->entries[object] = entry;
    *entry_out = entry;
    return 0;
}

//! [wake]
/*
 * All are taken out before one is called: a waker may close this socket. So if
 * both signals occurred, the writers get in line behind the readers.
 */
static void wake(EventMapEntry *entry, Signals signals) {
    if (signals == (SIGNAL_READABLE | SIGNAL_WRITABLE)) {
        waiter_list_move(&entry->writers, &entry->readers);
        signals = SIGNAL_READABLE;
    }
    waiter_list_wake_all(event_map_waiters(entry, signals));
}

void event_map_wake(EventMap *map, Event event) {
    EventMapEntry *entry = find(map, event.id);
    if (entry != NULL) { /* its socket is still open */
        entry->signals |= event.signals;
        wake(entry, event.signals);
    }
}
//! [wake]

//! [remove]
/* The entry is out of sight before wakers are called. */
void event_map_remove(EventMapEntry *entry) {
    EventMap *map = entry->map;
    if (map != NULL) {
        IoObject object = (IoObject)(uint32_t)entry->id;
        io_blocker_remove_io_event_interest(map->io_blocker, object,
                                            SIGNAL_READABLE | SIGNAL_WRITABLE);
        map->entries[object] = NULL;
    }
    wake(entry, SIGNAL_READABLE | SIGNAL_WRITABLE);
    free(entry);
}
//! [remove]
