/*
 * The map by itself: no executor, no sockets, only numbers, ids and waiters.
 */
#include "event_map.h"

#include <criterion/criterion.h>
#include <errno.h>

#include "error_name.h"
#include "probe.h"
#include "script_memory.h"

enum { READABLE = SIGNAL_READABLE, WRITABLE = SIGNAL_WRITABLE };

static EventMap map;
static IoBlocker *blocker;

/* What stands in the map; the tests use the numbers below 1000. */
static EventMapEntry *entries[1000];

static void open_map(void) {
    int result = io_blocker_new(&blocker);
    cr_assert_eq(result, 0, "io_blocker_new() answered %s.",
                 error_name(result));
    event_map_init(&map, blocker);
}

static void end_map(void) {
    WaiterList left;
    waiter_list_init(&left);
    event_map_deinit(&map, &left);
    waiter_list_wake_all(&left);
}

static void close_map(void) {
    for (int object = 0; object < 1000; object++) {
        if (entries[object] != NULL) {
            event_map_remove(entries[object]);
        }
    }
    end_map();
    io_blocker_free(blocker);
    cr_assert_eq(script_blocks, 0,
                 "%d blocks of memory are left after event_map_deinit().",
                 script_blocks);
}

TestSuite(event_map, .init = open_map, .fini = close_map);

static EventMapEntry *add(IoObject object) {
    int result = event_map_add(&map, object, &entries[object]);
    cr_assert_eq(result, 0, "event_map_add() of number %d answered %s.", object,
                 error_name(result));
    return entries[object];
}

/* Closes a socket, so to speak. Returns the id that it had. */
static uint64_t remove_entry(IoObject object) {
    EventMapEntry *entry = entries[object];
    uint64_t id = entry->id;
    entries[object] = NULL;
    event_map_remove(entry);
    return id;
}

static void report(uint64_t id, Signals signals) {
    event_map_wake(&map, (Event){id, signals});
}

/* A future that waits: a node, and the task that it wakes. */
typedef struct Waiting {
    Waiter waiter;
    ProbeWaker task;
} Waiting;

static void wait_for(Waiting *self, const char *name, EventMapEntry *entry,
                     Signals signal) {
    *self = (Waiting){0};
    probe_waker_init(&self->task, name);
    Waker lent = probe_waker_lend(&self->task);
    Waker previous = waiter_list_put(event_map_waiters(entry, signal),
                                     &self->waiter, waker_clone(&lent));
    cr_assert(waker_is_empty(&previous), "A new node had a waker already.");
}

/* Two tasks on one socket: one reads, one writes. */
static Waiting reader, writer;

static EventMapEntry *add_with_both(IoObject object) {
    EventMapEntry *entry = add(object);
    wait_for(&reader, "reader", entry, READABLE);
    wait_for(&writer, "writer", entry, WRITABLE);
    return entry;
}

#define assert_both_woken(reads, writes, sentence)                             \
    do {                                                                       \
        cr_assert(                                                             \
            reader.task.wakes == (reads) && writer.task.wakes == (writes),     \
            "%s: the reader was woken %d times and the writer %d times "       \
            "instead of %d and %d.",                                           \
            sentence, reader.task.wakes, writer.task.wakes, reads, writes);    \
    } while (0)

/* --- Numbers and ids -------------------------------------------------------- */

Test(event_map, gives_each_socket_an_id_of_its_own, .timeout = 60) {
    for (int i = 0; i < 100; i++) {
        add(i);
        cr_assert_neq(entries[i]->id, 0, "An id is 0, which names no socket.");
        cr_assert_eq((uint32_t)entries[i]->id, (uint32_t)i,
                     "The id of number %d names number %u.", i,
                     (uint32_t)entries[i]->id);
        for (int k = 0; k < i; k++) {
            cr_assert_neq(entries[i]->id, entries[k]->id,
                          "Two open sockets have one id.");
        }
    }
    cr_assert_eq(map.count, 100,
                 "There have been 100 sockets, and %u are "
                 "counted.",
                 map.count);
}

Test(event_map, entry_of_a_new_socket_is_blank, .timeout = 60) {
    EventMapEntry *entry = add(3);
    cr_assert(entry->map == &map && entry->signals == 0 &&
                  waiter_list_is_empty(&entry->readers) &&
                  waiter_list_is_empty(&entry->writers),
              "A new entry is of another map, has signals or has waiters.");
}

