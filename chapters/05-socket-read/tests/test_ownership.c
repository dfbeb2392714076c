/*
 * A handle knows whose it is. What is used when its executor is gone, under the
 * next one, or on another thread, is refused, and nothing else is disturbed.
 *
 * What is a mistake is stopped by an assertion that says so. Compiled with
 * NDEBUG it is refused as well: `make test OPT='-O1 -DNDEBUG'`.
 */
#include "other.h"
#include "platform.h"
#include "runtime.h"
#include "script_time.h"
#include "socket_accept.h"
#include "socket_read.h"
#include "socket_write.h"

#include <string.h>

RuntimeSuite(ownership);

static Wire wire;
static SocketRead reads;
static char buffer[8];
static ProbeWaker w;

/* A read that waits, and is not in a task of the executor. */
static void open_waiting(void) {
    wire = wire_open();
    probe_waker_init(&w, "W");
    socket_read_init(&reads, &wire.near, buffer, sizeof buffer);
    cr_assert_eq(poll_for(&reads.future, &w), POLL_PENDING,
                 "Nothing has been sent, and a read is ready.");
}

/* The thread's next executor, with a read and a timer of its own. */
static Wire next_wire;
static SocketRead next_read;
static TimerFuture next_timer;
static char next_buffer[8];
static ProbeWaker reader, sleeper;

static void open_next(void) {
    runtime = stage_open();
    next_wire = wire_open();
    probe_waker_init(&reader, "reader");
    probe_waker_init(&sleeper, "sleeper");
    socket_read_init(&next_read, &next_wire.near, next_buffer,
                     sizeof next_buffer);
    timer_future_init(&next_timer, script_clock_ns + 5 * NS_PER_MS);
    poll_for(&next_read.future, &reader);
    poll_for(&next_timer.future, &sleeper);
}

/* Its data and its time come, as if nothing had been done. */
static void close_next(const char *what) {
    cr_assert(reader.wakes == 0 && sleeper.wakes == 0,
              "%s, and the next executor woke its reader %d times and its "
              "sleeper %d times.",
              what, reader.wakes, sleeper.wakes);
    wire_sends(&next_wire, "hello");
    script_clock_ns += 5 * NS_PER_MS;
    turn();
    cr_assert(reader.wakes == 1 && sleeper.wakes == 1,
              "%s; data and time came for the next executor, and it woke its "
              "reader %d times and its sleeper %d times instead of once each.",
              what, reader.wakes, sleeper.wakes);
    cr_assert(poll_for(&next_read.future, &reader) == POLL_READY &&
                  next_read.result == 5 &&
                  poll_for(&next_timer.future, &sleeper) == POLL_READY,
              "%s, and a read or a timer of the next executor is pending.",
              what);
    future_drop(&next_read.future);
    future_drop(&next_timer.future);
    assert_balanced(&reader);
    assert_balanced(&sleeper);
    wire_close(&next_wire);
}

/* --- The executor is freed -------------------------------------------------- */

Test(ownership, executor_that_is_freed_wakes_who_waits_for_a_socket,
     .timeout = 60) {
    open_waiting();
    runtime_free();
    cr_assert_eq(w.wakes, 1,
                 "A read waited, its executor was freed, and its task was "
                 "woken %d times instead of once.",
                 w.wakes);
    cr_assert_eq(poll_for(&reads.future, &w), POLL_READY,
                 "The executor is gone, and a read waits for it.");
    cr_assert_eq(reads.result, -ECANCELED,
                 "The executor is gone, and a read that waited says %s "
                 "instead of -ECANCELED.",
                 error_name((int)reads.result));
    future_drop(&reads.future);
    assert_balanced(&w);
    wire_close(&wire);
}

Test(ownership, executor_that_is_freed_wakes_who_waits_for_a_moment,
     .timeout = 60) {
    TimerFuture timers[3];
    static const char *const names[] = {"A", "B", "C"};
    ProbeWaker tasks[3];
    for (int i = 0; i < 3; i++) {
        probe_waker_init(&tasks[i], names[i]);
        timer_future_init(&timers[i],
                          script_clock_ns + (uint64_t)(3 - i) * NS_PER_MS);
        poll_for(&timers[i].future, &tasks[i]);
    }
    runtime_free();
    assert_trace("wake C, wake B, wake A",
                 "Three timers waited when their executor was freed: each is "
                 "woken once, the earliest first.");
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(poll_for(&timers[i].future, &tasks[i]), POLL_READY,
                     "The executor is gone, and a timer waits for it.");
        cr_assert_eq(timers[i].result, -ECANCELED,
                     "The executor is gone, and a timer that waited says %s "
                     "instead of -ECANCELED.",
                     error_name(timers[i].result));
        future_drop(&timers[i].future);
        assert_balanced(&tasks[i]);
    }
}

Test(ownership, what_waited_may_be_dropped_when_the_executor_is_gone,
     .timeout = 60) {
    TimerFuture timer;
    ProbeWaker other;
    probe_waker_init(&other, "other");
    timer_future_init(&timer, script_clock_ns + NS_PER_MS);
    poll_for(&timer.future, &other);
    open_waiting();
    runtime_free();
    future_drop(&timer.future); /* neither was polled again */
    future_drop(&reads.future);
    assert_balanced(&w);
    assert_balanced(&other);
    wire_close(&wire);
}

