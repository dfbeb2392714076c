#include <criterion/criterion.h>
#include <string.h>

#include "probe.h"
#include "script_socket.h"
#include "socket_read.h"

static Socket s;
static char buffer[8];
static SocketRead read_;

static void set_up(void) {
    socket_init(&s);
    memset(buffer, '#', sizeof buffer);
    socket_read_init(&read_, &s, buffer, 4);
}

TestSuite(socket_read, .init = set_up, .timeout = 60);

static Poll poll_with(WakeFn wake) {
    return simple_future_poll(&read_.future, wake);
}

static void poll_without_data(WakeFn wake) {
    poll_pending(&read_.future, wake,
                 "No data is there, but the future says that it is ready.");
}

/* The last poll was ready with these bytes, and no others were touched. */
static void assert_output(const char *expected) {
    cr_assert(read_.length == strlen(expected),
              "The output is %zu bytes long, but \"%s\" was to be read: "
              "`length` is what socket_read_buf() returned.",
              read_.length, expected);
    cr_assert(memcmp(buffer, expected, read_.length) == 0,
              "The bytes in the buffer are not those that arrived.");
}

Test(socket_read, does_nothing_before_it_is_polled, .timeout = 60) {
    SocketRead other;
    script_looks = 0;
    socket_read_init(&other, &s, buffer, 4);
    cr_assert(script_looks == 0 && s.readable_callback == NULL,
              "The socket was used while the future was made: a future does "
              "nothing before it is polled.");
}

Test(socket_read, is_ready_at_once_when_data_is_there, .timeout = 60) {
    socket_deliver(&s, "hi", 2);
    cr_assert(poll_with(probe_wake_never) == POLL_READY,
              "The data is there, but the future says pending: look before "
              "you wait.");
    assert_output("hi");
    cr_assert(s.readable_callback == NULL,
              "The future is ready and still left `wake` with the socket: it "
              "would be woken for nothing.");
}

Test(socket_read, pending_leaves_wake_with_the_socket, .timeout = 60) {
    poll_without_data(probe_wake_a);
    cr_assert(s.readable_callback == probe_wake_a,
              "The future returned POLL_PENDING without leaving `wake` "
              "anywhere: nothing will ever poll it again.");
}

Test(socket_read, data_wakes_it_and_the_next_poll_is_ready, .timeout = 60) {
    poll_without_data(probe_wake_a);
    socket_deliver(&s, "hey", 3);
    assert_wakes(probe_wakes_a, 1,
                 "The data arrived: the future is to be woken once.");
    cr_assert(poll_with(probe_wake_never) == POLL_READY,
              "The future was woken because its data is there, and is still "
              "pending.");
    assert_output("hey");
}

Test(socket_read, latest_wake_counts, .timeout = 60) {
    poll_without_data(probe_wake_a);
    poll_without_data(probe_wake_b);
    socket_deliver(&s, "x", 1);
    assert_trace("wake B", "The future was polled with wake A and then with "
                           "wake B: each poll replaces what the poll before "
                           "it left.");
}

Test(socket_read, polls_for_nothing_change_nothing, .timeout = 60) {
    for (int i = 0; i < 100; i++) {
        cr_assert(poll_with(probe_wake_a) == POLL_PENDING,
                  "Nothing has arrived, but poll %d says ready: a poll too "
                  "many is allowed and changes nothing.",
                  i + 1);
    }
    socket_deliver(&s, "x", 1);
    assert_wakes(probe_wakes_a, 1,
                 "The future was polled 100 times, and then its data came: it "
                 "is to be woken once.");
}

Test(socket_read, does_not_wake_itself_in_order_to_wait, .timeout = 60) {
    poll_without_data(probe_wake_never);
}

Test(socket_read, poll_never_waits, .timeout = 60) {
    poll_without_data(probe_wake_never);
    cr_assert(script_looks <= 2,
              "One poll asked the socket %d times: look once, then leave "
              "`wake` there and say pending.",
              script_looks);
}

Test(socket_read, end_of_file_is_ready_with_no_bytes, .timeout = 60) {
    poll_without_data(probe_wake_a);
    socket_hang_up(&s);
    assert_wakes(probe_wakes_a, 1,
                 "The network hung up: the future that waits is to be woken "
                 "once.");
    cr_assert(poll_with(probe_wake_never) == POLL_READY,
              "The network hung up, and the future is still pending: a read "
              "of 0 bytes means that the end was reached, not that there is "
              "no data yet.");
    assert_output("");
}

Test(socket_read, short_read_is_the_whole_answer, .timeout = 60) {
    socket_deliver(&s, "x", 1);
    cr_assert(poll_with(probe_wake_never) == POLL_READY,
              "One byte is there and the future is pending: it reads "
              "whatever arrives first, even if the buffer has more room.");
    assert_output("x");
}

Test(socket_read, writes_no_further_than_its_capacity, .timeout = 60) {
    socket_deliver(&s, "abcdef", 6);
    cr_assert(poll_with(probe_wake_never) == POLL_READY,
              "The data is there, but the future says pending.");
    assert_output("abcd");
    cr_assert(memcmp(buffer + 4, "####", 4) == 0,
              "Bytes behind the end of the buffer were overwritten: hand its "
              "`capacity` to socket_read_buf().");
    cr_assert(socket_has_data_to_read(&s),
              "Four bytes were read out of six, and the other two are gone.");
}

Test(socket_read, two_reads_of_one_socket_follow_each_other, .timeout = 60) {
    char second_buffer[4];
    SocketRead second;
    socket_read_init(&second, &s, second_buffer, sizeof second_buffer);
    poll_without_data(probe_wake_a);
    socket_deliver(&s, "12", 2);
    cr_assert(poll_with(probe_wake_a) == POLL_READY,
              "The data is there, but the first read is pending.");
    cr_assert(simple_future_poll(&second.future, probe_wake_b) == POLL_PENDING,
              "The first read took all the data, but the second is ready.");
    socket_deliver(&s, "3", 1);
    assert_trace("wake A, wake B",
                 "Each read is woken for its own data, once.");
}
