/*
 * What only the port back end promises: how many orders it places, what is in
 * them, and that it gives its share in a descriptor back.
 */
#if __has_include(<zircon/syscalls.h>)
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zircon/syscalls.h>

#include "error_name.h"
#include "fixture.h"
#include "script_time.h"

SuiteFor(port, backend_port);

/* --- The system calls, counted; some fail -------------------------------- */

static int orders, order_fails_in;
static uint32_t options_seen;
static int cancels, queues, waits;
static zx_time_t deadlines[16];
static bool cancel_fails;

zx_status_t __real_zx_object_wait_async(zx_handle_t handle, zx_handle_t port,
                                        uint64_t key, zx_signals_t signals,
                                        uint32_t options);
zx_status_t __real_zx_port_cancel(zx_handle_t handle, zx_handle_t source,
                                  uint64_t key);
zx_status_t __real_zx_port_queue(zx_handle_t handle,
                                 const zx_port_packet_t *packet);
zx_status_t __real_zx_port_wait(zx_handle_t handle, zx_time_t deadline,
                                zx_port_packet_t *packet);

zx_status_t __wrap_zx_object_wait_async(zx_handle_t handle, zx_handle_t port,
                                        uint64_t key, zx_signals_t signals,
                                        uint32_t options) {
    orders += 1;
    options_seen |= options;
    if (order_fails_in > 0 && --order_fails_in == 0) {
        return ZX_ERR_NO_MEMORY;
    }
    return __real_zx_object_wait_async(handle, port, key, signals, options);
}

zx_status_t __wrap_zx_port_cancel(zx_handle_t handle, zx_handle_t source,
                                  uint64_t key) {
    cancels += 1;
    return cancel_fails ? ZX_ERR_BAD_HANDLE
                        : __real_zx_port_cancel(handle, source, key);
}

zx_status_t __wrap_zx_port_queue(zx_handle_t handle,
                                 const zx_port_packet_t *packet) {
    queues += 1;
    return __real_zx_port_queue(handle, packet);
}

zx_status_t __wrap_zx_port_wait(zx_handle_t handle, zx_time_t deadline,
                                zx_port_packet_t *packet) {
    deadlines[waits++ % 16] = deadline;
    return __real_zx_port_wait(handle, deadline, packet);
}

/* --- Orders -------------------------------------------------------------- */

Test(backend_port, places_one_order_for_each_event_of_a_reader, .timeout = 60) {
    Pair pair = pair_open();
    char byte;
    ask(pair.near, 1, READABLE);
    int before = orders;
    for (int i = 0; i < 100; i++) {
        ask(pair.near, 1, READABLE);
        far_sends(&pair, "x");
        assert_event(1, READABLE, "The socket has data.");
        near_reads(&pair, &byte, 1);
    }
    int placed = orders - before;
    cr_assert(placed == 99 && cancels == 0,
              "A hundred events took %d orders and %d cancellations: each "
              "packet ends its order, so there is one more for each wait "
              "that follows one, 99, and nothing else changes.",
              placed, cancels);
}

Test(backend_port, places_no_order_while_nothing_is_reported, .timeout = 60) {
    Pair pair = pair_open();
    ask(pair.near, 1, READABLE);
    for (int i = 0; i < 10; i++) {
        assert_silence("Nothing has come.");
        ask(pair.near, 1, READABLE);
    }
    cr_assert(orders == 1,
              "Ten waits without a packet took %d orders: the first stands "
              "until its packet comes, and each further one would bring a "
              "packet of its own.",
              orders);
}

Test(backend_port, reports_once_what_is_read_at_once, .timeout = 60) {
    Pair pair = pair_open();
    char byte;
    ask(pair.near, 1, READABLE);
    far_sends(&pair, "x");
    assert_event(1, READABLE, "The socket has data.");
    near_reads(&pair, &byte, 1);
    ask(pair.near, 1, READABLE);
    assert_silence("All has been read, but the event came a second time: the "
                   "next packet was ordered when the first was reported, and "
                   "the data were still there. Order it when the next wait "
                   "begins.");
}

Test(backend_port, orders_levels, .timeout = 60) {
    Pair pair = pair_open();
    far_sends(&pair, "x");
    ask(pair.near, 1, READABLE);
    assert_event(1, READABLE, "The data came before anybody asked.");
    cr_assert((options_seen & ZX_WAIT_ASYNC_EDGE) == 0,
              "ZX_WAIT_ASYNC_EDGE waits for what comes later; what is there "
              "already it never reports.");
}

