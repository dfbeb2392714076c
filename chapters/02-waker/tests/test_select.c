#include <criterion/criterion.h>
#include <string.h>

#include "block_on.h"
#include "clock.h"
#include "join.h"
#include "probe.h"
#include "script_conditions.h"
#include "script_leaks.h"
#include "script_threads.h"
#include "script_time.h"
#include "script_timed_sleeps.h"
#include "select.h"
#include "socket_read.h"
#include "timer_future.h"

#define BEGIN_NS (1000 * NS_PER_S)
#define DEADLINE_NS (BEGIN_NS + 40 * NS_PER_MS)

static ProbeFuture a, b;
static Select either;
static ProbeWaker t, u;

static void set_up(void) {
    script_clock_ns = BEGIN_NS;
    probe_waker_init(&t, "T");
    probe_waker_init(&u, "U");
}

static void assert_nothing_left(void) {
    assert_balanced(&t);
    assert_balanced(&u);
    script_assert_nothing_left();
}

TestSuite(select, .init = set_up, .timeout = 60);

static void make(int first_pending, int second_pending) {
    trace_clear();
    probe_future_init(&a, "A", first_pending);
    probe_future_init(&b, "B", second_pending);
    select_init(&either, &a.future, &b.future);
}

static const char *const none_ready =
    "Neither future was to be ready in this poll, but the select is.";

static void assert_winner(const ProbeFuture *winner) {
    cr_assert(either.winner != NULL,
              "The select is ready and does not say which future won.");
    cr_assert(either.winner == &winner->future,
              "Future %s was ready first, and the select says that the other "
              "one won.",
              winner->name);
}

Test(select, does_nothing_before_it_is_polled, .timeout = 60) {
    make(0, 0);
    assert_trace("", "A future does nothing before it is polled.");
    cr_assert(either.winner == NULL, "Nothing was polled, and one has won.");
    assert_nothing_left();
}

Test(select, is_pending_while_both_are, .timeout = 60) {
    make(1, 1);
    poll_pending(&either.future, &t, none_ready);
    assert_trace("poll A, pending A, poll B, pending B",
                 "The first is pending, so the second is polled as well, or "
                 "nothing would wait for it.");
    cr_assert(either.winner == NULL, "Neither is ready, and one has won.");
    future_drop(&either.future);
    assert_nothing_left();
}

Test(select, first_ready_wins_and_the_second_is_dropped, .timeout = 60) {
    make(1, 2);
    poll_until_ready(&either.future, &t);
    assert_trace("poll A, pending A, poll B, pending B, poll A, ready A, "
                 "drop B",
                 "A is ready, so the select is, and B is dropped at once.");
    assert_winner(&a);
    future_drop(&either.future);
    assert_nothing_left();
}

Test(select, second_ready_wins_and_the_first_is_dropped, .timeout = 60) {
    make(2, 1);
    poll_until_ready(&either.future, &t);
    assert_trace("poll A, pending A, poll B, pending B, poll A, pending A, "
                 "poll B, ready B, drop A",
                 "B is ready, so the select is, and A is dropped at once.");
    assert_winner(&b);
    future_drop(&either.future);
    assert_nothing_left();
}

Test(select, first_wins_when_both_are_ready, .timeout = 60) {
    make(0, 0);
    cr_assert(poll_for_nobody(&either.future) == POLL_READY,
              "Both futures were ready in this poll, but the select is "
              "pending, and nobody will wake it.");
    assert_trace("poll A, ready A, drop B",
                 "Once A is ready B has lost: it is dropped without a poll, "
                 "which could take something that nobody gets.");
    assert_winner(&a);
    future_drop(&either.future);
    assert_nothing_left();
}

Test(select, is_ready_with_the_first_that_is, .timeout = 60) {
    for (int pair = 0; pair < 16; pair++) {
        int first = pair / 4, second = pair % 4;
        int pending = first < second ? first : second;
        make(first, second);
        for (int i = 0; i < pending; i++) {
            poll_pending(&either.future, &t, none_ready);
        }
        cr_assert(poll_for(&either.future, &t) == POLL_READY,
                  "One of the futures is ready, but the select is pending.");
        assert_winner(first <= second ? &a : &b);
        future_drop(&either.future);
        cr_assert(a.drops == 1 && b.drops == 1,
                  "Each future is dropped once; A was dropped %d times, B %d.",
                  a.drops, b.drops);
    }
    assert_nothing_left();
}