Test(event_map, number_that_has_an_entry_is_refused, .timeout = 60) {
    EventMapEntry *untouched = NULL;
    add_with_both(0);
    int result = event_map_add(&map, 0, &untouched);
    cr_assert_eq(result, -EEXIST,
                 "Number 0 has an entry, and adding it again answered %s "
                 "instead of -EEXIST.",
                 error_name(result));
    cr_assert_null(untouched, "event_map_add() failed and wrote its result.");
    report(entries[0]->id, READABLE);
    assert_both_woken(1, 0, "An entry was refused, and the old one had data");
}

Test(event_map, old_id_reaches_nobody_when_its_number_is_used_again,
     .timeout = 60) {
    add(5);
    uint64_t old = remove_entry(5);
    EventMapEntry *new = add_with_both(5);
    report(old, READABLE | WRITABLE);
    assert_both_woken(0, 0,
                      "An event was under way for a socket that is closed, "
                      "and its number has a new socket");
    cr_assert_eq(new->signals, 0,
                 "An event of the old socket was noted for the new one.");
    report(new->id, READABLE);
    assert_both_woken(1, 0, "The new socket had data");
}

Test(event_map, old_ids_stay_dead_however_often_a_number_is_used,
     .timeout = 60) {
    uint64_t ids[50];
    for (int i = 0; i < 50; i++) {
        add(7);
        ids[i] = remove_entry(7);
    }
    EventMapEntry *last = add_with_both(7);
    for (int i = 0; i < 50; i++) {
        cr_assert_neq(ids[i], last->id, "An id was given out a second time.");
        report(ids[i], READABLE | WRITABLE);
    }
    assert_both_woken(0, 0, "50 old ids of a number were reported");
    cr_assert_eq(map.capacity, 16,
                 "One socket at a time, and the map has %u places.",
                 map.capacity);
}

Test(event_map, ignores_ids_that_never_were, .timeout = 60) {
    EventMapEntry *entry = add_with_both(4);
    report(0, READABLE | WRITABLE);                    /* no id at all */
    report(entry->id + 1000, READABLE | WRITABLE);     /* no such place */
    report(entry->id + 1, READABLE | WRITABLE);        /* a free place */
    report(entry->id + (UINT64_C(1) << 40), READABLE); /* not yet */
    report(entry->id & UINT32_MAX, READABLE);          /* before the first */
    assert_both_woken(0, 0, "Ids that name no socket were reported");
    cr_assert_eq(entry->signals, 0, "An id that names no socket was noted.");
}

Test(event_map, ignores_every_event_while_it_is_empty, .timeout = 60) {
    report(UINT64_C(1) << 32, READABLE | WRITABLE);
    cr_assert_eq(map.capacity, 0, "An event made an empty map grow to %u.",
                 map.capacity);
}

/* --- Who is woken ----------------------------------------------------------- */

Test(event_map, wakes_the_reader_when_there_is_data, .timeout = 60) {
    report(add_with_both(3)->id, READABLE);
    assert_both_woken(1, 0, "There was data to read");
}

Test(event_map, wakes_the_writer_when_there_is_room, .timeout = 60) {
    report(add_with_both(3)->id, WRITABLE);
    assert_both_woken(0, 1, "There was room to write");
}

Test(event_map, wakes_both_when_the_connection_breaks, .timeout = 60) {
    report(add_with_both(3)->id, READABLE | WRITABLE);
    assert_both_woken(1, 1, "A broken connection is readable and writable");
    assert_trace("wake reader, wake writer",
                 "The readers are woken first, then the writers.");
    assert_balanced(&reader.task);
    assert_balanced(&writer.task);
}

Test(event_map, wakes_all_who_wait_in_their_order, .timeout = 60) {
    static const char *const names[] = {"A", "B", "C", "D"};
    Waiting waiting[4];
    EventMapEntry *entry = add(3);
    for (int i = 0; i < 4; i++) {
        wait_for(&waiting[i], names[i], entry, READABLE);
    }
    report(entry->id, READABLE);
    assert_trace("wake A, wake B, wake C, wake D",
                 "Four futures wait for one signal of one socket.");
    for (int i = 0; i < 4; i++) {
        assert_balanced(&waiting[i].task);
    }
}