Test(ownership, socket_can_be_read_and_written_when_its_executor_is_gone,
     .timeout = 60) {
    Waiting late;
    wire = wire_open();
    runtime_free();
    wire_sends(&wire, "hello");
    ssize_t result = socket_read_buf(&wire.near, buffer, sizeof buffer);
    cr_assert_eq(result, 5, "Five bytes were there, and a read answered %s.",
                 error_name((int)result));
    result = socket_write_buf(&wire.near, "abc", 3);
    cr_assert_eq(result, 3, "There was room, and a write answered %s.",
                 error_name((int)result));
    int waits = wait_to_read(&late, "late", &wire.near);
    cr_assert_eq(waits, -ECANCELED,
                 "The executor is gone, and waiting for its socket answered %s "
                 "instead of -ECANCELED.",
                 error_name(waits));
    waits = wait_to_write(&late, "late", &wire.near);
    cr_assert_eq(waits, -ECANCELED,
                 "The executor is gone, and waiting for its socket answered %s "
                 "instead of -ECANCELED.",
                 error_name(waits));
    assert_balanced(&late.task);
    wire_close(&wire);
}

/* --- The next executor of the thread ---------------------------------------- */

Test(ownership, old_socket_disturbs_nothing_of_the_next_executor,
     .timeout = 60) {
    Waiting late;
    open_waiting();
    runtime_free();
    open_next();
    wire_sends(&wire, "abc");
    ssize_t result = socket_read_buf(&wire.near, buffer, sizeof buffer);
    cr_assert_eq(result, 3,
                 "An old socket has three bytes, and a read answered %s.",
                 error_name((int)result));
    result = socket_write_buf(&wire.near, "abc", 3);
    cr_assert_eq(result, 3, "An old socket has room; a write answered %s.",
                 error_name((int)result));
    int waits = wait_to_read(&late, "late", &wire.near);
    cr_assert_eq(waits, -ECANCELED,
                 "Under the next executor, waiting for a socket of the one "
                 "before answered %s instead of -ECANCELED.",
                 error_name(waits));
    future_drop(&reads.future);
    socket_close(&wire.near);
    close_next("A socket of an earlier executor was used and closed");
    wire_close(&wire);
}

Test(ownership, old_socket_is_closed_under_the_next_executor, .timeout = 60) {
    wire = wire_open();
    int number = wire.near.object;
    runtime_free();
    open_next();
    socket_close(&wire.near);
    cr_assert(wire.near.object == -1 && fcntl(number, F_GETFD) < 0,
              "A socket of an earlier executor was closed, and its descriptor "
              "is open.");
    close_next("A socket of an earlier executor was closed");
    wire_close(&wire);
}

Test(ownership, old_timer_disturbs_nothing_of_the_next_executor,
     .timeout = 60) {
    TimerFuture dropped, polled;
    ProbeWaker other;
    probe_waker_init(&w, "W");
    probe_waker_init(&other, "other");
    timer_future_init(&dropped, script_clock_ns + NS_PER_MS);
    timer_future_init(&polled, script_clock_ns + NS_PER_MS);
    poll_for(&dropped.future, &w);
    poll_for(&polled.future, &other);
    runtime_free();
    open_next();
    future_drop(&dropped.future);
    cr_assert_eq(poll_for(&polled.future, &other), POLL_READY,
                 "A timer of an earlier executor waits for the next one.");
    future_drop(&polled.future);
    close_next("Two timers of an earlier executor were polled and dropped");
}

/* What was never polled is nobody's yet. */
Test(ownership, timer_belongs_to_the_executor_that_polls_it_first,
     .timeout = 60) {
    TimerFuture timer;
    probe_waker_init(&w, "W");
    timer_future_init(&timer, script_clock_ns + 5 * NS_PER_MS);
    runtime_free();
    open_next();
    poll_for(&timer.future, &w);
    close_next("A timer that was made before was polled for the first time");
    cr_assert_eq(w.wakes, 1,
                 "A timer was made before its executor, and woke %d times "
                 "instead of once.",
                 w.wakes);
    future_drop(&timer.future);
}

/* --- Another thread --------------------------------------------------------- */

static int answer;
static Waiter late_waiter;

/* The read that waits goes on as if nothing had been tried. */
static void close_waiting(const char *what) {
    assert_without_assertions(what);
    wire_sends(&wire, "hello");
    turn();
    cr_assert_eq(w.wakes, 1,
                 "%s. Data came, and the reader was woken %d times instead of "
                 "once.",
                 what, w.wakes);
    cr_assert(poll_for(&reads.future, &w) == POLL_READY && reads.result == 5,
              "%s, and the read is pending or says %s.", what,
              error_name((int)reads.result));
    future_drop(&reads.future);
    assert_balanced(&w);
    wire_close(&wire);
}

static void make_a_socket(void *unused) {
    Socket socket;
    (void)unused;
    answer = socket_init(&socket, wire.far);
}

