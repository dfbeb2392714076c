#include "event_map.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

//! [entry]
struct EventMapEntry {
    Waker reader;
    Waker writer;
    uint32_t generation; /* odd while the entry is in use */
    union {
        Signals signals;    /* in use: what the last events said */
        uint32_t next_free; /* free: the next free place */
    } as;
};
//! [entry]

//! [id]
/* An id: the generation above, the place below. */
static uint64_t id_of(const EventMap *map, uint32_t place) {
    return (uint64_t)map->entries[place].generation << 32 | place;
}

/* The entry that an id names; `NULL` if the socket is gone. */
static EventMapEntry *find(const EventMap *map, uint64_t id) {
    uint32_t place = (uint32_t)id;
    bool current = place < map->capacity && id_of(map, place) == id &&
                   map->entries[place].generation % 2 == 1;
    return current ? &map->entries[place] : NULL;
}
//! [id]

static EventMapEntry *find_in_use(const EventMap *map, uint64_t id) {
    EventMapEntry *entry = find(map, id);
    assert(entry != NULL && "this socket has been closed");
    return entry;
}

static Waker *waker_for(EventMapEntry *entry, Signals signal) {
    return signal == SIGNAL_READABLE ? &entry->reader : &entry->writer;
}

static int grow(EventMap *map) {
    uint32_t capacity = map->capacity == 0 ? 16 : map->capacity * 2;
    EventMapEntry *entries =
        realloc(map->entries, capacity * sizeof *map->entries);
    if (entries == NULL) {
        return -ENOMEM;
    }
    for (uint32_t place = map->capacity; place < capacity; place++) {
        entries[place] = (EventMapEntry){.as.next_free = place + 1};
    }
    map->free = map->capacity;
    map->entries = entries;
    map->capacity = capacity;
    return 0;
}

int event_map_add(EventMap *map, uint64_t *id_out) {
    if (map->count == map->capacity) {
        int result = grow(map);
        if (result != 0) {
            return result;
        }
    }
    uint32_t place = map->free;
    EventMapEntry *entry = &map->entries[place];
    map->free = entry->as.next_free;
    map->count += 1;
    entry->generation += 1;
    entry->as.signals = 0;
    *id_out = id_of(map, place);
    return 0;
}

void event_map_remove(EventMap *map, uint64_t id) {
    EventMapEntry *entry = find_in_use(map, id);
    waker_drop(&entry->reader);
    waker_drop(&entry->writer);
    entry->generation += 1;
    entry->as.next_free = map->free;
    map->free = (uint32_t)id;
    map->count -= 1;
}

void event_map_deinit(EventMap *map) {
    for (uint32_t place = 0; place < map->capacity; place++) {
        waker_drop(&map->entries[place].reader);
        waker_drop(&map->entries[place].writer);
    }
    free(map->entries);
    *map = (EventMap){0};
}

void event_map_insert(EventMap *map, uint64_t id, Signals signal,
                      const Waker *waker) {
    waker_clone_from(waker_for(find_in_use(map, id), signal), waker);
}

void event_map_take_back(EventMap *map, uint64_t id, Signals signal) {
    waker_drop(waker_for(find_in_use(map, id), signal));
}

//! [wake]
void event_map_wake(EventMap *map, Event event) {
    EventMapEntry *entry = find(map, event.id);
    if (entry == NULL) {
        return; /* of a socket that has been closed since */
    }
    entry->as.signals |= event.signals;
    if ((event.signals & SIGNAL_READABLE) != 0) {
        waker_wake(&entry->reader);
    }
    if ((event.signals & SIGNAL_WRITABLE) != 0) {
        waker_wake(&entry->writer);
    }
}
//! [wake]

Signals event_map_signals(const EventMap *map, uint64_t id) {
    return find_in_use(map, id)->as.signals;
}

void event_map_clear(EventMap *map, uint64_t id, Signals signal) {
    find_in_use(map, id)->as.signals &= ~signal;
}
