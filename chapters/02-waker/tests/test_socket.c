#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "probe.h"
#include "socket.h"

static Socket s;
static ProbeWaker a, b;
static Waker of_a, of_b, never;
static Waiter node_a, node_b;

static void set_up(void) {
    memset(&s, 0x5a, sizeof s);
    socket_init(&s);
    probe_waker_init(&a, "A");
    probe_waker_init(&b, "B");
    of_a = probe_waker_lend(&a);
    of_b = probe_waker_lend(&b);
    never = probe_waker_never();
}

static void assert_nothing_left(void) {
    socket_deinit(&s);
    assert_balanced(&a);
    assert_balanced(&b);
}

TestSuite(socket, .init = set_up, .timeout = 60);

/* Reads at most 16 bytes and compares them with what is expected. */
static void assert_reads(size_t capacity, const char *expected) {
    char got[17] = "";
    cr_assert(socket_has_data_to_read(&s),
              "\"%s\" was delivered and not read, but the socket says that it "
              "has no data to read.",
              expected);
    size_t length = socket_read_buf(&s, got, capacity);
    cr_assert(length == strlen(expected) && strcmp(got, expected) == 0,
              "The socket should have given \"%s\" and gave \"%s\" (%zu "
              "bytes): bytes come out once, and oldest first.",
              expected, got, length);
}

Test(socket, new_socket_has_nothing_to_read, .timeout = 60) {
    cr_assert(!socket_has_data_to_read(&s),
              "Nothing was delivered, but the socket says that it has data: "
              "socket_init() has to set every member.");
    assert_nothing_left();
}

Test(socket, new_socket_calls_nobody, .timeout = 60) {
    cr_assert(waiter_list_is_empty(&s.readers),
              "A new socket has a callback that nobody set: socket_init() has "
              "to set every member.");
    cr_assert(socket_deliver(&s, "x", 1) == 1,
              "One byte was delivered to an empty socket and did not fit.");
    assert_nothing_left();
}

Test(socket, gives_what_was_delivered, .timeout = 60) {
    cr_assert(socket_deliver(&s, "hello", 5) == 5,
              "Five bytes fit into an empty socket, but socket_deliver() says "
              "otherwise.");
    assert_reads(16, "hello");
    cr_assert(!socket_has_data_to_read(&s),
              "All was read, but the socket says that there is more.");
    assert_nothing_left();
}

Test(socket, read_takes_no_more_than_the_buffer_holds, .timeout = 60) {
    socket_deliver(&s, "abcdef", 6);
    assert_reads(4, "abcd");
    assert_reads(4, "ef");
    assert_nothing_left();
}

Test(socket, bytes_of_two_deliveries_come_in_order, .timeout = 60) {
    socket_deliver(&s, "abc", 3);
    assert_reads(1, "a");
    socket_deliver(&s, "de", 2);
    assert_reads(16, "bcde");
    assert_nothing_left();
}

Test(socket, full_socket_takes_only_what_fits, .timeout = 60) {
    static unsigned char many[SOCKET_CAPACITY + 9];
    static unsigned char out[SOCKET_CAPACITY + 9];
    for (size_t i = 0; i < sizeof many; i++) {
        many[i] = (unsigned char)i;
    }
    cr_assert(socket_deliver(&s, many, 250) == 250,
              "250 bytes fit into an empty socket, but socket_deliver() says "
              "otherwise.");
    size_t fitted = socket_deliver(&s, many + 250, 15);
    cr_assert(fitted == SOCKET_CAPACITY - 250,
              "6 of 15 bytes fitted, and socket_deliver() says %zu: the "
              "network has to know what is lost.",
              fitted);
    cr_assert(socket_deliver(&s, "x", 1) == 0,
              "The socket is full, but it took one more byte.");
    cr_assert(socket_read_buf(&s, out, sizeof out) == SOCKET_CAPACITY &&
                  memcmp(many, out, SOCKET_CAPACITY) == 0,
              "A full socket did not give back the bytes that it took.");
    assert_nothing_left();
}

Test(socket, hang_up_is_something_to_read, .timeout = 60) {
    char byte;
    socket_hang_up(&s);
    cr_assert(socket_has_data_to_read(&s),
              "The network hung up, but a reader is told to go on waiting: "
              "the end of file is news, too, and the last there will be.");
    cr_assert(socket_read_buf(&s, &byte, 1) == 0,
              "A read at the end of file must return 0.");
    assert_nothing_left();
}

Test(socket, gives_the_data_first_and_then_the_end, .timeout = 60) {
    char byte;
    socket_deliver(&s, "xy", 2);
    socket_hang_up(&s);
    assert_reads(1, "x");
    assert_reads(1, "y");
    cr_assert(socket_has_data_to_read(&s),
              "All bytes were read and the network has hung up, but a reader "
              "is told to go on waiting.");
    cr_assert(socket_read_buf(&s, &byte, 1) == 0,
              "After the last byte, a read must return 0: the end of file.");
    assert_nothing_left();
}

