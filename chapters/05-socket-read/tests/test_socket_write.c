/*
 * SocketWrite: all bytes, however slowly the other end reads.
 */
#include "socket_write.h"

#include <string.h>

#include "runtime.h"
#include "script_sockets.h"
#include "script_waiting.h"
#include "scripted_backend.h"

RuntimeSuite(socket_write);

static SocketWrite write_all;
static ProbeWaker w;

static void start_to_write(Socket *socket, const void *bytes, size_t length) {
    probe_waker_init(&w, "W");
    socket_write_init(&write_all, socket, bytes, length);
}

static Poll poll_once(void) {
    return poll_for(&write_all.future, &w);
}

static void drop_write(void) {
    future_drop(&write_all.future);
    assert_balanced(&w);
}

Test(socket_write, that_fits_is_ready_at_once, .timeout = 60) {
    Wire wire = wire_open();
    char received[8] = {0};
    start_to_write(&wire.near, "hello", 5);
    int before = script_controls();
    cr_assert_eq(poll_once(), POLL_READY,
                 "There was room, but the write waited: try first. Unlike "
                 "data to read, room is nearly always there.");
    cr_assert(write_all.result == 0 && write_all.written == 5,
              "It is ready, with result %d and %zu of 5 bytes.",
              write_all.result, write_all.written);
    cr_assert_eq(script_controls(), before,
                 "There was room, but the system was told to watch for it.");
    cr_assert(wire_receives(&wire, received, 8) == 5 &&
                  strcmp(received, "hello") == 0,
              "\"hello\" was written, \"%s\" arrived.", received);
    drop_write();
    wire_close(&wire);
}

Test(socket_write, of_nothing_is_ready_without_a_call, .timeout = 60) {
    Wire wire = wire_open();
    start_to_write(&wire.near, "", 0);
    cr_assert_eq(poll_once(), POLL_READY, "Nothing is quickly written.");
    cr_assert_eq(script_send.calls, 0, "Nothing was written, with a call.");
    cr_assert_eq(write_all.result, 0, "It failed: %d.", write_all.result);
    drop_write();
    wire_close(&wire);
}

Test(socket_write, waits_for_room, .timeout = 60) {
    Wire wire = wire_open();
    wire_fills(&wire);
    start_to_write(&wire.near, "hello", 5);
    cr_assert_eq(poll_once(), POLL_PENDING, "There is no room.");
    cr_assert_eq(w.held, 1,
                 "The write is pending, and %d clones of its waker are kept "
                 "instead of one.",
                 w.held);
    wire_drains(&wire);
    turn();
    cr_assert_eq(w.wakes, 1, "There is room, and it was woken %d times.",
                 w.wakes);
    cr_assert_eq(poll_once(), POLL_READY, "There is room, but it is pending.");
    cr_assert(write_all.result == 0 && write_all.written == 5,
              "Result %d, %zu of 5 bytes.", write_all.result,
              write_all.written);
    drop_write();
    wire_close(&wire);
}

Test(socket_write, that_is_taken_byte_by_byte_writes_all, .timeout = 60) {
    static const char message[] = "one byte at a time";
    char received[64] = {0};
    Wire wire = wire_open();
    script_writes_take = 1;
    start_to_write(&wire.near, message, sizeof message);
    run_to_the_end_of(&write_all.future);
    int length = wire_receives(&wire, received, sizeof received);
    cr_assert(write_all.result == 0 && length == (int)sizeof message &&
                  memcmp(received, message, sizeof message) == 0,
              "The system took one byte at a time, and of %zu bytes %d "
              "arrived: a short write is not the whole, go on behind it.",
              sizeof message, length);
    drop_write();
    wire_close(&wire);
}

Test(socket_write, larger_than_all_buffers_arrives_whole, .timeout = 60) {
    enum { LENGTH = 1 << 20 };
    static unsigned char sent[LENGTH], received[LENGTH];
    size_t arrived = 0;
    Wire wire = wire_open();
    for (size_t i = 0; i < LENGTH; i++) {
        sent[i] = (unsigned char)(i * 7 + i / 256);
    }
    start_to_write(&wire.near, sent, LENGTH);
    JoinHandle handle = stage_spawn_with_handle(runtime, &write_all.future);
    int budget = 100000;
    while (arrived < LENGTH) {
        int got = wire_receives(&wire, received + arrived, LENGTH - arrived);
        arrived += got > 0 ? (size_t)got : 0;
        cr_assert(budget-- > 0, "Only %zu of %d bytes arrived.", arrived,
                  LENGTH);
        turn();
    }
    cr_assert_eq(memcmp(sent, received, LENGTH), 0,
                 "What arrived is not what was sent.");
    run_to_the_end_of(&handle.future);
    drop_handle(&handle);
    wire_close(&wire);
}

