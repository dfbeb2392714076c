/*
 * The contract of io_blocker.h, through io_blocker.h alone. Every back end
 * must keep it: this file and those beside it run unchanged against each.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "error_name.h"
#include "fixture.h"
#include "platform.h"
#include "script_memory.h"

Suite(io_blocker);

Test(io_blocker, says_which_socket_is_now_readable, .timeout = 60) {
    Pair one = pair_open(), two = pair_open();
    char line[64];
    near_fills(&two);
    ask(one.near, 1, READABLE);
    ask(two.near, 2, BOTH);
    far_sends(&one, "hello");
    Event event;
    int result = io_blocker_block(blocker, &event);
    cr_assert(result == 0, "io_blocker_block() returned %s.",
              error_name(result));
    snprintf(line, sizeof line, "Socket %d is now %s", (int)event.id,
             signals_name(event.signals));
    cr_assert_str_eq(line, "Socket 1 is now READABLE",
                     "Bytes came for socket 1, and nothing for socket 2, but "
                     "the event says: %s.",
                     line);
}

Test(io_blocker, reports_a_socket_with_room_as_writable, .timeout = 60) {
    Pair pair = pair_open();
    ask(pair.near, 7, WRITABLE);
    assert_event(7, WRITABLE, "A new socket has room: a write would not wait.");
}

Test(io_blocker, waits_with_a_write_until_there_is_room, .timeout = 60) {
    Pair pair = pair_open();
    near_fills(&pair);
    ask(pair.near, 7, WRITABLE);
    assert_silence("The socket is full, a write would wait, but WRITABLE was "
                   "reported.");
    far_drains(&pair);
    assert_event(7, WRITABLE,
                 "The far end has read everything: there is room "
                 "again, and the writer was not told.");
}

Test(io_blocker, reports_data_that_came_before_anybody_asked, .timeout = 60) {
    Pair pair = pair_open();
    far_sends(&pair, "early");
    ask(pair.near, 1, READABLE);
    assert_event(1, READABLE,
                 "The bytes came first, then the interest was added: asking "
                 "must look at what is there (the level), not wait for more "
                 "(the edge).");
}

Test(io_blocker, spends_an_interest_by_its_event, .timeout = 60) {
    Pair pair = pair_open();
    far_sends(&pair, "1");
    ask(pair.near, 1, READABLE);
    assert_event(1, READABLE, "The socket has data.");
    assert_silence("An interest was added once and has had its event, but "
                   "there came another: an interest is spent by its event.");
    far_sends(&pair, "2");
    assert_silence("More data came, but nobody asked again.");
}

Test(io_blocker, looks_again_when_asked_again, .timeout = 60) {
    Pair pair = pair_open();
    far_sends(&pair, "1");
    ask(pair.near, 1, READABLE);
    assert_event(1, READABLE, "The socket has data.");
    assert_silence("Nobody asked again.");
    far_sends(&pair, "2");
    ask(pair.near, 1, READABLE);
    assert_event(1, READABLE,
                 "A byte came between the event and asking again, and it was "
                 "not reported: asking checks the level at that moment.");
}

Test(io_blocker, wakes_for_a_second_byte_too, .timeout = 60) {
    Pair pair = pair_open();
    char byte;
    for (int i = 0; i < 10; i++) {
        ask(pair.near, 1, READABLE);
        assert_silence("All has been read, but READABLE was reported.");
        far_sends(&pair, "x");
        assert_event(1, READABLE,
                     "A byte came for an interest that was added again, and "
                     "nobody was told: the system reports only once and was "
                     "not armed again.");
        cr_assert(near_reads(&pair, &byte, 1) == 1, "The byte is gone.");
    }
}

Test(io_blocker, does_not_ask_anybody_to_drain, .timeout = 60) {
    Pair pair = pair_open();
    char all[5] = "";
    far_sends(&pair, "four");
    ask(pair.near, 1, READABLE);
    assert_event(1, READABLE, "The socket has data.");
    cr_assert(near_reads(&pair, all, 2) == 2, "Two bytes can be read.");
    ask(pair.near, 1, READABLE);
    assert_event(1, READABLE,
                 "Four bytes came and two were read; the two that are left "
                 "were not reported. A reader that takes only part of what is "
                 "there would sleep for ever: this is edge-triggered.");
    cr_assert(near_reads(&pair, all + 2, 2) == 2, "Two bytes are left.");
    cr_assert_str_eq(all, "four", "What came is not what was sent: %s.", all);
}

Test(io_blocker, keeps_a_reader_and_a_writer_on_one_socket, .timeout = 60) {
    for (int reader_first = 0; reader_first < 2; reader_first++) {
        Pair pair = pair_open();
        near_fills(&pair);
        ask(pair.near, 1, reader_first ? READABLE : WRITABLE);
        ask(pair.near, 1, reader_first ? WRITABLE : READABLE);
        far_sends(&pair, "x");
        assert_event(1, READABLE,
                     "A reader and a writer wait on one socket, and the "
                     "reader was not told of its data: the second interest "
                     "replaced the first.");
        far_drains(&pair);
        assert_event(1, WRITABLE,
                     "A reader and a writer wait on one socket, and the "
                     "writer was not told of its room: the second interest "
                     "replaced the first, or the reader's event has spent "
                     "both.");
        stop_asking(pair.near, BOTH);
    }
}

Test(io_blocker, tells_the_writer_first_if_there_is_room_first, .timeout = 60) {
    Pair pair = pair_open();
    near_fills(&pair);
    ask(pair.near, 1, BOTH);
    far_drains(&pair);
    assert_event(1, WRITABLE, "There is room, but no data.");
    far_sends(&pair, "x");
    assert_event(1, READABLE,
                 "The writer's event has come; the reader still waits, and "
                 "was not told of its data.");
}

Test(io_blocker, tells_both_when_both_are_ready_at_once, .timeout = 60) {
    Pair pair = pair_open();
    far_sends(&pair, "x");
    ask(pair.near, 1, BOTH);
    Signals came = look().signals;
    if (came != BOTH) { /* two events will do as well */
        came |= look().signals;
    }
    cr_assert(came == BOTH,
              "There are data and room, and both were asked for, but only %s "
              "was reported.",
              signals_name(came));
}