Test(select, hands_its_waker_to_both, .timeout = 60) {
    make(2, 2);
    poll_pending(&either.future, &t, none_ready);
    poll_pending(&either.future, &u, none_ready);
    cr_assert(t.held == 0 && u.held == 2,
              "Both futures were to keep the waker of the select's latest "
              "poll; the latest is kept %d times and the earlier one %d.",
              u.held, t.held);
    future_drop(&either.future);
    assert_nothing_left();
}

Test(select, loser_gives_its_waker_back_at_once, .timeout = 60) {
    make(1, 2);
    poll_until_ready(&either.future, &t);
    cr_assert(t.held == 0,
              "The select is ready and the loser still keeps a waker of its "
              "task: it was not dropped, and would wake for nothing.");
    future_drop(&either.future);
    assert_nothing_left();
}

Test(select, within_a_join_is_not_polled_again, .timeout = 60) {
    ProbeFuture c;
    Join join;
    make(0, 3);
    probe_future_init(&c, "C", 2);
    join_init(&join, &either.future, &c.future);
    poll_until_ready(&join.future, &t);
    assert_trace("poll A, ready A, drop B, poll C, pending C, "
                 "poll C, pending C, poll C, ready C",
                 "A has won and B was dropped, so only C is left to poll.");
    future_drop(&join.future);
    cr_assert(a.drops == 1 && b.drops == 1 && c.drops == 1,
              "Each future is dropped once; A was dropped %d times, B %d and "
              "C %d.",
              a.drops, b.drops, c.drops);
    assert_nothing_left();
}

Test(select, dropped_before_its_first_poll_drops_both, .timeout = 60) {
    make(1, 1);
    future_drop(&either.future);
    assert_trace("drop A, drop B", "A select owns its futures: dropping it "
                                   "drops each of them, once.");
    assert_nothing_left();
}

Test(select, dropped_while_pending_drops_both, .timeout = 60) {
    make(1, 1);
    poll_pending(&either.future, &t, none_ready);
    future_drop(&either.future);
    assert_trace("poll A, pending A, poll B, pending B, drop A, drop B",
                 "A select owns its futures: dropping it drops each of them, "
                 "once.");
    assert_nothing_left();
}

Test(select, dropped_when_ready_drops_the_winner, .timeout = 60) {
    make(0, 1);
    poll_for(&either.future, &t);
    future_drop(&either.future);
    assert_trace("poll A, ready A, drop B, drop A",
                 "The loser was dropped when it lost, so only the winner is "
                 "left to drop.");
    make(1, 0);
    poll_for(&either.future, &t);
    future_drop(&either.future);
    assert_trace("poll A, pending A, poll B, ready B, drop A, drop B",
                 "The loser was dropped when it lost, so only the winner is "
                 "left to drop.");
    assert_nothing_left();
}

Test(select, keeps_the_winners_output_until_it_is_dropped, .timeout = 60) {
    for (int second = 0; second < 2; second++) {
        ProbeFuture *winner = second == 1 ? &b : &a;
        make(second, 1 - second);
        poll_until_ready(&either.future, &t);
        assert_winner(winner);
        cr_assert(winner->outputs == 1,
                  "The select is ready, and the winner's output was released "
                  "before anybody could take it.");
        future_drop(&either.future);
        cr_assert(winner->releases == 1,
                  "The winner's output was not taken, so dropping the select "
                  "has to release it; it was released %d times.",
                  winner->releases);
    }
    make(0, 1);
    poll_for(&either.future, &t);
    probe_future_take_output(&a);
    future_drop(&either.future);
    cr_assert(a.releases == 0, "The winner's output was taken, and the drop "
                               "released it all the same.");
    assert_nothing_left();
}

/* --- Reads ---------------------------------------------------------------- */

static Socket sockets[2];
static SocketRead reads[2];
static char buffers[2][4];

static void select_two_reads(void) {
    for (int i = 0; i < 2; i++) {
        socket_init(&sockets[i]);
        socket_read_init(&reads[i], &sockets[i], buffers[i], 4);
    }
    select_init(&either, &reads[0].future, &reads[1].future);
}

Test(select, loser_leaves_its_bytes_to_the_next_read, .timeout = 60) {
    select_two_reads();
    poll_pending(&either.future, &t, none_ready);
    socket_deliver(&sockets[0], "x", 1);
    socket_deliver(&sockets[1], "y", 1);
    cr_assert(poll_for(&either.future, &t) == POLL_READY,
              "Both sockets have data, but the select is pending.");
    cr_assert(buffers[0][0] == 'x', "The first read won and has no byte.");
    cr_assert(socket_has_data_to_read(&sockets[1]),
              "The second read lost, and the byte that came for it is gone: a "
              "future that has lost is not polled.");
    future_drop(&either.future);
    assert_nothing_left();
}

