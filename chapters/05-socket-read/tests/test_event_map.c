/*
 * The map by itself: no executor, no sockets, only ids and wakers.
 */
#include "event_map.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>

#include "probe.h"
#include "script.h"

enum { READABLE = SIGNAL_READABLE, WRITABLE = SIGNAL_WRITABLE };

static EventMap map;
static int blocks_before;

static void open_map(void) {
    blocks_before = script_blocks;
}

static void close_map(void) {
    event_map_deinit(&map);
    cr_assert_eq(script_blocks, blocks_before,
                 "%d blocks of memory are left after event_map_deinit().",
                 script_blocks - blocks_before);
}

TestSuite(event_map, .init = open_map, .fini = close_map);

static uint64_t add(void) {
    uint64_t id = 0;
    int result = event_map_add(&map, &id);
    cr_assert_eq(result, 0, "event_map_add() failed (%d), nothing was refused.",
                 result);
    return id;
}

static void insert(uint64_t id, Signals signal, ProbeWaker *waker) {
    Waker lent = probe_waker_lend(waker);
    event_map_insert(&map, id, signal, &lent);
}

static void report(uint64_t id, Signals signals) {
    event_map_wake(&map, (Event){id, signals});
}

/* Two tasks on one socket: one reads, one writes. */
static ProbeWaker reader, writer;

static uint64_t add_with_both(void) {
    uint64_t id = add();
    probe_waker_init(&reader, "reader");
    probe_waker_init(&writer, "writer");
    insert(id, READABLE, &reader);
    insert(id, WRITABLE, &writer);
    return id;
}

Test(event_map, gives_each_socket_an_id_of_its_own, .timeout = 10) {
    uint64_t ids[100];
    for (int i = 0; i < 100; i++) {
        ids[i] = add();
        cr_assert_neq(ids[i], 0, "An id is 0, which never names a socket.");
        for (int k = 0; k < i; k++) {
            cr_assert_neq(ids[i], ids[k], "Two open sockets have one id.");
        }
    }
    cr_assert_eq(map.count, 100, "100 sockets were added, %u are counted.",
                 map.count);
}

Test(event_map, wakes_the_reader_when_there_is_data, .timeout = 10) {
    uint64_t id = add_with_both();
    report(id, READABLE);
    cr_assert(reader.wakes == 1 && writer.wakes == 0,
              "There is data to read: the reader was woken %d times and the "
              "writer %d times. Each signal has a waker of its own.",
              reader.wakes, writer.wakes);
}

Test(event_map, wakes_the_writer_when_there_is_room, .timeout = 10) {
    uint64_t id = add_with_both();
    report(id, WRITABLE);
    cr_assert(reader.wakes == 0 && writer.wakes == 1,
              "There is room to write: the reader was woken %d times and the "
              "writer %d times. Each signal has a waker of its own.",
              reader.wakes, writer.wakes);
}

Test(event_map, wakes_both_when_the_connection_breaks, .timeout = 10) {
    uint64_t id = add_with_both();
    report(id, READABLE | WRITABLE);
    cr_assert(reader.wakes == 1 && writer.wakes == 1,
              "A broken connection is readable and writable: the reader was "
              "woken %d times and the writer %d times instead of once each.",
              reader.wakes, writer.wakes);
    assert_balanced(&reader);
    assert_balanced(&writer);
}

Test(event_map, wakes_once_for_each_waker_it_was_given, .timeout = 10) {
    uint64_t id = add_with_both();
    report(id, READABLE);
    report(id, READABLE);
    cr_assert_eq(reader.wakes, 1,
                 "One waker was left, two events came, and it was woken %d "
                 "times: waking uses the waker up.",
                 reader.wakes);
    assert_balanced(&reader);
}

Test(event_map, keeps_the_latest_waker, .timeout = 10) {
    ProbeWaker first, latest;
    uint64_t id = add();
    probe_waker_init(&first, "first");
    probe_waker_init(&latest, "latest");
    insert(id, READABLE, &first);
    insert(id, READABLE, &latest);
    report(id, READABLE);
    cr_assert(first.wakes == 0 && latest.wakes == 1,
              "A task waited, and then another one in its place: the first "
              "was woken %d times and the latest %d times. The latest waker "
              "counts, and only that one.",
              first.wakes, latest.wakes);
    assert_balanced(&first);
    assert_balanced(&latest);
}