Test(socket, delivery_calls_the_callback_once, .timeout = 60) {
    socket_set_readable_callback(&s, &node_a, &of_a);
    assert_wakes(&a, 0, "Nothing has arrived yet.");
    socket_deliver(&s, "x", 1);
    socket_deliver(&s, "y", 1);
    assert_wakes(&a, 1,
                 "The callback was set once, and then data arrived "
                 "twice: it is to be called for the first and then be "
                 "gone.");
    assert_nothing_left();
}

Test(socket, hang_up_calls_the_callback, .timeout = 60) {
    socket_set_readable_callback(&s, &node_a, &of_a);
    socket_hang_up(&s);
    assert_wakes(&a, 1,
                 "The network hung up: the reader that waits is to be "
                 "woken once, or it waits for bytes that will never "
                 "come.");
    assert_nothing_left();
}

Test(socket, wakes_all_who_wait_the_first_first, .timeout = 60) {
    socket_set_readable_callback(&s, &node_a, &of_a);
    socket_set_readable_callback(&s, &node_b, &of_b);
    socket_deliver(&s, "x", 1);
    assert_trace("wake A, wake B",
                 "Two wait for the same socket. Data came, so each is woken, "
                 "in order of arrival.");
    assert_nothing_left();
}

Test(socket, later_waker_replaces_the_earlier_of_the_same_node, .timeout = 60) {
    socket_set_readable_callback(&s, &node_a, &of_a);
    socket_set_readable_callback(&s, &node_a, &of_b);
    cr_assert(a.held == 0,
              "A later waker took the place of an earlier one, which was not "
              "dropped: its task can never be freed.");
    socket_deliver(&s, "x", 1);
    assert_trace("wake B", "A node is woken with the waker that it was given "
                           "last, and with no other.");
    assert_nothing_left();
}

Test(socket, cleared_callback_means_nobody, .timeout = 60) {
    socket_set_readable_callback(&s, &node_a, &never);
    socket_clear_readable_callback(&s, &node_a);
    socket_deliver(&s, "x", 1);
    socket_hang_up(&s);
    cr_assert(
        waiter_list_is_empty(&s.readers),
        "The only waiter was cleared, and the socket's list is not empty.");
    assert_nothing_left();
}

Test(socket, empty_delivery_is_no_news, .timeout = 60) {
    socket_set_readable_callback(&s, &node_a, &of_a);
    socket_deliver(&s, "", 0);
    cr_assert(a.wakes == 0,
              "No byte arrived, but the callback was called: there is nothing "
              "to read.");
    socket_deliver(&s, "x", 1);
    assert_wakes(&a, 1,
                 "A delivery of no bytes and one of a byte: the second "
                 "is to wake the one who waits, once.");
    assert_nothing_left();
}

static void wait_again(ProbeWaker *self, const char *what) {
    if (*what == 'w') {
        cr_assert(self->wakes < 10,
                  "One delivery woke the same task %d times: whoever begins "
                  "to wait while the socket wakes waits for the next news.",
                  self->wakes);
        socket_set_readable_callback(&s, &node_b, &of_b);
    }
}

Test(socket, callback_may_set_the_next_one, .timeout = 60) {
    a.hook = wait_again;
    b.hook = wait_again;
    socket_set_readable_callback(&s, &node_a, &of_a);
    socket_deliver(&s, "x", 1);
    assert_wakes(&a, 1, "Data arrived: the callback is to be called once.");
    cr_assert(!waiter_list_is_empty(&s.readers),
              "The waker that was called left another one with the socket, "
              "and that one is gone: take the old ones out before you wake.");
    socket_deliver(&s, "y", 1);
    assert_trace("wake A, wake B", "Each delivery wakes who waited before it.");
    socket_clear_readable_callback(&s, &node_b);
    assert_nothing_left();
}

static Poll seen;
static size_t seen_length;
static char seen_bytes[4];

/* A waker that looks at the socket while it is called, and reads it. */
static void look_at_the_socket(ProbeWaker *self, const char *what) {
    (void)self;
    if (*what == 'w') {
        seen = socket_has_data_to_read(&s) ? POLL_READY : POLL_PENDING;
        seen_length = seen == POLL_READY
                          ? socket_read_buf(&s, seen_bytes, sizeof seen_bytes)
                          : 0;
    }
}

Test(socket, has_its_data_before_it_wakes, .timeout = 60) {
    a.hook = look_at_the_socket;
    socket_set_readable_callback(&s, &node_a, &of_a);
    cr_assert(socket_deliver(&s, "xy", 2) == 2,
              "Two bytes fitted, and socket_deliver() does not say 2.");
    cr_assert(seen == POLL_READY && seen_length == 2 &&
                  memcmp(seen_bytes, "xy", 2) == 0,
              "A waker looked at the socket while it was called, and found %zu "
              "of the 2 bytes: first the state changes, then the wake-up.",
              seen_length);
    cr_assert(!socket_has_data_to_read(&s),
              "All bytes were read inside the wake-up, and afterwards the "
              "socket has data again: it changed its state after the call.");
    assert_nothing_left();
}

