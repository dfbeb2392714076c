#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

#include "probe.h"
#include "socket.h"

static Socket s;
static ProbeWaker a, b;
static Waker of_a, of_b, never;

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

TestSuite(socket, .init = set_up, .timeout = 5);

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

Test(socket, new_socket_has_nothing_to_read, .timeout = 5) {
    cr_assert(!socket_has_data_to_read(&s),
              "Nothing was delivered, but the socket says that it has data: "
              "socket_init() has to set every member.");
    assert_nothing_left();
}

Test(socket, new_socket_calls_nobody, .timeout = 5) {
    cr_assert(waker_is_empty(&s.readable_callback),
              "A new socket has a callback that nobody set: socket_init() has "
              "to set every member.");
    cr_assert(socket_deliver(&s, "x", 1) == 1,
              "One byte was delivered to an empty socket and did not fit.");
    assert_nothing_left();
}

Test(socket, gives_what_was_delivered, .timeout = 5) {
    cr_assert(socket_deliver(&s, "hello", 5) == 5,
              "Five bytes fit into an empty socket, but socket_deliver() says "
              "otherwise.");
    assert_reads(16, "hello");
    cr_assert(!socket_has_data_to_read(&s),
              "All was read, but the socket says that there is more.");
    assert_nothing_left();
}

Test(socket, read_takes_no_more_than_the_buffer_holds, .timeout = 5) {
    socket_deliver(&s, "abcdef", 6);
    assert_reads(4, "abcd");
    assert_reads(4, "ef");
    assert_nothing_left();
}

Test(socket, bytes_of_two_deliveries_come_in_order, .timeout = 5) {
    socket_deliver(&s, "abc", 3);
    assert_reads(1, "a");
    socket_deliver(&s, "de", 2);
    assert_reads(16, "bcde");
    assert_nothing_left();
}

Test(socket, full_socket_takes_only_what_fits, .timeout = 5) {
    static unsigned char many[SOCKET_CAPACITY + 9];
    static unsigned char out[SOCKET_CAPACITY + 9];
    for (size_t i = 0; i < sizeof many; i++) {
        many[i] = (unsigned char)i;
    }
    cr_assert(socket_deliver(&s, many, 250) == 250,
              "250 bytes fit into an empty socket, but socket_deliver() says "
              "otherwise.");
    cr_assert(socket_deliver(&s, many + 250, 15) == SOCKET_CAPACITY - 250,
              "socket_deliver() must say how many bytes fitted, so that the "
              "network knows what is lost.");
    cr_assert(socket_deliver(&s, "x", 1) == 0,
              "The socket is full, but it took one more byte.");
    cr_assert(socket_read_buf(&s, out, sizeof out) == SOCKET_CAPACITY &&
                  memcmp(many, out, SOCKET_CAPACITY) == 0,
              "A full socket did not give back the bytes that it took.");
    assert_nothing_left();
}

Test(socket, hang_up_is_something_to_read, .timeout = 5) {
    char byte;
    socket_hang_up(&s);
    cr_assert(socket_has_data_to_read(&s),
              "The network hung up, but a reader is told to go on waiting: "
              "the end of file is news, too, and the last there will be.");
    cr_assert(socket_read_buf(&s, &byte, 1) == 0,
              "A read at the end of file must return 0.");
    assert_nothing_left();
}