Test(io_blocker, reports_only_what_was_asked_for, .timeout = 60) {
    Pair pair = pair_open();
    far_sends(&pair, "x");
    ask(pair.near, 1, WRITABLE);
    assert_event(1, WRITABLE,
                 "Only WRITABLE was asked for: signals that come out are a "
                 "subset of those that went in.");
    assert_silence("Nobody asked for READABLE.");
    ask(pair.near, 1, READABLE);
    assert_event(1, READABLE, "Only READABLE was asked for, this time.");
}

Test(io_blocker, gives_one_event_for_asking_twice, .timeout = 60) {
    Pair pair = pair_open();
    ask(pair.near, 1, READABLE);
    ask(pair.near, 1, READABLE);
    far_sends(&pair, "x");
    assert_event(1, READABLE, "The socket has data.");
    assert_silence("The same was asked for twice before anything came: that "
                   "is one interest, and it has had its event.");
}

Test(io_blocker, refuses_a_second_id_while_the_first_waits, .timeout = 60) {
    Pair pair = pair_open();
    ask(pair.near, 1, READABLE);
    int result = io_blocker_add_io_event_interest(blocker, pair.near,
                                                  (Event){2, WRITABLE});
    cr_assert(result == -EEXIST,
              "Id 1 waits on this socket. Adding id 2 returned %s, not "
              "-EEXIST: an object has one id at a time.",
              error_name(result));
    far_sends(&pair, "x");
    assert_event(1, READABLE,
                 "Refusing another id must leave the first one as it was.");
}

Test(io_blocker, takes_another_id_once_the_first_is_spent, .timeout = 60) {
    Pair pair = pair_open();
    far_sends(&pair, "x");
    ask(pair.near, 1, READABLE);
    assert_event(1, READABLE, "The socket has data.");
    ask(pair.near, 2, READABLE);
    assert_event(2, READABLE,
                 "Nobody waits under id 1 any more, so id 2 may, and it gets "
                 "the event.");
}

Test(io_blocker, takes_any_number_for_an_id, .timeout = 60) {
    const uint64_t ids[] = {0, 1, UINT32_MAX, UINT64_MAX};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        Pair pair = pair_open();
        ask(pair.near, ids[i], WRITABLE);
        Event event = look();
        cr_assert(event.id == ids[i] && event.signals == WRITABLE,
                  "An id is the caller's: all 64 bits come back as they were "
                  "given, 0 as well.");
    }
}

Test(io_blocker, waits_for_pipes_as_for_sockets, .timeout = 60) {
    Pair reading = pair_open_pipe_to_read();
    Pair writing = pair_open_pipe_to_write();
    near_fills(&writing);
    ask(reading.near, 1, READABLE);
    ask(writing.near, 2, WRITABLE);
    assert_silence("One pipe is empty and the other is full.");
    far_drains(&writing);
    assert_event(2, WRITABLE, "The pipe has room.");
    far_sends(&reading, "x");
    assert_event(1, READABLE, "The pipe has data.");
}