Test(select, losers_socket_may_end_before_the_select, .timeout = 60) {
    select_two_reads();
    poll_pending(&either.future, &t, none_ready);
    socket_deliver(&sockets[0], "x", 1);
    poll_for(&either.future, &t);
    cr_assert(waiter_list_is_empty(&sockets[1].readers),
              "The second read lost, and its node is still in the socket's "
              "list: the loser is dropped at once, while its socket exists.");
    memset(&sockets[1], 0x5a, sizeof sockets[1]);
    future_drop(&either.future);
    assert_nothing_left();
}

Test(select, of_two_reads_on_one_socket_leaves_nobody_behind, .timeout = 60) {
    select_two_reads();
    socket_read_init(&reads[1], &sockets[0], buffers[1], 4);
    poll_pending(&either.future, &t, none_ready);
    socket_deliver(&sockets[0], "x", 1);
    assert_trace("wake T, wake T",
                 "Two futures of one task wait for one socket: each has a node "
                 "there, and each wakes the task.");
    cr_assert(poll_for(&either.future, &t) == POLL_READY &&
                  either.winner == &reads[0].future,
              "The byte is there, but the first read did not win.");
    cr_assert(waiter_list_is_empty(&sockets[0].readers),
              "The select is ready, and a node is left in the socket's list.");
    future_drop(&either.future);
    assert_nothing_left();
}

/* --- A time-out ----------------------------------------------------------- */

static TimerFuture timer;

static void select_read_or_timer(void) {
    select_two_reads();
    timer_future_init(&timer, DEADLINE_NS);
    select_init(&either, &reads[0].future, &timer.future);
    cr_assert(poll_for(&either.future, &t) == POLL_PENDING,
              "There is no data and the deadline has not passed, but the "
              "select is ready.");
    script_await_timed_sleeps(
        1, "The read is pending, and nobody sleeps until the timer's "
           "deadline.");
}

Test(select, time_out_gives_the_read_up, .timeout = 60) {
    select_read_or_timer();
    script_advance_to(DEADLINE_NS);
    script_await_ended(
        1, "The deadline has passed, and the timer's thread has not ended.");
    assert_wakes(&t, 1,
                 "The deadline has passed: the task is to be woken "
                 "once.");
    cr_assert(poll_for(&either.future, &t) == POLL_READY &&
                  either.winner == &timer.future,
              "The deadline has passed, but the timer did not win.");
    cr_assert(waiter_list_is_empty(&sockets[0].readers),
              "The read timed out, and its node is still in the socket's "
              "list: it was not dropped.");
    socket_deliver(&sockets[0], "x", 1);
    assert_wakes(&t, 1,
                 "Data came for a read that had timed out: its task is "
                 "not to be woken for it.");
    cr_assert(socket_has_data_to_read(&sockets[0]),
              "Data came after the time-out, and the read that had lost took "
              "it: nobody will see it.");
    future_drop(&either.future);
    assert_nothing_left();
}

Test(select, data_in_time_gives_the_timer_up, .timeout = 60) {
    select_read_or_timer();
    socket_deliver(&sockets[0], "x", 1);
    cr_assert(poll_for(&either.future, &t) == POLL_READY &&
                  either.winner == &reads[0].future,
              "Data came before the deadline, but the read did not win.");
    script_await_ended(1, "The read has won, and the timer's thread has not "
                          "ended: a timer that is dropped ends it.");
    cr_assert(reads[0].length == 1, "The read won with %zu bytes; one came.",
              reads[0].length);
    future_drop(&either.future);
    assert_nothing_left();
}

static void pass_the_deadline(void) {
    script_advance_to(DEADLINE_NS);
}

Test(select, time_out_ends_the_sleep_of_block_on, .timeout = 60) {
    select_two_reads();
    timer_future_init(&timer, DEADLINE_NS);
    select_init(&either, &reads[0].future, &timer.future);
    script_before_sleep = pass_the_deadline;
    cr_assert(block_on(&either.future) == 0,
              "block_on() failed, though nothing was refused.");
    cr_assert(either.winner == &timer.future,
              "No data came and the deadline passed, but the timer did not "
              "win.");
    cr_assert(waiter_list_is_empty(&sockets[0].readers),
              "The read timed out, and its node is still in the socket's "
              "list: it was not dropped.");
    future_drop(&either.future);
    assert_nothing_left();
}