Test(socket, gives_the_data_first_and_then_the_end, .timeout = 5) {
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

Test(socket, delivery_calls_the_callback_once, .timeout = 5) {
    socket_set_readable_callback(&s, &of_a);
    socket_deliver(&s, "x", 1);
    socket_deliver(&s, "y", 1);
    cr_assert(a.wakes != 0,
              "Data arrived and the callback was not called: the future that "
              "set it will never be polled again.");
    cr_assert(a.wakes == 1,
              "The callback was set once and called %d times: take it out of "
              "the socket when you call it.",
              a.wakes);
    assert_nothing_left();
}

Test(socket, hang_up_calls_the_callback, .timeout = 5) {
    socket_set_readable_callback(&s, &of_a);
    socket_hang_up(&s);
    cr_assert(a.wakes == 1,
              "The network hung up and the waiting reader was not told: it "
              "waits for bytes that will never come.");
    assert_nothing_left();
}

Test(socket, later_callback_replaces_the_earlier, .timeout = 5) {
    socket_set_readable_callback(&s, &of_a);
    socket_set_readable_callback(&s, &of_b);
    socket_deliver(&s, "x", 1);
    assert_trace("wake B", "The callback that was set last is the one to "
                           "call, and the only one.");
    assert_nothing_left();
}

Test(socket, cleared_callback_means_nobody, .timeout = 5) {
    socket_set_readable_callback(&s, &never);
    socket_clear_readable_callback(&s);
    socket_deliver(&s, "x", 1);
    socket_hang_up(&s);
    cr_assert(waker_is_empty(&s.readable_callback),
              "The callback was taken back, but the socket still has one.");
    assert_nothing_left();
}

Test(socket, empty_delivery_is_no_news, .timeout = 5) {
    socket_set_readable_callback(&s, &of_a);
    socket_deliver(&s, "", 0);
    cr_assert(a.wakes == 0,
              "No byte arrived, but the callback was called: there is nothing "
              "to read.");
    socket_deliver(&s, "x", 1);
    cr_assert(a.wakes == 1,
              "An empty delivery used the callback up, and the byte after it "
              "woke nobody.");
    assert_nothing_left();
}

static void wait_again(ProbeWaker *self, const char *what) {
    if (*what == 'w') {
        self->hook = NULL;
        socket_set_readable_callback(&s, &of_b);
    }
}

Test(socket, callback_may_set_the_next_one, .timeout = 5) {
    a.hook = wait_again;
    socket_set_readable_callback(&s, &of_a);
    socket_deliver(&s, "x", 1);
    cr_assert(waker_will_wake(&s.readable_callback, &of_b),
              "The callback set another one while it was called, and that one "
              "is gone: take the old waker out before you wake, not after.");
    socket_deliver(&s, "y", 1);
    assert_trace("wake A, wake B", "Each delivery wakes the waker that was "
                                   "set before it.");
    assert_nothing_left();
}

Test(socket, keeps_a_clone_and_gives_it_back_when_it_wakes, .timeout = 5) {
    socket_set_readable_callback(&s, &of_a);
    cr_assert(a.held == 1,
              "The waker was lent for the call only: to keep it, the socket "
              "has to clone it. It holds %d clones.",
              a.held);
    socket_deliver(&s, "x", 1);
    assert_balanced(&a);
    assert_nothing_left();
}

Test(socket, replaced_waker_is_dropped, .timeout = 5) {
    socket_set_readable_callback(&s, &of_a);
    socket_set_readable_callback(&s, &of_b);
    cr_assert(a.held == 0,
              "A later waker took the place of an earlier one, which was not "
              "dropped: its task can never be freed.");
    cr_assert(a.wakes == 0, "The waker that was replaced was woken; dropping "
                            "it is enough.");
    assert_nothing_left();
}

Test(socket, same_task_again_clones_nothing, .timeout = 5) {
    for (int i = 0; i < 10; i++) {
        socket_set_readable_callback(&s, &of_a);
    }
    cr_assert(a.clones == 1,
              "The socket kept a waker of this task already, and cloned it %d "
              "times: waker_clone_from() asks first.",
              a.clones);
    assert_nothing_left();
}

Test(socket, deinit_drops_the_waker_of_who_still_waits, .timeout = 5) {
    socket_set_readable_callback(&s, &of_a);
    socket_deinit(&s);
    cr_assert(a.wakes == 0, "The socket ended and woke its reader; its owner "
                            "only wants it gone.");
    cr_assert(a.held == 0,
              "The socket ended and kept the waker of the reader that waits: "
              "socket_deinit() has to drop it.");
    socket_init(&s);
    assert_nothing_left();
}

Test(socket, read_without_data_stops_the_program, .timeout = 5,
     .signal = SIGABRT) {
    char byte;
    expect_abort();
    socket_read_buf(&s, &byte, 1);
}

Test(socket, delivery_after_the_end_stops_the_program, .timeout = 5,
     .signal = SIGABRT) {
    socket_hang_up(&s);
    expect_abort();
    socket_deliver(&s, "x", 1);
}