Test(socket, has_hung_up_before_it_wakes, .timeout = 60) {
    a.hook = look_at_the_socket;
    socket_set_readable_callback(&s, &node_a, &of_a);
    socket_hang_up(&s);
    assert_wakes(&a, 1,
                 "The network hung up: the one who waits is to be woken "
                 "once.");
    cr_assert(seen == POLL_READY && seen_length == 0,
              "A waker looked at the socket while it was called for the "
              "hang-up, and did not find the end of file: first the state "
              "changes, then the wake-up.");
    assert_nothing_left();
}

Test(socket, deinit_has_ended_it_before_it_wakes, .timeout = 60) {
    socket_deliver(&s, "x", 1);
    a.hook = look_at_the_socket;
    socket_set_readable_callback(&s, &node_a, &of_a);
    socket_deinit(&s);
    assert_wakes(&a, 1,
                 "The socket was given up: the one who waits is to be "
                 "woken once.");
    cr_assert(seen == POLL_READY && seen_length == 0,
              "The socket was given up, and who was woken for it read %zu "
              "bytes: what had arrived is thrown away, only the end is left.",
              seen_length);
    socket_init(&s);
    assert_nothing_left();
}

static Socket *owned;

/* Frees the socket that is calling: with other bytes in it, to be seen. */
static void free_the_socket(ProbeWaker *self, const char *what) {
    (void)self;
    if (*what == 'w' && owned != NULL) {
        memset(owned, 0x5a, sizeof *owned);
        free(owned);
        owned = NULL;
    }
}

static void make_owned(void) {
    owned = malloc(sizeof *owned);
    cr_assert(owned != NULL, "There is no memory for this test.");
    socket_init(owned);
    a.hook = free_the_socket;
    socket_set_readable_callback(owned, &node_a, &of_a);
    socket_set_readable_callback(owned, &node_b, &of_b);
}

static const char *const freed =
    "A waker freed the socket that called it: whoever waits is taken out of "
    "the socket first, and after the calls nothing of it is touched.";

Test(socket, may_be_freed_by_a_waker_that_it_calls, .timeout = 60) {
    make_owned();
    cr_assert(socket_deliver(owned, "xy", 2) == 2,
              "Two bytes fitted, and socket_deliver() does not say 2.");
    assert_trace("wake A, wake B", freed);
    trace_clear();
    make_owned();
    socket_hang_up(owned);
    assert_trace("wake A, wake B", freed);
    trace_clear();
    make_owned();
    socket_deinit(owned);
    assert_trace("wake A, wake B", freed);
    assert_nothing_left();
}

Test(socket, keeps_a_clone_and_gives_it_back_when_it_wakes, .timeout = 60) {
    socket_set_readable_callback(&s, &node_a, &of_a);
    cr_assert(a.held == 1,
              "The waker was lent for the call only: to keep it, the socket "
              "has to clone it. It holds %d clones.",
              a.held);
    socket_deliver(&s, "x", 1);
    assert_balanced(&a);
    assert_nothing_left();
}

Test(socket, same_task_again_clones_nothing, .timeout = 60) {
    for (int i = 0; i < 10; i++) {
        socket_set_readable_callback(&s, &node_a, &of_a);
    }
    cr_assert(a.clones == 1,
              "The node has a waker of this task already, and it was cloned %d "
              "times: ask waker_will_wake() first.",
              a.clones);
    assert_nothing_left();
}

Test(socket, deinit_wakes_all_who_still_wait, .timeout = 60) {
    socket_set_readable_callback(&s, &node_a, &of_a);
    socket_set_readable_callback(&s, &node_b, &of_b);
    socket_deinit(&s);
    assert_trace("wake A, wake B",
                 "The socket was given up while two waited. Each is woken, or "
                 "it would wait for bytes that can never come.");
    cr_assert(!waiter_is_waiting(&node_a) && !waiter_is_waiting(&node_b),
              "The socket was given up, and a node is still in its list: its "
              "future would write into memory that is no socket any more.");
    socket_init(&s);
    assert_nothing_left();
}

Test(socket, read_without_data_stops_the_program, .timeout = 60,
     .signal = SIGABRT) {
    char byte;
    expect_abort();
    socket_read_buf(&s, &byte, 1);
}

Test(socket, delivery_after_the_end_stops_the_program, .timeout = 60,
     .signal = SIGABRT) {
    socket_hang_up(&s);
    expect_abort();
    socket_deliver(&s, "x", 1);
}