Test(event_map, wakes_once_for_each_wait, .timeout = 60) {
    EventMapEntry *entry = add_with_both(3);
    report(entry->id, READABLE);
    report(entry->id, READABLE);
    assert_both_woken(1, 0, "A reader waited once, and two events came");
    assert_balanced(&reader.task);
}

Test(event_map, node_that_waits_again_keeps_its_latest_waker, .timeout = 60) {
    ProbeWaker latest;
    EventMapEntry *entry = add_with_both(3);
    probe_waker_init(&latest, "latest");
    Waker lent = probe_waker_lend(&latest);
    Waker previous =
        waiter_list_put(&entry->readers, &reader.waiter, waker_clone(&lent));
    waker_drop(&previous);
    report(entry->id, READABLE);
    cr_assert(reader.task.wakes == 0 && latest.wakes == 1,
              "One node waited for two tasks in turn; the first was woken %d "
              "times and the latest %d times.",
              reader.task.wakes, latest.wakes);
    assert_balanced(&reader.task);
    assert_balanced(&latest);
}

Test(event_map, is_idle_for_a_signal_when_the_last_one_has_gone,
     .timeout = 60) {
    Waiting second;
    EventMapEntry *entry = add_with_both(3);
    wait_for(&second, "second", entry, READABLE);
    waiter_remove(&reader.waiter);
    cr_assert(!waiter_list_is_empty(&entry->readers),
              "One of two readers went, and nobody is said to wait.");
    waiter_remove(&second.waiter);
    cr_assert(waiter_list_is_empty(&entry->readers),
              "Both readers went, and somebody is said to wait.");
    cr_assert(!waiter_list_is_empty(&entry->writers),
              "The readers went, and the writer is said not to wait.");
}

Test(event_map, keeps_waiters_when_it_grows, .timeout = 60) {
    enum { MANY = 1000 };
    static Waiting waiting[MANY];
    for (int i = 0; i < MANY; i++) {
        wait_for(&waiting[i], "task", add(i), i % 2 == 0 ? READABLE : WRITABLE);
    }
    for (int i = 0; i < MANY; i++) {
        report(entries[i]->id, READABLE | WRITABLE);
        cr_assert_eq(waiting[i].task.wakes, 1,
                     "The map had grown, and the task of number %d was woken "
                     "%d times instead of once.",
                     i, waiting[i].task.wakes);
    }
}

/* A number far from all others: what lies between them is empty. */
Test(event_map, has_empty_places_between_two_numbers, .timeout = 60) {
    add(0);
    add_with_both(999);
    cr_assert(map.capacity > 999, "Number 999 is in a map of %u places.",
              map.capacity);
    for (uint32_t i = 1; i < map.capacity; i++) {
        cr_assert(i == 999 || map.entries[i] == NULL,
                  "Place %u was never used, and is not empty.", i);
    }
}

/* --- Closing ---------------------------------------------------------------- */

Test(event_map, wakes_all_who_wait_for_a_socket_that_is_closed, .timeout = 60) {
    Waiting second;
    wait_for(&second, "second", add_with_both(3), WRITABLE);
    remove_entry(3);
    assert_trace("wake reader, wake writer, wake second",
                 "A socket is closed while three futures wait for it.");
    assert_balanced(&reader.task);
    assert_balanced(&writer.task);
    assert_balanced(&second.task);
    waiter_remove(&reader.waiter); /* their drops come later */
    waiter_remove(&writer.waiter);
    waiter_remove(&second.waiter);
}

Test(event_map, ignores_an_event_of_a_closed_socket, .timeout = 60) {
    add(3);
    uint64_t closed = remove_entry(3);
    report(closed, READABLE | WRITABLE); /* it was under way */
    cr_assert_null(map.entries[3], "A closed socket still has an entry.");
}

Test(event_map, lets_go_of_entries_and_waiters_at_the_end, .timeout = 60) {
    static const IoObject numbers[] = {0, 3, 15}; /* the first, the last */
    WaiterList left;
    for (int i = 0; i < 3; i++) {
        EventMapEntry *entry = add_with_both(numbers[i]);
        cr_assert_eq(map.capacity, 16, "This test is about 16 places.");
        waiter_list_init(&left);
        event_map_deinit(&map, &left);
        assert_both_woken(0, 0, "event_map_deinit() leaves waking to others");
        cr_assert_null(entry->map,
                       "The map is gone, and the entry of number %d points to "
                       "it.",
                       numbers[i]);
        waiter_list_wake_all(&left);
        assert_both_woken(1, 1, "The map was given up, and all were woken");
        entries[numbers[i]] = NULL;
        event_map_remove(entry); /* its socket is closed later */
        event_map_init(&map, blocker);
    }
}