Test(backend_port, takes_all_that_is_queued, .timeout = 60) {
    Event events[IO_BLOCKER_BATCH];
    for (uint64_t i = 0; i < 10; i++) {
        ask(pair_open().near, i, WRITABLE);
    }
    int result = io_blocker_block_until(blocker, DEADLINE_NEVER, events,
                                        IO_BLOCKER_BATCH);
    cr_assert(result == 10 && waits == 11,
              "Ten sockets have room; one wait reported %s of them with %d "
              "calls of zx_port_wait(). A call gives one packet, and the "
              "eleventh says that there is none.",
              error_name(result), waits);
}

/* --- Deadlines ----------------------------------------------------------- */

Test(backend_port, hands_the_deadline_on_as_it_is, .timeout = 60) {
    Event event;
    uint64_t deadline_ns = script_clock_ns + 12345;
    io_blocker_block_until(blocker, deadline_ns, &event, 1);
    cr_assert(deadlines[0] == (zx_time_t)deadline_ns,
              "A port counts in nanoseconds of the same clock: nothing is "
              "to be rounded, but it was made %lld of %lld.",
              (long long)deadlines[0], (long long)deadline_ns);
    io_blocker_block_until(blocker, DEADLINE_NOW, &event, 1);
    cr_assert(deadlines[1] == 0, "DEADLINE_NOW has passed.");
}

Test(backend_port, waits_for_ever_beyond_the_end_of_time, .timeout = 60) {
    const uint64_t far[] = {DEADLINE_NEVER, DEADLINE_NEVER - 1,
                            (uint64_t)INT64_MAX + 1, INT64_MAX};
    Event event;
    for (int i = 0; i < 4; i++) {
        io_blocker_wake(blocker);
        waits = 0;
        io_blocker_block_until(blocker, far[i], &event, 1);
        cr_assert(deadlines[0] == ZX_TIME_INFINITE,
                  "The kernel's time is signed: a deadline behind the last "
                  "nanosecond is ZX_TIME_INFINITE, not %lld, which has "
                  "passed.",
                  (long long)deadlines[0]);
    }
}

/* --- Signals ------------------------------------------------------------- */

Test(backend_port, hears_of_a_hang_up_while_it_waits_to_write, .timeout = 60) {
    Pair pair = pair_open();
    near_fills(&pair);
    ask(pair.near, 1, WRITABLE);
    assert_silence("There is no room.");
    far_closes(&pair);
    assert_event(1, WRITABLE,
                 "The far end has gone, and whoever waits for room in the "
                 "socket waits for ever: a port reports only what was "
                 "ordered. ZX_SOCKET_PEER_CLOSED belongs to each order.");
}

Test(backend_port, does_not_take_half_a_close_for_room, .timeout = 60) {
    Pair pair = pair_open();
    near_fills(&pair);
    shutdown(pair.far, SHUT_WR);
    ask(pair.near, 1, WRITABLE);
    int before = orders;
    assert_silence("The far end will send no more, but still reads: there "
                   "is no room yet, and it has not hung up.");
    cr_assert(orders == before, "Nothing was reported, but %d more orders.",
              orders - before);
    far_drains(&pair);
    assert_event(1, WRITABLE, "Now there is room.");
}

static void connects_now(const Pair *pair, int listener) {
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    getsockname(listener, (struct sockaddr *)&address, &length);
    connect(pair->near, (struct sockaddr *)&address, length);
}

Test(backend_port, asks_anew_which_signals_mean_writable, .timeout = 60) {
    Pair pair = {socket(AF_INET, SOCK_STREAM, 0), -1};
    fcntl(pair.near, F_SETFL, O_NONBLOCK);
    ask(pair.near, 1, WRITABLE);
    (void)look(); /* a socket that is not connected: some systems report it */
    connects_now(&pair, listener_open());
    near_fills(&pair);
    ask(pair.near, 1, WRITABLE);
    int before = orders;
    assert_silence("There is no room.");
    int placed = orders - before;
    stop_asking(pair.near, WRITABLE);
    close(pair.near);
    cr_assert(placed <= 1,
              "Nothing was reported, but %d packets came: until a socket is "
              "connected, WRITABLE is another signal than afterwards, and that "
              "one stays. Ask fdio_unsafe_wait_begin() before each order.",
              placed - 1);
}

/* --- Orders that are taken back ------------------------------------------ */

Test(backend_port, cancels_only_what_is_under_way, .timeout = 60) {
    Pair pair = pair_open();
    ask(pair.near, 1, READABLE);
    stop_asking(pair.near, READABLE);
    cr_assert(cancels == 1, "The order stood; %d cancellations.", cancels);
    far_sends(&pair, "x");
    ask(pair.near, 1, READABLE);
    assert_event(1, READABLE, "The socket has data.");
    stop_asking(pair.near, READABLE);
    cr_assert(cancels == 1,
              "The packet had been taken, so there was nothing to cancel; but "
              "a system call was made for it.");
}

