/*
 * SocketRead on real sockets: when it is ready, with what, and what it leaves
 * behind.
 */
#include "platform.h"
#include "socket_read.h"

#include <string.h>

#include "runtime.h"
#include "script_descriptors.h"
#include "script_io_blocker.h"
#include "script_waiting.h"

RuntimeSuite(socket_read);

static char buffer[64];
static SocketRead read_some;
static ProbeWaker w;

static void start_to_read(Socket *socket, size_t capacity) {
    probe_waker_init(&w, "W");
    socket_read_init(&read_some, socket, buffer, capacity);
}

static Poll poll_once(void) {
    return poll_for(&read_some.future, &w);
}

static void drop_read(void) {
    future_drop(&read_some.future);
    assert_balanced(&w);
}

Test(socket_read, pending_leaves_its_waker_where_it_will_be_woken,
     .timeout = 60) {
    Wire wire = wire_open();
    start_to_read(&wire.near, sizeof buffer);
    cr_assert_eq(poll_once(), POLL_PENDING, "Nothing has been sent.");
    cr_assert_eq(w.held, 1,
                 "The read is pending, and %d clones of its waker are kept "
                 "instead of one.",
                 w.held);
    wire_sends(&wire, "hello");
    turn();
    cr_assert_eq(w.wakes, 1,
                 "Data came, and the task was woken %d times instead of once.",
                 w.wakes);
    cr_assert_eq(poll_once(), POLL_READY, "There is data, but it is pending.");
    cr_assert(read_some.result == 5 && memcmp(buffer, "hello", 5) == 0,
              "\"hello\" was read as %d bytes, or as something else.",
              (int)read_some.result);
    drop_read();
    wire_close(&wire);
}

Test(socket_read, gets_what_was_there_before_it_asked, .timeout = 60) {
    Wire wire = wire_open();
    wire_sends(&wire, "hello");
    start_to_read(&wire.near, sizeof buffer);
    run_to_the_end_of(&read_some.future);
    cr_assert_eq(read_some.result, 5,
                 "The data was there before the first poll, and %d bytes were "
                 "read: asking checks the level, not what changes later.",
                 (int)read_some.result);
    drop_read();
    wire_close(&wire);
}

Test(socket_read, does_not_read_before_it_is_told_to, .timeout = 60) {
    Wire wire = wire_open();
    start_to_read(&wire.near, sizeof buffer);
    int before = script_read.calls;
    for (int i = 0; i < 10; i++) {
        cr_assert_eq(poll_once(), POLL_PENDING, "Nothing has been sent.");
    }
    cr_assert_eq(script_read.calls, before,
                 "Ten polls without an event made %d system calls that could "
                 "only fail: read when an event has said that there is data.",
                 script_read.calls - before);
    cr_assert_eq(w.held, 1, "Ten polls left %d wakers.", w.held);
    drop_read();
    wire_close(&wire);
}

/* The whole way from the kernel to the waker, in the middle of a poll. */
static void deliver_events(void *wire) {
    Event events[4];
    wire_sends(wire, "hello");
    int count =
        io_blocker_block_until(runtime_io_blocker(), DEADLINE_NOW, events, 4);
    for (int i = 0; i < count; i++) {
        event_map_wake(executor_event_map(runtime), events[i]);
    }
}

Test(socket_read, event_inside_the_registration_is_not_lost, .timeout = 60) {
    Wire wire = wire_open();
    start_to_read(&wire.near, sizeof buffer);
    script_after_add = (Cue){deliver_events, &wire, 0};
    cr_assert_eq(poll_once(), POLL_PENDING, "It has to ask first.");
    cr_assert_eq(w.wakes, 1,
                 "The event came as soon as the interest was registered, and "
                 "woke the task %d times.",
                 w.wakes);
    cr_assert_eq(poll_once(), POLL_READY, "Woken, with data, and pending.");
    drop_read();
    wire_close(&wire);
}

Test(socket_read, false_alarm_is_waited_out, .timeout = 60) {
    Wire wire = wire_open();
    start_to_read(&wire.near, sizeof buffer);
    poll_once();
    for (int i = 1; i <= 3; i++) {
        runtime_signals(&wire.near, READABLE); /* there is nothing */
        cr_assert_eq(w.wakes, i, "It was woken.");
        cr_assert_eq(poll_once(), POLL_PENDING,
                     "An event came, the read said EAGAIN, and the future was "
                     "ready with %s: events may be false.",
                     error_name((int)read_some.result));
        cr_assert_eq(w.held, 1,
                     "After a false alarm the future keeps %d wakers: the "
                     "next event has to wake it.",
                     w.held);
    }
    wire_sends(&wire, "hello");
    turn();
    cr_assert_eq(poll_once(), POLL_READY, "Now there is data.");
    cr_assert_eq(read_some.result, 5, "After false alarms it read %d bytes.",
                 (int)read_some.result);
    drop_read();
    wire_close(&wire);
}

Test(socket_read, end_of_file_is_an_answer, .timeout = 60) {
    Wire wire = wire_open();
    start_to_read(&wire.near, sizeof buffer);
    poll_once();
    wire_hangs_up(&wire);
    turn();
    cr_assert_eq(w.wakes, 1,
                 "The peer has closed, and the reader was woken %d times: a "
                 "hang-up arrives as what was asked for.",
                 w.wakes);
    cr_assert_eq(poll_once(), POLL_READY,
                 "The peer has closed, and the read is still pending.");
    cr_assert_eq(read_some.result, 0, "The end of file was read as %d.",
                 (int)read_some.result);
    drop_read();
    wire_close(&wire);
}