/* --- Memory ----------------------------------------------------------------- */

Test(event_map, without_memory_stays_as_it_was, .timeout = 60) {
    EventMapEntry *untouched = NULL;
    EventMapEntry *entry = add_with_both(3);
    for (int nth = 1; nth <= 2; nth++) { /* the table, then the entry */
        script_refuse_allocation = nth;
        int result = event_map_add(&map, 100, &untouched);
        script_refuse_allocation = 0;
        cr_assert_eq(result, -ENOMEM,
                     "Allocation %d was refused, and event_map_add() answered "
                     "%s.",
                     nth, error_name(result));
        cr_assert_null(untouched, "event_map_add() failed and wrote.");
    }
    add(100);
    report(entry->id, READABLE);
    assert_both_woken(1, 0, "Memory had been refused, and there was data");
}

/* --- What events said ------------------------------------------------------- */

Test(event_map, remembers_what_events_said, .timeout = 60) {
    EventMapEntry *entry = add(3);
    report(entry->id, READABLE);
    report(entry->id, WRITABLE);
    cr_assert_eq(entry->signals, READABLE | WRITABLE,
                 "Two events told of two signals, and %s is noted.",
                 signals_name(entry->signals));
    remove_entry(3);
    cr_assert_eq(add(3)->signals, 0,
                 "A new socket has the signals of the old one with its "
                 "number.");
}

/* Looks at what is noted from inside a waker. */
static EventMapEntry *looked_at;
static Signals seen;

static void look(ProbeWaker *self, const char *what) {
    (void)self;
    (void)what;
    seen = looked_at->signals;
}

Test(event_map, notes_what_an_event_says_before_it_wakes, .timeout = 60) {
    looked_at = add_with_both(3);
    reader.task.hook = look;
    report(looked_at->id, READABLE);
    cr_assert_eq(seen, READABLE,
                 "A reader was woken, and what the event said was not noted "
                 "by then: %s.",
                 signals_name(seen));
}

/* --- Wakers are code of others ---------------------------------------------- */

static int next_number;

/* The map grows under its caller. */
static void add_forty(ProbeWaker *self, const char *what) {
    (void)self;
    (void)what;
    for (int i = 0; i < 40; i++) {
        add(next_number++);
    }
}

/* Closes the socket that has just been reported. */
static void close_number_3(ProbeWaker *self, const char *what) {
    (void)self;
    (void)what;
    if (entries[3] != NULL) {
        remove_entry(3);
    }
}

/* The future that stands next in line is dropped. */
static void drop_writer(ProbeWaker *self, const char *what) {
    (void)self;
    (void)what;
    waiter_remove(&writer.waiter);
}

static void wake_with(void (*hook)(ProbeWaker *, const char *)) {
    EventMapEntry *entry = add_with_both(3);
    next_number = 16; /* the first that needs more room */
    reader.task.hook = hook;
    report(entry->id, READABLE | WRITABLE);
    assert_balanced(&reader.task);
    assert_balanced(&writer.task);
}

Test(event_map, waker_may_add_sockets_when_it_is_called, .timeout = 60) {
    wake_with(add_forty);
    assert_both_woken(1, 1, "A waker opened forty sockets");
}

Test(event_map, waker_may_close_its_socket_when_it_is_called, .timeout = 60) {
    wake_with(close_number_3);
    assert_both_woken(1, 1, "A waker closed the socket that woke it");
}

Test(event_map, waker_may_drop_the_next_one_in_line, .timeout = 60) {
    wake_with(drop_writer);
    assert_both_woken(1, 0, "A waker dropped the future that was next");
}

Test(event_map, waker_may_add_sockets_when_its_socket_is_closed,
     .timeout = 60) {
    add_with_both(3);
    next_number = 16;
    reader.task.hook = add_forty;
    remove_entry(3);
    assert_both_woken(1, 1, "A waker of a closed socket opened forty");
    cr_assert_null(map.entries[3], "A closed socket still has an entry.");
}