Test(ownership, making_a_socket_without_an_executor, .timeout = 60, STOPS) {
    open_waiting();
    expect_assertion("make an executor before its sockets");
    on_another_thread(make_a_socket, NULL);
    assert_refused(answer, "A socket was made on a thread without an executor");
    close_waiting("A socket was made on a thread without an executor");
}

static void wait_here(void *unused) {
    Waker lent = probe_waker_lend(&w);
    (void)unused;
    answer = socket_set_readable_callback(&wire.near, &late_waiter, &lent);
}

Test(ownership, waiting_for_a_socket_on_another_thread, .timeout = 60, STOPS) {
    open_waiting();
    expect_assertion("a socket is used on the thread of its executor");
    on_another_thread(wait_here, NULL);
    assert_refused(answer, "A thread waited for another one's socket");
    close_waiting("A thread waited for another one's socket");
}

/* The read that waits already is asked for once more. */
static void wait_again_here(void *unused) {
    Waker lent = probe_waker_lend(&w);
    (void)unused;
    answer = socket_set_readable_callback(&wire.near, &reads.waiter, &lent);
}

Test(ownership, waiting_again_on_another_thread_leaves_the_read_in_line,
     .timeout = 60, STOPS) {
    open_waiting();
    expect_assertion("a socket is used on the thread of its executor");
    on_another_thread(wait_again_here, NULL);
    assert_refused(answer, "A thread waited again for another one's read");
    close_waiting("A thread waited again for another one's read");
}

/* A thread that has an executor of its own. */
static void wait_here_with_an_executor(void *unused) {
    Executor *executor = stage_open();
    wait_here(unused);
    executor_free(executor);
}

Test(ownership, waiting_for_a_socket_of_another_executor, .timeout = 60,
     STOPS) {
    open_waiting();
    expect_assertion("a socket is used on the thread of its executor");
    on_another_thread(wait_here_with_an_executor, NULL);
    assert_refused(answer, "An executor waited for another one's socket");
    close_waiting("An executor waited for another one's socket");
}

static void close_here(void *unused) {
    (void)unused;
    socket_close(&wire.near);
}

Test(ownership, closing_a_socket_on_another_thread, .timeout = 60, STOPS) {
    open_waiting();
    expect_assertion("a socket is used on the thread of its executor");
    on_another_thread(close_here, NULL);
    close_waiting("A thread closed another one's socket");
}

static void drop_read_here(void *unused) {
    (void)unused;
    future_drop(&reads.future);
}

Test(ownership, dropping_a_read_on_another_thread, .timeout = 60, STOPS) {
    open_waiting();
    expect_assertion("a socket is used on the thread of its executor");
    on_another_thread(drop_read_here, NULL);
    close_waiting("A thread dropped another one's read");
}

static TimerFuture timer;
static ProbeWaker rings;

static void open_timer(void) {
    probe_waker_init(&rings, "rings");
    timer_future_init(&timer, script_clock_ns + NS_PER_MS);
    cr_assert_eq(poll_for(&timer.future, &rings), POLL_PENDING,
                 "The deadline has not come, and a timer is ready.");
}

static void close_timer(const char *what) {
    assert_without_assertions(what);
    script_clock_ns += NS_PER_MS;
    turn();
    cr_assert_eq(rings.wakes, 1,
                 "%s. Its time came, and the timer woke %d times instead of "
                 "once.",
                 what, rings.wakes);
    future_drop(&timer.future);
    assert_balanced(&rings);
}

static void poll_timer_here(void *unused) {
    TimerFuture fresh;
    (void)unused;
    timer_future_init(&fresh, script_clock_ns + NS_PER_MS);
    bool ready = poll_for(&fresh.future, &w) == POLL_READY;
    answer = ready ? fresh.result : 0;
    future_drop(&fresh.future);
}

Test(ownership, waiting_for_a_moment_without_an_executor, .timeout = 60,
     STOPS) {
    open_timer();
    probe_waker_init(&w, "W");
    expect_assertion("a timer is used on the thread of its executor");
    on_another_thread(poll_timer_here, NULL);
    assert_refused(answer,
                   "A timer was polled on a thread without an executor");
    assert_balanced(&w);
    close_timer("A timer was polled on a thread without an executor");
}

static void drop_timer_here(void *unused) {
    (void)unused;
    future_drop(&timer.future);
}

Test(ownership, dropping_a_timer_on_another_thread, .timeout = 60, STOPS) {
    open_timer();
    expect_assertion("a timer is used on the thread of its executor");
    on_another_thread(drop_timer_here, NULL);
    close_timer("A thread dropped another one's timer");
}

/* --- A second executor ------------------------------------------------------ */

Test(ownership, second_executor_of_a_thread, .timeout = 60, STOPS) {
    Executor *second = NULL;
    open_waiting();
    expect_assertion("a thread has one executor at a time");
    answer = executor_new(&second);
    assert_refused(answer, "A thread made a second executor");
    cr_assert(second == NULL && local_executor() == runtime,
              "A second executor was refused, and the first is not the "
              "thread's any more.");
    close_waiting("A thread made a second executor");
}