Test(socket_write, spurious_polls_write_nothing, .timeout = 60) {
    Wire wire = wire_open();
    wire_fills(&wire);
    start_to_write(&wire.near, "hello", 5);
    poll_once();
    int before = script_send.calls;
    for (int i = 0; i < 10; i++) {
        cr_assert_eq(poll_once(), POLL_PENDING, "There is no room.");
    }
    cr_assert_eq(script_send.calls, before,
                 "Ten polls without an event made %d calls that could only "
                 "fail: once it waits, it writes when an event says so.",
                 script_send.calls - before);
    cr_assert_eq(w.held, 1, "Ten polls left %d wakers.", w.held);
    drop_write();
    wire_close(&wire);
}

Test(socket_write, false_alarm_is_waited_out, .timeout = 60) {
    Wire wire = wire_open();
    wire_fills(&wire);
    start_to_write(&wire.near, "hello", 5);
    poll_once();
    runtime_signals(&wire.near, WRITABLE); /* there is no room */
    cr_assert_eq(poll_once(), POLL_PENDING,
                 "An event came, the write said EAGAIN, and the task gave up "
                 "(%d): events may be false. Ask again and stay pending.",
                 write_all.result);
    cr_assert_eq(w.held, 1, "After a false alarm the future keeps %d wakers.",
                 w.held);
    drop_write();
    wire_close(&wire);
}

Test(socket_write, to_a_closed_peer_ends_with_the_error, .timeout = 60) {
    Wire wire = wire_open();
    wire_fills(&wire);
    start_to_write(&wire.near, "hello", 5);
    poll_once();
    wire_hangs_up(&wire);
    turn();
    cr_assert_eq(w.wakes, 1,
                 "The peer has closed, and the writer was woken %d times: a "
                 "hang-up arrives as what was asked for.",
                 w.wakes);
    cr_assert_eq(poll_once(), POLL_READY, "No room will ever come.");
    cr_assert(write_all.result == -EPIPE || write_all.result == -ECONNRESET,
              "The peer has closed, and the write ended with %d.",
              write_all.result);
    drop_write();
    wire_close(&wire);
}

Test(socket_write, interrupted_write_is_repeated, .timeout = 60) {
    Wire wire = wire_open();
    script_fail(&script_send, 1, EINTR);
    start_to_write(&wire.near, "hello", 5);
    cr_assert_eq(poll_once(), POLL_READY, "A signal is no reason to wait.");
    cr_assert(write_all.result == 0 && write_all.written == 5,
              "A signal came in, and the write ended with %d.",
              write_all.result);
    drop_write();
    wire_close(&wire);
}

Test(socket_write, dropped_while_pending_leaves_nothing_registered,
     .timeout = 60) {
    Wire wire = wire_open();
    wire_fills(&wire);
    start_to_write(&wire.near, "hello", 5);
    poll_once();
    drop_write();
    wire_drains(&wire);
    assert_nothing_is_reported();
    cr_assert_eq(w.wakes, 0, "A write that was dropped woke its task.");
    wire_close(&wire);
}

#ifndef _WIN32 /* where a pair of sockets is TCP, and its buffers have no limit */
/* What the kernel has taken cannot be called back. */
Test(socket_write, dropped_half_way_has_sent_what_it_says, .timeout = 60) {
    enum { MUCH = 4 << 20 }; /* more than the system's buffers hold */
    static char much[MUCH], received[MUCH];
    Wire wire = wire_open();
    memset(much, 'x', sizeof much);
    start_to_write(&wire.near, much, sizeof much);
    cr_assert_eq(poll_once(), POLL_PENDING, "4 MiB fit into the buffers?");
    size_t written = write_all.written, arrived = 0;
    drop_write();
    for (int got; (got = wire_receives(&wire, received, MUCH)) > 0;) {
        arrived += (size_t)got;
    }
    cr_assert(written > 0 && arrived == written,
              "A write was dropped half-way and says that %zu bytes are "
              "written, and %zu arrived.",
              written, arrived);
    wire_close(&wire);
}
#endif

Test(socket_write, latest_waker_counts, .timeout = 60) {
    Wire wire = wire_open();
    ProbeWaker latest;
    probe_waker_init(&latest, "latest");
    wire_fills(&wire);
    start_to_write(&wire.near, "hello", 5);
    poll_once();
    poll_for(&write_all.future, &latest);
    wire_drains(&wire);
    turn();
    cr_assert(w.wakes == 0 && latest.wakes == 1,
              "Polled by one task and then by another, the write woke the "
              "first %d times and the second %d times.",
              w.wakes, latest.wakes);
    drop_write();
    assert_balanced(&latest);
    wire_close(&wire);
}

Test(socket_write, refused_interest_ends_it_with_the_error, .timeout = 60) {
    Wire wire = wire_open();
    wire_fills(&wire);
    start_to_write(&wire.near, "hello", 5);
    scripted_arm_fails(-ENOSPC);
    cr_assert_eq(poll_once(), POLL_READY,
                 "The system does not watch this socket: a write that is "
                 "pending is pending for ever.");
    cr_assert_eq(write_all.result, -ENOSPC,
                 "The system refused (-ENOSPC), and the result is %s.",
                 error_name(write_all.result));
    drop_write();
    wire_close(&wire);
}
