#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

#include "probe.h"
#include "socket.h"

static Socket s;

static void set_up(void) {
    memset(&s, 0x5a, sizeof s);
    socket_init(&s);
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
}

Test(socket, new_socket_calls_nobody, .timeout = 60) {
    cr_assert(s.readable_callback == NULL,
              "A new socket has a callback that nobody set: socket_init() has "
              "to set every member.");
    cr_assert(socket_deliver(&s, "x", 1) == 1,
              "One byte was delivered to an empty socket and did not fit.");
}

Test(socket, gives_what_was_delivered, .timeout = 60) {
    cr_assert(socket_deliver(&s, "hello", 5) == 5,
              "Five bytes fit into an empty socket, but socket_deliver() says "
              "otherwise.");
    assert_reads(16, "hello");
    cr_assert(!socket_has_data_to_read(&s),
              "All was read, but the socket says that there is more.");
}

Test(socket, read_takes_no_more_than_the_buffer_holds, .timeout = 60) {
    socket_deliver(&s, "abcdef", 6);
    assert_reads(4, "abcd");
    assert_reads(4, "ef");
}

Test(socket, bytes_of_two_deliveries_come_in_order, .timeout = 60) {
    socket_deliver(&s, "abc", 3);
    assert_reads(1, "a");
    socket_deliver(&s, "de", 2);
    assert_reads(16, "bcde");
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
}

Test(socket, hang_up_is_something_to_read, .timeout = 60) {
    char byte;
    socket_hang_up(&s);
    cr_assert(socket_has_data_to_read(&s),
              "The network hung up, but a reader is told to go on waiting: "
              "the end of file is news, too, and the last there will be.");
    cr_assert(socket_read_buf(&s, &byte, 1) == 0,
              "A read at the end of file must return 0.");
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
}

Test(socket, delivery_calls_the_callback_once, .timeout = 60) {
    socket_set_readable_callback(&s, probe_wake_a);
    assert_wakes(probe_wakes_a, 0, "Nothing has arrived yet.");
    socket_deliver(&s, "x", 1);
    socket_deliver(&s, "y", 1);
    assert_wakes(probe_wakes_a, 1,
                 "The callback was set once, and then data arrived twice: it "
                 "is to be called for the first and then be gone.");
}

Test(socket, hang_up_calls_the_callback, .timeout = 60) {
    socket_set_readable_callback(&s, probe_wake_a);
    socket_hang_up(&s);
    assert_wakes(probe_wakes_a, 1,
                 "The network hung up: the reader that waits is to be called "
                 "once, or it waits for bytes that will never come.");
}

Test(socket, later_callback_replaces_the_earlier, .timeout = 60) {
    socket_set_readable_callback(&s, probe_wake_a);
    socket_set_readable_callback(&s, probe_wake_b);
    socket_deliver(&s, "x", 1);
    assert_trace("wake B", "The callback that was set last is the one to "
                           "call, and the only one.");
}

Test(socket, null_callback_means_nobody, .timeout = 60) {
    socket_set_readable_callback(&s, probe_wake_never);
    socket_set_readable_callback(&s, NULL);
    socket_deliver(&s, "x", 1);
    socket_hang_up(&s);
    cr_assert(s.readable_callback == NULL,
              "The callback was taken back, but the socket still has one.");
}

Test(socket, empty_delivery_is_no_news, .timeout = 60) {
    socket_set_readable_callback(&s, probe_wake_a);
    socket_deliver(&s, "", 0);
    cr_assert(probe_wakes_a == 0,
              "No byte arrived, but the callback was called: there is nothing "
              "to read.");
    socket_deliver(&s, "x", 1);
    assert_wakes(probe_wakes_a, 1,
                 "A delivery of no bytes and one of a byte: the second is to "
                 "call the callback, once.");
}

static void wake_and_wait_again(void) {
    probe_wake_a();
    socket_set_readable_callback(&s, probe_wake_b);
}

Test(socket, callback_may_set_the_next_one, .timeout = 60) {
    socket_set_readable_callback(&s, wake_and_wait_again);
    assert_wakes(probe_wakes_a, 0, "Nothing has arrived yet.");
    socket_deliver(&s, "x", 1);
    assert_wakes(probe_wakes_a, 1,
                 "Data arrived: the callback is to be called once.");
    cr_assert(s.readable_callback == probe_wake_b,
              "The callback set another one while it was called, and that one "
              "is gone: clear the old callback before you call it, not after.");
    socket_deliver(&s, "y", 1);
    assert_trace("wake A, wake B", "Each delivery calls the callback that was "
                                   "set before it.");
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