Test(event_map, clones_nothing_for_the_same_task, .timeout = 10) {
    uint64_t id = add_with_both();
    insert(id, READABLE, &reader);
    cr_assert_eq(reader.clones, 1,
                 "The same task was inserted twice and its waker cloned %d "
                 "times: waker_clone_from() sees that it is there already.",
                 reader.clones);
}

Test(event_map, takes_back_one_waker_and_leaves_the_other, .timeout = 10) {
    uint64_t id = add_with_both();
    event_map_take_back(&map, id, READABLE);
    assert_balanced(&reader);
    event_map_take_back(&map, id, READABLE);
    report(id, READABLE | WRITABLE);
    cr_assert(reader.wakes == 0 && writer.wakes == 1,
              "The reader gave up waiting; it was woken %d times, and the "
              "writer, who did not, %d times.",
              reader.wakes, writer.wakes);
}

Test(event_map, drops_the_wakers_of_a_closed_socket, .timeout = 10) {
    event_map_remove(&map, add_with_both());
    cr_assert(reader.wakes == 0 && writer.wakes == 0,
              "Closing a socket woke somebody: it only drops the wakers.");
    assert_balanced(&reader);
    assert_balanced(&writer);
    cr_assert_eq(map.count, 0, "No socket is left, %u are counted.", map.count);
}

Test(event_map, ignores_an_event_of_a_closed_socket, .timeout = 10) {
    uint64_t id = add_with_both();
    event_map_remove(&map, id);
    report(id, READABLE | WRITABLE); /* it was under way */
    uint64_t next = add();
    cr_assert_eq(event_map_signals(&map, next), 0,
                 "An event of a closed socket was noted in its place, and the "
                 "next socket there seems to have data.");
}

Test(event_map, old_id_reaches_nobody_when_its_place_is_used_again,
     .timeout = 10) {
    uint64_t old = add();
    event_map_remove(&map, old);
    uint64_t new = add_with_both();
    cr_assert_eq((uint32_t) new, (uint32_t)old,
                 "This test is about a place that is used again.");
    report(old, READABLE | WRITABLE);
    cr_assert(reader.wakes == 0 && writer.wakes == 0,
              "An event that was under way for a closed socket woke the new "
              "one that has its place: an id needs a generation, and an event "
              "of an earlier generation reaches nobody.");
    cr_assert_eq(event_map_signals(&map, new), 0,
                 "An event of the old socket was noted for the new one.");
    report(new, READABLE);
    cr_assert_eq(reader.wakes, 1, "The new socket's own event woke nobody.");
}

Test(event_map, old_ids_stay_dead_however_often_a_place_is_used,
     .timeout = 10) {
    uint64_t ids[50];
    for (int i = 0; i < 50; i++) {
        ids[i] = add();
        event_map_remove(&map, ids[i]);
    }
    uint64_t last = add_with_both();
    for (int i = 0; i < 50; i++) {
        cr_assert_neq(ids[i], last, "An id was given out a second time.");
        report(ids[i], READABLE | WRITABLE);
    }
    cr_assert(reader.wakes == 0 && writer.wakes == 0,
              "One of 50 old ids reached the newest socket in that place.");
    cr_assert_eq(map.capacity, 16,
                 "One socket at a time, but the map has grown to %u places: "
                 "free places have to be used again.",
                 map.capacity);
}

Test(event_map, ignores_ids_that_never_were, .timeout = 10) {
    uint64_t id = add_with_both();
    uint64_t closed = add();
    event_map_remove(&map, closed);
    report(0, READABLE);                        /* no id at all */
    report(id + 1000, READABLE);                /* no such place */
    report(id + (UINT64_C(1) << 40), READABLE); /* not yet */
    /* What a free place would be called: its generation, without an owner. */
    report(closed + (UINT64_C(1) << 32), READABLE);
    cr_assert_eq(reader.wakes, 0, "An id that names nobody woke somebody.");
    uint64_t one = add(), two = add();
    cr_assert((uint32_t)one != (uint32_t)two && (uint32_t)one < map.capacity &&
                  (uint32_t)two < map.capacity,
              "An event was noted in a free place, and broke the list of free "
              "places: only a place that is in use has signals.");
}