Test(backend_port, knows_a_packet_that_could_not_be_cancelled, .timeout = 60) {
    Pair old = pair_open();
    far_sends(&old, "x");
    ask(old.near, 1, READABLE); /* its packet is queued at once */
    cancel_fails = true;
    stop_asking(old.near, READABLE);
    network_close(old.near);
    Pair new = pair_open();
    cr_assert(new.near == old.near, "The system uses the number again.");
    ask(new.near, 2, READABLE);
    assert_silence("A packet of an order that was taken back was still in the "
                   "queue, and was taken for one of the new order's: its key "
                   "says which order it belongs to.");
    far_sends(&new, "y");
    assert_event(2, READABLE, "Now the new socket has data of its own.");
}

Test(backend_port, keeps_the_old_order_when_a_change_is_refused,
     .timeout = 60) {
    Pair pair = pair_open();
    near_fills(&pair);
    ask(pair.near, 1, READABLE);
    order_fails_in = 1;
    int result = io_blocker_add_io_event_interest(blocker, pair.near,
                                                  (Event){1, WRITABLE});
    cr_assert(result == -ENOMEM,
              "The kernel had no memory for the order; adding returned %s.",
              error_name(result));
    far_sends(&pair, "x");
    assert_event(1, READABLE,
                 "To wait for WRITABLE as well was refused; the reader, who "
                 "waited before, must still hear of its data. Place the new "
                 "order first, then cancel the old one.");
}

Test(backend_port, tries_a_refused_order_again, .timeout = 60) {
    Pair first = pair_open(), second = pair_open();
    Event events[2];
    far_sends(&first, "x");
    far_sends(&second, "x");
    ask(first.near, 1, READABLE);
    ask(second.near, 2, READABLE);
    io_blocker_block_until(blocker, DEADLINE_NOW, events, 2);
    ask(first.near, 1, READABLE);
    ask(second.near, 2, READABLE);
    order_fails_in = 1;
    int result = io_blocker_block_until(blocker, DEADLINE_NOW, events, 2);
    cr_assert(result == -ENOMEM,
              "The kernel had no memory to order the next packet, and the "
              "answer was %s: who waits must be told that nothing will come.",
              error_name(result));
    result = io_blocker_block_until(blocker, DEADLINE_NOW, events, 2);
    cr_assert(result == 2 && events[0].id == 1,
              "An order was refused once; the next wait has to place it, and "
              "those behind it. It returned %s.",
              error_name(result));
}

/* --- The share in a descriptor ------------------------------------------- */

static void assert_closed(Pair *pair, const char *sentence) {
    char byte;
    network_close(pair->near);
    int result = (int)read(pair->far, &byte, 1);
    cr_assert(result == 0, "%s (its read returned %s)", sentence,
              error_name(result));
}

Test(backend_port, gives_its_share_back_with_the_interest, .timeout = 60) {
    Pair pair = pair_open();
    ask(pair.near, 1, READABLE);
    stop_asking(pair.near, READABLE);
    assert_closed(&pair, "The interest was removed and the socket closed, but "
                         "the far end does not hear of it: as long as a share "
                         "is kept, the socket is open. Call "
                         "fdio_unsafe_release().");
}

Test(backend_port, gives_all_shares_back_at_the_end, .timeout = 60) {
    IoBlocker *other;
    Pair pair = pair_open();
    cr_assert(io_blocker_new(&other) == 0, "Nothing is scarce.");
    io_blocker_add_io_event_interest(other, pair.near, (Event){1, READABLE});
    io_blocker_free(other);
    assert_closed(&pair, "The IoBlocker has been freed and the socket closed, "
                         "but the far end does not hear of it.");
}

Test(backend_port, gives_its_share_back_when_it_is_refused, .timeout = 60) {
    Pair pair = pair_open();
    order_fails_in = 1;
    int result = io_blocker_add_io_event_interest(blocker, pair.near,
                                                  (Event){1, READABLE});
    cr_assert(result == -ENOMEM, "It returned %s.", error_name(result));
    assert_closed(&pair, "The interest was refused and the socket closed, but "
                         "the far end does not hear of it.");
}

/* --- Wake-ups ------------------------------------------------------------ */

Test(backend_port, queues_one_packet_for_many_wakes, .timeout = 60) {
    Event event;
    for (int round = 1; round <= 3; round++) {
        for (int i = 0; i < 1000; i++) {
            io_blocker_wake(blocker);
        }
        cr_assert(queues == round,
                  "A thousand wake-ups that nobody had noticed yet queued %d "
                  "packets in round %d: the kernel keeps each of them, and one "
                  "is enough.",
                  queues, round);
        cr_assert(io_blocker_block(blocker, &event) == -ECANCELED,
                  "The wake-up of round %d was lost: when its packet has been "
                  "taken, the next one must be queued again.",
                  round);
    }
}
#else
typedef int NoPort; /* a file must declare something */
#endif