Test(io_blocker, reports_a_connection_to_accept_as_readable, .timeout = 60) {
    int listener = listener_open();
    ask(listener, 1, READABLE);
    assert_silence("Nobody has connected yet.");
    connect_to(listener);
    assert_event(1, READABLE, "A connection waits to be accepted.");
}

Test(io_blocker, reports_connections_one_by_one, .timeout = 60) {
    int listener = listener_open();
    connect_to(listener);
    connect_to(listener);
    for (int i = 0; i < 2; i++) {
        ask(listener, 1, READABLE);
        assert_event(1, READABLE,
                     "Two connections came, and each is to be reported to "
                     "whoever asks, although nothing came since the first.");
        int descriptor = accept(listener, NULL, NULL);
        cr_assert(descriptor >= 0, "A connection was there to be accepted.");
        close(descriptor);
    }
    ask(listener, 1, READABLE);
    assert_silence("Both have been accepted.");
}

Test(io_blocker, reports_a_connection_that_is_made_as_writable, .timeout = 60) {
    int descriptor = connect_to(listener_open());
    ask(descriptor, 1, BOTH);
    assert_event(1, WRITABLE,
                 "The connection is made: there is room, and nothing to read.");
    assert_silence("The far end has sent nothing.");
}

Test(io_blocker, refuses_a_regular_file, .timeout = 60) {
    int file = open("Makefile", O_RDONLY);
    int directory = open(".", O_RDONLY);
    int results[] = {
        io_blocker_add_io_event_interest(blocker, file, (Event){1, READABLE}),
        io_blocker_add_io_event_interest(blocker, directory,
                                         (Event){2, READABLE}),
    };
    close(file);
    close(directory);
    for (int i = 0; i < 2; i++) {
        cr_assert(results[i] == -EPERM,
                  "Adding a %s returned %d, not -EPERM: no system can wait "
                  "for one, it is ready at all times.",
                  i == 0 ? "regular file" : "directory", results[i]);
    }
}

Test(io_blocker, refuses_what_is_not_open, .timeout = 60) {
    Pair pair = pair_open();
    network_close(pair.near);
    const IoObject objects[] = {pair.near, -1, INT32_MIN};
    for (int i = 0; i < 3; i++) {
        int result = io_blocker_add_io_event_interest(blocker, objects[i],
                                                      (Event){1, READABLE});
        cr_assert(result == -EBADF,
                  "Descriptor %d is not open, but adding it returned %s, not "
                  "-EBADF.",
                  objects[i], error_name(result));
    }
    Pair next = pair_open();
    ask(next.near, 2, WRITABLE);
    assert_event(2, WRITABLE, "A refusal must not stand in anybody's way.");
}

Test(io_blocker, takes_no_memory_for_a_number_that_is_not_open, .timeout = 60) {
    const IoObject objects[] = {1000000, 10000000, INT32_MAX};
    for (int i = 0; i < 3; i++) {
        int before = script_allocations();
        int result = io_blocker_add_io_event_interest(blocker, objects[i],
                                                      (Event){1, READABLE});
        int asked = script_allocations() - before;
        cr_assert(result == -EBADF && asked == 0,
                  "Descriptor %d is not open. Adding it asked for memory %d "
                  "times and returned %s; it should be 0 times and -EBADF: a "
                  "number can be any, so the system is asked about it first.",
                  objects[i], asked, error_name(result));
    }
}

Test(io_blocker, refuses_a_device_that_is_ready_at_all_times, .timeout = 60) {
#ifdef _WIN32
    const char *const devices[] = {"NUL"};
#else
    const char *const devices[] = {"/dev/null", "/dev/zero"};
#endif
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
        int device = open(devices[i], O_RDWR);
        int reader = io_blocker_add_io_event_interest(blocker, device,
                                                      (Event){1, READABLE});
        int writer = io_blocker_add_io_event_interest(blocker, device,
                                                      (Event){2, WRITABLE});
        close(device);
        cr_assert(reader == -EPERM && writer == -EPERM,
                  "Adding %s returned %d to a reader and %d to a writer, not "
                  "-EPERM: epoll cannot wait for it, so no back end does.",
                  devices[i], reader, writer);
    }
}

/* Two descriptors that the test closes at its end. */
static Pair keep_both(int near, int far) {
    Pair pair = {network_duplicate(near), network_duplicate(far)};
    close(near);
    close(far);
    return pair;
}

#ifdef _WIN32 /* has neither; the two tests are skipped by name */
static Pair fifo_open(void) {
    return keep_both(-1, -1);
}

