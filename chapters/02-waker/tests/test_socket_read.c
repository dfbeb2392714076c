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

TestSuite(socket_read, .init = set_up, .timeout = 60);

static void poll_without_data(ProbeWaker *task) {
    poll_pending(&read_.future, task,
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
    cr_assert(waiter_list_is_empty(&s.readers),
              "The socket was used while the future was made: a future does "
              "nothing before it is polled.");
    assert_nothing_left();
}

Test(socket_read, is_ready_at_once_when_data_is_there, .timeout = 60) {
    socket_deliver(&s, "hi", 2);
    cr_assert(poll_for(&read_.future, &a) == POLL_READY,
              "The data is there, but the future says pending: look before "
              "you wait.");
    assert_output("hi");
    cr_assert(a.clones == 0, "The future was ready at once and cloned the "
                             "waker all the same; nobody needs it.");
    assert_nothing_left();
}

Test(socket_read, pending_leaves_a_waker_with_the_socket, .timeout = 60) {
    poll_without_data(&a);
    cr_assert(a.held > 0,
              "The future returned POLL_PENDING without leaving the waker "
              "anywhere: nothing will ever poll it again.");
    assert_nothing_left();
}

Test(socket_read, data_wakes_it_and_the_next_poll_is_ready, .timeout = 60) {
    poll_without_data(&a);
    socket_deliver(&s, "hey", 3);
    assert_wakes(&a, 1, "The data arrived: the task is to be woken once.");
    cr_assert(poll_for_nobody(&read_.future) == POLL_READY,
              "The future was woken because its data is there, and is still "
              "pending.");
    assert_output("hey");
    assert_nothing_left();
}

Test(socket_read, latest_waker_counts, .timeout = 60) {
    poll_without_data(&a);
    poll_without_data(&b);
    socket_deliver(&s, "x", 1);
    assert_trace("wake B",
                 "The future was polled for task A and then for task B, which "
                 "has it now: each poll replaces the waker that the poll "
                 "before it left.");
    assert_nothing_left();
}

Test(socket_read, polls_for_nothing_change_nothing, .timeout = 60) {
    for (int i = 0; i < 100; i++) {
        cr_assert(poll_for(&read_.future, &a) == POLL_PENDING,
                  "Nothing has arrived, but poll %d says ready: a poll too "
                  "many is allowed and changes nothing.",
                  i + 1);
    }
    cr_assert(a.held == 1,
              "100 polls left %d wakers, not one: the latest "
              "counts.",
              a.held);
    socket_deliver(&s, "x", 1);
    assert_wakes(&a, 1,
                 "The future was polled 100 times, and then its data "
                 "came: its task is to be woken once.");
    assert_nothing_left();
}

Test(socket_read, does_not_wake_itself_in_order_to_wait, .timeout = 60) {
    cr_assert(poll_for_nobody(&read_.future) == POLL_PENDING,
              "No data is there, but the future says that it is ready.");
    future_drop(&read_.future);
    cr_assert(waiter_list_is_empty(&s.readers),
              "The future was dropped, and its node is still in the socket's "
              "list.");
    assert_nothing_left();
}

Test(socket_read, end_of_file_is_ready_with_no_bytes, .timeout = 60) {
    poll_without_data(&a);
    socket_hang_up(&s);
    assert_wakes(&a, 1,
                 "The network hung up: the task that waits is to be "
                 "woken once.");
    cr_assert(poll_for_nobody(&read_.future) == POLL_READY,
              "The network hung up, and the future is still pending: a read "
              "of 0 bytes means that the end was reached, not that there is "
              "no data yet.");
    assert_output("");
    assert_nothing_left();
}

Test(socket_read, short_read_is_the_whole_answer, .timeout = 60) {
    socket_deliver(&s, "x", 1);
    cr_assert(poll_for_nobody(&read_.future) == POLL_READY,
              "One byte is there and the future is pending: it reads "
              "whatever arrives first, even if the buffer has more room.");
    assert_output("x");
    assert_nothing_left();
}

Test(socket_read, writes_no_further_than_its_capacity, .timeout = 60) {
    socket_deliver(&s, "abcdef", 6);
    cr_assert(poll_for_nobody(&read_.future) == POLL_READY,
              "The data is there, but the future says pending.");
    assert_output("abcd");
    cr_assert(memcmp(buffer + 4, "####", 4) == 0,
              "Bytes behind the end of the buffer were overwritten: hand its "
              "`capacity` to socket_read_buf().");
    assert_nothing_left();
}

Test(socket_read, dropped_while_pending_takes_its_waker_back, .timeout = 60) {
    poll_without_data(&a);
    future_drop(&read_.future);
    cr_assert(a.held == 0,
              "The future was dropped while pending, and the socket still "
              "keeps a waker of its task: drop releases all that the future "
              "registered.");
    socket_deliver(&s, "x", 1);
    cr_assert(a.wakes == 0, "The future is gone, and its task was woken.");
    assert_nothing_left();
}

Test(socket_read, dropped_before_its_first_poll_touches_nothing,
     .timeout = 60) {
    SocketRead other;
    socket_read_init(&other, &s, buffer, 4);
    poll_for(&read_.future, &a);
    future_drop(&other.future);
    cr_assert(a.held == 1,
              "A future that was never polled has registered nothing, but "
              "dropping it took away the waker of another one.");
    assert_nothing_left();
}

Test(socket_read, dropped_when_ready_touches_nothing, .timeout = 60) {
    char other_buffer[4];
    SocketRead next;
    poll_without_data(&a);
    socket_deliver(&s, "x", 1);
    cr_assert(poll_for(&read_.future, &a) == POLL_READY,
              "The data is there, but the future is pending.");
    socket_read_init(&next, &s, other_buffer, sizeof other_buffer);
    poll_pending(&next.future, &b,
                 "No data is left, but the next future is ready.");
    future_drop(&read_.future);
    cr_assert(b.held == 1,
              "A future that is ready has nothing registered any more, but "
              "dropping it took away the waker of the next one.");
    assert_nothing_left();
}

/* A second read of the same socket. */
static char second_buffer[4];
static SocketRead second;

static void make_second(void) {
    socket_read_init(&second, &s, second_buffer, sizeof second_buffer);
}

Test(socket_read, two_on_one_socket_are_both_woken, .timeout = 60) {
    make_second();
    poll_without_data(&a);
    poll_pending(&second.future, &b,
                 "No data is there, but the second future is ready.");
    socket_deliver(&s, "x", 1);
    assert_trace("wake A, wake B",
                 "Two futures wait for the same socket. Data came, so the "
                 "task of each is woken, once.");
    cr_assert(poll_for_nobody(&read_.future) == POLL_READY,
              "The data is there, and the first of the two is pending.");
    cr_assert(poll_for(&second.future, &b) == POLL_PENDING,
              "The first read took all the data, but the second is ready.");
    socket_deliver(&s, "y", 1);
    assert_wakes(&b, 2,
                 "The second future found no data left and waits again. "
                 "Data came: its task is to be woken a second time.");
    cr_assert(poll_for_nobody(&second.future) == POLL_READY &&
                  second_buffer[0] == 'y',
              "The second read did not get the byte that came for it.");
    assert_nothing_left();
}

Test(socket_read, first_dropped_leaves_the_second_waiting, .timeout = 60) {
    make_second();
    poll_without_data(&a);
    poll_pending(&second.future, &b,
                 "No data is there, but the second future is ready.");
    future_drop(&read_.future);
    socket_deliver(&s, "x", 1);
    assert_trace("wake B",
                 "Two futures waited for one socket and the first was dropped. "
                 "A drop takes back what that future registered: the second is "
                 "to be woken, and the first is not.");
    cr_assert(poll_for_nobody(&second.future) == POLL_READY,
              "The data is there, and the future that was left is pending.");
    assert_nothing_left();
}

Test(socket_read, second_dropped_leaves_the_first_waiting, .timeout = 60) {
    make_second();
    poll_without_data(&a);
    poll_pending(&second.future, &b,
                 "No data is there, but the second future is ready.");
    future_drop(&second.future);
    socket_deliver(&s, "x", 1);
    assert_trace("wake A",
                 "Two futures waited for one socket and the second was "
                 "dropped. A drop takes back what that future registered: the "
                 "first is to be woken, and the second is not.");
    cr_assert(poll_for_nobody(&read_.future) == POLL_READY,
              "The data is there, and the future that was left is pending.");
    assert_nothing_left();
}

static void drop_the_second(ProbeWaker *self, const char *what) {
    (void)self;
    if (*what == 'w') {
        future_drop(&second.future);
        memset(&second, 0x5a, sizeof second);
    }
}

Test(socket_read, may_be_dropped_while_another_is_woken, .timeout = 60) {
    make_second();
    poll_without_data(&a);
    poll_pending(&second.future, &b,
                 "No data is there, but the second future is ready.");
    a.hook = drop_the_second;
    socket_deliver(&s, "x", 1);
    assert_trace("wake A", "The first waker dropped the future that was next "
                           "in line, so that one is no longer to be woken.");
    assert_nothing_left();
}

static Poll second_answer;

static void poll_the_second(ProbeWaker *self, const char *what) {
    (void)self;
    if (*what == 'w') {
        second_answer = poll_for(&second.future, &b);
    }
}

Test(socket_read, may_be_polled_while_another_is_woken, .timeout = 60) {
    make_second();
    poll_without_data(&a);
    poll_pending(&second.future, &b,
                 "No data is there, but the second future is ready.");
    a.hook = poll_the_second;
    socket_deliver(&s, "x", 1);
    cr_assert(second_answer == POLL_READY && second_buffer[0] == 'x',
              "A waker polled the other future of the socket while it was "
              "called. The data is there, and that future is pending.");
    a.hook = NULL;
    cr_assert(poll_for(&read_.future, &a) == POLL_PENDING,
              "The second read took all the data, but the first is ready.");
    socket_deliver(&s, "y", 1);
    cr_assert(poll_for_nobody(&read_.future) == POLL_READY,
              "The data is there, and the first of the two is pending.");
    future_drop(&second.future);
    assert_nothing_left();
}

Test(socket_read, reads_the_end_when_its_socket_is_given_up, .timeout = 60) {
    poll_without_data(&a);
    socket_deinit(&s);
    assert_wakes(&a, 1,
                 "The socket was given up: the task of the future that "
                 "waits for it is to be woken once.");
    cr_assert(poll_for_nobody(&read_.future) == POLL_READY,
              "The socket was given up, and the future that waited for it is "
              "still pending.");
    assert_output("");
    memset(&s, 0x5a, sizeof s);
    future_drop(&read_.future);
    socket_init(&s);
    assert_nothing_left();
}