Test(socket_read, half_read_data_is_not_forgotten, .timeout = 60) {
    Wire wire = wire_open();
    wire_sends(&wire, "abcd");
    for (int i = 0; i < 2; i++) {
        start_to_read(&wire.near, 2);
        run_to_the_end_of(&read_some.future);
        cr_assert(read_some.result == 2 &&
                      memcmp(buffer, i == 0 ? "ab" : "cd", 2) == 0,
                  "Four bytes came at once and are read two at a time; the "
                  "%d. read got %d.",
                  i + 1, (int)read_some.result);
        drop_read();
    }
    wire_close(&wire);
}

Test(socket_read, message_that_comes_byte_by_byte_is_assembled, .timeout = 60) {
    static const char message[] = "one byte at a time";
    char assembled[sizeof message];
    Wire wire = wire_open();
    for (size_t i = 0; i < sizeof message; i++) {
        char one[2] = {message[i], '\0'};
        start_to_read(&wire.near, sizeof buffer);
        poll_once();
        (void)stranger_writes(wire.far, one, 1);
        turn();
        cr_assert_eq(poll_once(), POLL_READY, "Byte %zu has come.", i);
        cr_assert_eq(read_some.result, 1, "One byte was there.");
        assembled[i] = buffer[0];
        drop_read();
    }
    cr_assert_str_eq(assembled, message, "The bytes came in another order.");
    wire_close(&wire);
}

Test(socket_read, reset_is_an_answer, .timeout = 60) {
    Wire wire = wire_open_tcp();
    start_to_read(&wire.near, sizeof buffer);
    poll_once();
    wire_resets(&wire);
    turn_until(w.wakes > 0, "The peer reset the connection: nobody was woken.");
    cr_assert_eq(poll_once(), POLL_READY, "A reset is the end of waiting.");
    cr_assert_eq(read_some.result, -ECONNRESET,
                 "The peer reset the connection, and the read says %s.",
                 error_name((int)read_some.result));
    drop_read();
    wire_close(&wire);
}

Test(socket_read, interrupted_read_is_repeated, .timeout = 60) {
    Wire wire = wire_open();
    wire_sends(&wire, "hello");
    script_fail(&script_read, 1, EINTR);
    start_to_read(&wire.near, sizeof buffer);
    run_to_the_end_of(&read_some.future);
    cr_assert_eq(read_some.result, 5, "A signal came in, and the read gave %d.",
                 (int)read_some.result);
    drop_read();
    wire_close(&wire);
}

Test(socket_read, dropped_while_pending_leaves_nothing_registered,
     .timeout = 60) {
    Wire wire = wire_open();
    start_to_read(&wire.near, sizeof buffer);
    poll_once();
    drop_read();
    wire_sends(&wire, "x");
    assert_nothing_is_reported();
    cr_assert_eq(w.wakes, 0, "A read that was dropped woke its task.");
    wire_close(&wire);
}

Test(socket_read, dropped_leaves_the_writer_alone, .timeout = 60) {
    Wire wire = wire_open();
    Waiting writer;
    wire_fills(&wire);
    wait_to_write(&writer, "writer", &wire.near);
    start_to_read(&wire.near, sizeof buffer);
    poll_once();
    drop_read();
    wire_drains(&wire);
    turn();
    cr_assert_eq(writer.task.wakes, 1,
                 "A read was dropped, and the writer on the same socket was "
                 "woken %d times when there was room.",
                 writer.task.wakes);
    wire_close(&wire);
}

Test(socket_read, latest_waker_counts, .timeout = 60) {
    Wire wire = wire_open();
    ProbeWaker latest;
    probe_waker_init(&latest, "latest");
    start_to_read(&wire.near, sizeof buffer);
    poll_once();
    poll_for(&read_some.future, &latest);
    wire_sends(&wire, "x");
    turn();
    cr_assert(w.wakes == 0 && latest.wakes == 1,
              "Polled by one task and then by another, the read woke the "
              "first %d times and the second %d times: it keeps the latest "
              "waker.",
              w.wakes, latest.wakes);
    drop_read();
    assert_balanced(&latest);
    wire_close(&wire);
}

Test(socket_read, refused_interest_ends_it_with_the_error, .timeout = 60) {
    Socket file;
    cr_assert_eq(socket_init(&file, open(__FILE__, O_RDONLY)), 0,
                 "A file is a descriptor as well.");
    start_to_read(&file, sizeof buffer);
    cr_assert_eq(poll_once(), POLL_READY,
                 "Nobody can wait for a regular file: a read that is pending "
                 "there is pending for ever.");
    cr_assert_eq(read_some.result, -EPERM, "The error is -EPERM, not %s.",
                 error_name((int)read_some.result));
    drop_read();
    socket_close(&file);
}

Test(socket_read, that_waits_again_costs_one_wait_and_one_read, .timeout = 60) {
    Wire wire = wire_open();
    start_to_read(&wire.near, sizeof buffer);
    poll_once();
    int reads = script_read.calls, waits = script_waits();
    int controls = script_controls();
    for (int i = 0; i < 100; i++) {
        wire_sends(&wire, "x");
        turn();
        poll_once();
        future_drop(&read_some.future);
        socket_read_init(&read_some, &wire.near, buffer, sizeof buffer);
        poll_once();
    }
    reads = script_read.calls - reads;
    waits = script_waits() - waits;
    controls = script_controls() - controls;
    cr_assert(
        reads == 100 && waits == 100 && controls == 0,
        "A hundred reads that had to wait took %d reads, %d waits and "
        "%d calls that arm instead of 100, 100 and none: the kernel knows "
        "the socket already, and a read before its event can only fail.",
        reads, waits, controls);
    drop_read();
    wire_close(&wire);
}