Test(event_map, ignores_every_event_while_it_is_empty, .timeout = 10) {
    report(UINT64_C(1) << 32, READABLE | WRITABLE);
    cr_assert_eq(map.capacity, 0, "An event made an empty map grow.");
}

Test(event_map, keeps_wakers_when_it_grows, .timeout = 10) {
    enum { MANY = 100 };
    static ProbeWaker wakers[MANY];
    uint64_t ids[MANY];
    for (int i = 0; i < MANY; i++) {
        probe_waker_init(&wakers[i], "task");
        ids[i] = add();
        insert(ids[i], i % 2 == 0 ? READABLE : WRITABLE, &wakers[i]);
    }
    for (int i = 0; i < MANY; i++) {
        report(ids[i], READABLE | WRITABLE);
        cr_assert_eq(wakers[i].wakes, 1,
                     "After the map had grown, task %d was woken %d times "
                     "instead of once: growing keeps what was there.",
                     i, wakers[i].wakes);
        assert_balanced(&wakers[i]);
    }
}

Test(event_map, without_memory_stays_as_it_was, .timeout = 10) {
    uint64_t first = add_with_both(), untouched = 42;
    while (map.count < map.capacity) {
        add();
    }
    script_fail_always(&script_realloc, ENOMEM);
    int result = event_map_add(&map, &untouched);
    cr_assert_eq(result, -ENOMEM, "No memory, but event_map_add() answered %d.",
                 result);
    cr_assert_eq(untouched, 42, "event_map_add() failed, but wrote an id.");
    cr_assert_eq(map.count, map.capacity,
                 "event_map_add() failed, but counts a socket more.");
    script_realloc.fail_in = 0;
    add();
    report(first, READABLE);
    cr_assert_eq(reader.wakes, 1, "Refused memory cost somebody his waker.");
}

Test(event_map, remembers_what_events_said, .timeout = 10) {
    uint64_t id = add();
    cr_assert_eq(event_map_signals(&map, id), 0,
                 "Nothing is known of a new socket, but it has signals.");
    report(id, READABLE);
    report(id, WRITABLE);
    cr_assert_eq(event_map_signals(&map, id), READABLE | WRITABLE,
                 "Two events told of two signals; the second must not wipe "
                 "out the first.");
    event_map_clear(&map, id, READABLE);
    cr_assert_eq(event_map_signals(&map, id), WRITABLE,
                 "A read clears READABLE, and nothing else.");
    event_map_remove(&map, id);
    cr_assert_eq(event_map_signals(&map, add()), 0,
                 "A new socket inherited what events had said of the old one "
                 "in its place.");
}

Test(event_map, gives_up_all_wakers_at_the_end, .timeout = 10) {
    add_with_both();
    event_map_deinit(&map);
    assert_balanced(&reader);
    assert_balanced(&writer);
    cr_assert_eq(reader.wakes + writer.wakes, 0,
                 "Giving up the map woke somebody: it only drops.");
    add_with_both();
    event_map_deinit(&map);
    event_map_deinit(&map);
}

static void expect_closed_id(uint64_t *id_out) {
    *id_out = add();
    event_map_remove(&map, *id_out);
    expect_abort();
}

Test(event_map, insert_for_a_closed_socket_is_stopped_by_an_assertion,
     .timeout = 10, .signal = SIGABRT) {
    uint64_t id;
    probe_waker_init(&reader, "reader");
    expect_closed_id(&id);
    insert(id, READABLE, &reader);
}

Test(event_map, signals_of_a_closed_socket_are_stopped_by_an_assertion,
     .timeout = 10, .signal = SIGABRT) {
    uint64_t id;
    expect_closed_id(&id);
    event_map_signals(&map, id);
}

Test(event_map, removing_twice_is_stopped_by_an_assertion, .timeout = 10,
     .signal = SIGABRT) {
    uint64_t id;
    expect_closed_id(&id);
    event_map_remove(&map, id);
}