static Pair terminal_open(void) {
    return keep_both(-1, -1);
}
#else
static Pair fifo_open(void) {
    char name[] = "/tmp/fifo-XXXXXX";
    int file = mkstemp(name); /* a name that is free */
    close(file);
    unlink(name);
    cr_assert(mkfifo(name, 0600) == 0, "A FIFO can be made.");
    int near = open(name, O_RDONLY | O_NONBLOCK);
    int far = open(name, O_WRONLY | O_NONBLOCK);
    unlink(name);
    return keep_both(near, far);
}

static Pair terminal_open(void) {
    int far = posix_openpt(O_RDWR | O_NOCTTY);
    cr_assert(far >= 0 && grantpt(far) == 0 && unlockpt(far) == 0,
              "A terminal can be made.");
    return keep_both(open(ptsname(far), O_RDWR | O_NOCTTY), far);
}
#endif

Test(io_blocker, waits_for_a_fifo_as_for_a_pipe, .timeout = 60) {
    Pair fifo = fifo_open();
    ask(fifo.near, 1, READABLE);
    assert_silence("Nothing has been written to the FIFO.");
    far_sends(&fifo, "x");
    assert_event(1, READABLE, "The FIFO has data.");
    ask(fifo.far, 2, WRITABLE);
    assert_event(2, WRITABLE, "The FIFO has room.");
}

int __real_poll(struct pollfd *entries, nfds_t count, int timeout_ms);

/* What is typed takes a moment, on its way through the kernel's threads. */
static void far_types(const Pair *terminal, const char *line) {
    struct pollfd typed = {.fd = terminal->near, .events = POLLIN};
    far_sends(terminal, line);
    (void)__real_poll(&typed, 1, 30000);
}

Test(io_blocker, waits_for_a_terminal, .timeout = 60) {
    Pair terminal = terminal_open();
    ask(terminal.near, 1, READABLE);
    assert_silence("Nobody has typed anything.");
    far_types(&terminal, "a line\n");
    assert_event(1, READABLE, "A line was typed.");
    ask(terminal.near, 1, WRITABLE);
    assert_event(1, WRITABLE, "The terminal takes what is written to it.");
}

#ifndef NDEBUG /* an assertion says so; without it, nothing is waited for */
Test(io_blocker, insists_on_at_least_one_signal, .timeout = 60,
     .signal = SIGABRT) {
    Pair pair = pair_open();
    fclose(stderr); /* the assertion's sentence is expected */
    io_blocker_add_io_event_interest(blocker, pair.near, (Event){1, 0});
}
#endif

Test(io_blocker, leaves_the_event_untouched_when_there_is_none, .timeout = 60) {
    Event event = {42, READABLE};
    io_blocker_wake(blocker);
    int result = io_blocker_block(blocker, &event);
    cr_assert(result == -ECANCELED, "A wake-up is -ECANCELED, not %s.",
              error_name(result));
    cr_assert(event.id == 42 && event.signals == READABLE,
              "Nothing occurred, but the caller's event was written to.");
}

Test(io_blocker, names_every_set_of_signals, .timeout = 60) {
    const char *const names[] = {"nothing", "READABLE", "WRITABLE",
                                 "READABLE | WRITABLE"};
    for (Signals signals = 0; signals < 4; signals++) {
        cr_assert_str_eq(signals_name(signals), names[signals],
                         "The set %u is called %s, not %s.", signals,
                         names[signals], signals_name(signals));
    }
}

Test(io_blocker, forgets_what_is_left_when_it_is_freed, .timeout = 60) {
    IoBlocker *other;
    cr_assert(io_blocker_new(&other) == 0, "There can be more than one.");
    Pair pair = pair_open();
    io_blocker_add_io_event_interest(other, pair.near, (Event){1, BOTH});
    ask(pair.near, 2, WRITABLE);
    io_blocker_free(other);
    assert_event(2, WRITABLE,
                 "Two IoBlockers may watch one object; freeing one of them "
                 "must not disturb the other.");
}

Test(io_blocker, may_have_descriptor_0_itself, .timeout = 60) {
    IoBlocker *other;
    Event event = {0, 0};
    int kept = dup(0);
    close(0);
    cr_assert(io_blocker_new(&other) == 0, "There can be more than one.");
    Pair pair = pair_open();
    io_blocker_add_io_event_interest(other, pair.near, (Event){1, WRITABLE});
    int told = io_blocker_block(other, &event);
    io_blocker_wake(other);
    int woken = io_blocker_block(other, &event);
    io_blocker_free(other);
    cr_assert(told == 0 && event.id == 1 && woken == -ECANCELED,
              "Descriptor 0 was free when an IoBlocker was made. Of a socket "
              "with room it said %d, and of a wake-up %d; it should be 0 and "
              "-ECANCELED.",
              told, woken);
    (void)dup(kept); /* 0 again */
    close(kept);
}
