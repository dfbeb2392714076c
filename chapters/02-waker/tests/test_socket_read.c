#include <criterion/criterion.h>
#include <string.h>

#include "probe.h"
#include "socket_read.h"

static Socket s;
static char buffer[8];
static SocketRead read_;
static ProbeWaker a, b;

static void set_up(void) {
    socket_init(&s);
    memset(buffer, '#', sizeof buffer);
    socket_read_init(&read_, &s, buffer, 4);
    probe_waker_init(&a, "A");
    probe_waker_init(&b, "B");
}

static void assert_nothing_left(void) {
    socket_deinit(&s);
    assert_balanced(&a);
    assert_balanced(&b);
}

TestSuite(socket_read, .init = set_up, .timeout = 5);

/* The last poll was ready with these bytes, and no others were touched. */
static void assert_output(const char *expected) {
    cr_assert(read_.length == strlen(expected),
              "The output is %zu bytes long, but \"%s\" was to be read: "
              "`length` is what socket_read_buf() returned.",
              read_.length, expected);
    cr_assert(memcmp(buffer, expected, read_.length) == 0,
              "The bytes in the buffer are not those that arrived.");
}

Test(socket_read, does_nothing_before_it_is_polled, .timeout = 5) {
    cr_assert(waker_is_empty(&s.readable_callback),
              "The socket was used while the future was made: a future does "
              "nothing before it is polled.");
    assert_nothing_left();
}

Test(socket_read, is_ready_at_once_when_data_is_there, .timeout = 5) {
    socket_deliver(&s, "hi", 2);
    cr_assert(poll_for(&read_.future, &a) == POLL_READY,
              "The data is there, but the future says pending: look before "
              "you wait.");
    assert_output("hi");
    cr_assert(a.clones == 0, "The future was ready at once and cloned the "
                             "waker all the same; nobody needs it.");
    assert_nothing_left();
}

Test(socket_read, pending_leaves_a_waker_with_the_socket, .timeout = 5) {
    cr_assert(poll_for(&read_.future, &a) == POLL_PENDING,
              "No data is there, but the future says that it is ready.");
    cr_assert(a.held > 0,
              "The future returned POLL_PENDING without leaving the waker "
              "anywhere: nobody will ever poll it again.");
    assert_nothing_left();
}

Test(socket_read, data_wakes_it_and_the_next_poll_is_ready, .timeout = 5) {
    poll_for(&read_.future, &a);
    socket_deliver(&s, "hey", 3);
    cr_assert(a.wakes == 1,
              "The data arrived, but the task was not woken once: it was "
              "woken %d times.",
              a.wakes);
    cr_assert(poll_for_nobody(&read_.future) == POLL_READY,
              "The future was woken because its data is there, and is still "
              "pending.");
    assert_output("hey");
    assert_nothing_left();
}

Test(socket_read, latest_waker_counts, .timeout = 5) {
    poll_for(&read_.future, &a);
    poll_for(&read_.future, &b);
    socket_deliver(&s, "x", 1);
    cr_assert(a.wakes == 0,
              "The first waker was kept and the later one ignored: the future "
              "may have moved to another task, and each poll replaces what "
              "the poll before it left.");
    cr_assert(b.wakes == 1, "The task of the latest poll was not woken.");
    assert_nothing_left();
}

Test(socket_read, polls_for_nothing_change_nothing, .timeout = 5) {
    for (int i = 0; i < 100; i++) {
        cr_assert(poll_for(&read_.future, &a) == POLL_PENDING,
                  "Nothing has arrived, but poll %d says ready: a poll too "
                  "many is allowed and changes nothing.",
                  i + 1);
    }
    cr_assert(a.held == 1, "100 polls left %d wakers: the latest is enough.",
              a.held);
    socket_deliver(&s, "x", 1);
    cr_assert(a.wakes == 1,
              "Polled 100 times and woken %d times: one wake-up is enough.",
              a.wakes);
    assert_nothing_left();
}

Test(socket_read, does_not_wake_itself_in_order_to_wait, .timeout = 5) {
    cr_assert(poll_for_nobody(&read_.future) == POLL_PENDING,
              "No data is there, but the future says that it is ready.");
    future_drop(&read_.future);
    assert_nothing_left();
}

Test(socket_read, end_of_file_is_ready_with_no_bytes, .timeout = 5) {
    poll_for(&read_.future, &a);
    socket_hang_up(&s);
    cr_assert(a.wakes == 1, "The network hung up and the task was not woken: "
                            "it waits for bytes that will never come.");
    cr_assert(poll_for_nobody(&read_.future) == POLL_READY,
              "The network hung up, and the future is still pending: a read "
              "of 0 bytes means that the end was reached, not that there is "
              "no data yet.");
    assert_output("");
    assert_nothing_left();
}

Test(socket_read, short_read_is_the_whole_answer, .timeout = 5) {
    socket_deliver(&s, "x", 1);
    cr_assert(poll_for_nobody(&read_.future) == POLL_READY,
              "One byte is there and the future waits for more: it reads "
              "whatever arrives first, even if the buffer has more room.");
    assert_output("x");
    assert_nothing_left();
}

Test(socket_read, writes_no_further_than_its_capacity, .timeout = 5) {
    socket_deliver(&s, "abcdef", 6);
    cr_assert(poll_for_nobody(&read_.future) == POLL_READY,
              "The data is there, but the future says pending.");
    assert_output("abcd");
    cr_assert(memcmp(buffer + 4, "####", 4) == 0,
              "Bytes behind the end of the buffer were overwritten: hand its "
              "`capacity` to socket_read_buf().");
    assert_nothing_left();
}

Test(socket_read, dropped_while_pending_takes_its_waker_back, .timeout = 5) {
    poll_for(&read_.future, &a);
    future_drop(&read_.future);
    cr_assert(a.held == 0,
              "The future was dropped while pending, and the socket still "
              "keeps a waker of its task: drop releases all that the future "
              "registered.");
    socket_deliver(&s, "x", 1);
    cr_assert(a.wakes == 0, "The future is gone, and its task was woken.");
    assert_nothing_left();
}

Test(socket_read, dropped_before_its_first_poll_touches_nothing, .timeout = 5) {
    SocketRead other;
    socket_read_init(&other, &s, buffer, 4);
    poll_for(&read_.future, &a);
    future_drop(&other.future);
    cr_assert(a.held == 1,
              "A future that was never polled has registered nothing, but "
              "dropping it took away the waker of another one.");
    assert_nothing_left();
}

Test(socket_read, dropped_when_ready_touches_nothing, .timeout = 5) {
    char other_buffer[4];
    SocketRead next;
    poll_for(&read_.future, &a);
    socket_deliver(&s, "x", 1);
    poll_for(&read_.future, &a);
    socket_read_init(&next, &s, other_buffer, sizeof other_buffer);
    poll_for(&next.future, &b);
    future_drop(&read_.future);
    cr_assert(b.held == 1,
              "A future that is ready has nothing registered any more, but "
              "dropping it took away the waker of the next one.");
    assert_nothing_left();
}
