#include "stage.h"

#include "pair.h"
#include "script_descriptors.h"
#include "script_sleep.h"
#include "script_threads.h"
#include "script_watching.h"
#include "socket_read.h"

typedef struct Reading {
    Pair pair;
    SocketRead read;
    char buffer[16];
} Reading;

static void open_reading(Reading *self) {
    pair_open(&self->pair);
    socket_read_init(&self->read, &self->pair.near, self->buffer,
                     sizeof self->buffer);
}

static void close_reading(Reading *self) {
    future_drop(&self->read.future);
    assert_nobody_watches(&self->pair.near);
    pair_close(&self->pair);
}

Test(socket_read, reads_nothing_before_it_is_polled, .timeout = 60) {
    Reading a;
    open_reading(&a);
    pair_deliver(&a.pair, "early");
    cr_assert_eq(script_threads_started, 0,
                 "Making the future started a thread: nothing happens before "
                 "its first poll.");
    close_reading(&a);
}

Test(socket_read, is_ready_at_once_when_there_is_data, .timeout = 60) {
    Reading a;
    open_reading(&a);
    pair_deliver(&a.pair, "early");
    cr_assert_eq(poll_for_nobody(&a.read.future), POLL_READY,
                 "The data was there before the poll, but it was pending.");
    cr_assert_eq(a.read.result, 5, "Five bytes were there, %zd were read.",
                 a.read.result);
    cr_assert_arr_eq(a.buffer, "early", 5, "Other bytes were read than came.");
    cr_assert_eq(script_threads_started, 0,
                 "There was nothing to wait for, but a thread was started.");
    close_reading(&a);
}

Test(socket_read, is_pending_without_blocking_when_there_is_none,
     .timeout = 60) {
    Reading a;
    ProbeWaker w;
    probe_waker_init(&w, "W");
    open_reading(&a);
    cr_assert_eq(
        poll_for(&a.read.future, &w), POLL_PENDING,
        "Nothing has arrived, and the read is ready; its result is %s.",
        error_name((int)a.read.result));
    cr_assert(script_blocking_calls == 0 && script_blocking_looks == 0,
              "The poll called something that waits: then no other task runs.");
    cr_assert_eq(w.held, 1,
                 "The read is pending, and %d wakers of its task are held "
                 "instead of one.",
                 w.held);
    close_reading(&a);
    assert_balanced(&w);
}

Test(socket_read, leaves_its_waker_with_a_thread_and_does_not_wake_itself,
     .timeout = 60) {
    Reading a;
    Executor *executor = stage_open();
    open_reading(&a);
    script_before_park = (Cue){deliver_hello, &a.pair, 0};
    stage_spawn(executor, &a.read.future);
    for (int i = 0; i < 3; i++) {
        stage_run_batch(executor);
    }
    cr_assert_eq(stage_queued(executor), 0,
                 "A read waits, nothing has arrived, and its task is in the "
                 "ready queue again: it is polled over and over, and the "
                 "executor never sleeps.");
    assert_runs_to_the_end(executor);
    cr_assert_eq(a.read.result, 5, "Five bytes came, %zd were read.",
                 a.read.result);
    cr_assert_eq(script_parks, 1,
                 "A read waited, and the executor slept %d times instead of "
                 "once.",
                 script_parks);
    pair_close(&a.pair);
    stage_close(executor);
}

Test(socket_read, takes_the_end_of_file_for_what_it_is, .timeout = 60) {
    Reading a;
    open_reading(&a);
    pair_hang_up(&a.pair);
    cr_assert_eq(poll_for_nobody(&a.read.future), POLL_READY,
                 "The other end has closed, and the read still waits.");
    cr_assert_eq(a.read.result, 0, "End of file is 0, the read says %zd.",
                 a.read.result);
    close_reading(&a);
}

Test(socket_read, waits_on_when_readable_turns_out_to_be_wrong, .timeout = 60) {
    Reading a;
    ProbeWaker w;
    probe_waker_init(&w, "W");
    open_reading(&a);
    script_false_readiness = 1;
    cr_assert_eq(poll_for(&a.read.future, &w), POLL_PENDING,
                 "The system said readable, the read said EAGAIN, and the "
                 "future is ready; its result is %s. A false alarm only means "
                 "wait on.",
                 error_name((int)a.read.result));
    cr_assert_eq(
        w.held, 1,
        "After a false alarm the read is pending, and %d wakers of its "
        "task are held instead of one.",
        w.held);
    close_reading(&a);
    assert_balanced(&w);
}

Test(socket_read, polled_again_keeps_its_thread_and_the_latest_waker,
     .timeout = 60) {
    Reading a;
    ProbeWaker first, latest;
    probe_waker_init(&first, "first");
    probe_waker_init(&latest, "latest");
    open_reading(&a);
    for (int i = 0; i <= 10; i++) {
        cr_assert_eq(poll_for(&a.read.future, i == 0 ? &first : &latest),
                     POLL_PENDING,
                     "Nothing has arrived, and poll %d answered ready.", i + 1);
    }
    cr_assert_eq(script_threads_started, 1,
                 "One read was polled 11 times and started %d threads: one "
                 "for each wait is bad enough.",
                 script_threads_started);
    cr_assert(first.held == 0 && latest.held == 1,
              "Polled by one task and then by another, it holds %d wakers of "
              "the first and %d of the latest.",
              first.held, latest.held);
    close_reading(&a);
    assert_balanced(&first);
    assert_balanced(&latest);
}

Test(socket_read, dropped_while_pending_leaves_nobody_behind, .timeout = 60) {
    Reading a;
    ProbeWaker w;
    probe_waker_init(&w, "W");
    open_reading(&a);
    cr_assert_eq(poll_for(&a.read.future, &w), POLL_PENDING,
                 "Nothing has arrived, and the read is ready.");
    future_drop(&a.read.future);
    cr_assert_eq(socket_watching_threads(), 0,
                 "A read that waited was dropped, and its thread still "
                 "watches the socket.");
    pair_deliver(&a.pair, "too late");
    cr_assert_eq(w.wakes, 0, "A read that was dropped woke its task.");
    assert_balanced(&w);
    pair_close(&a.pair);
}

Test(socket_read, cancelled_with_its_task_leaves_nobody_behind, .timeout = 60) {
    Reading a;
    Executor *executor = stage_open();
    open_reading(&a);
    stage_spawn(executor, &a.read.future);
    stage_run_batch(executor);
    cr_assert_eq(socket_watching_threads(), 1,
                 "A read waits, and %d threads watch its socket.",
                 socket_watching_threads());
    stage_close(executor);
    assert_nobody_watches(&a.pair.near);
    pair_close(&a.pair);
}

Test(socket_read, reports_that_there_is_no_thread_to_wait_with, .timeout = 60) {
    Reading a;
    open_reading(&a);
    script_fail_always(&script_pthread_create, EAGAIN);
    cr_assert_eq(poll_for_nobody(&a.read.future), POLL_READY,
                 "No thread could be had to watch the socket, and the read is "
                 "pending: nobody will ever wake it.");
    cr_assert_eq(a.read.result, -EAGAIN,
                 "No thread could be had, and the result is %s instead of "
                 "-EAGAIN.",
                 error_name((int)a.read.result));
    close_reading(&a);
}

Test(socket_read, reports_the_error_of_the_read, .timeout = 60) {
    Reading a;
    open_reading(&a);
    pair_deliver(&a.pair, "x");
    script_fail_always(&script_read, ECONNRESET);
    cr_assert_eq(poll_for_nobody(&a.read.future), POLL_READY,
                 "The read failed and the future is pending.");
    cr_assert_eq(a.read.result, -ECONNRESET,
                 "The connection was reset, and the result is %s.",
                 error_name((int)a.read.result));
    close_reading(&a);
}

/* --- Several reads of one socket, and its end ------------------------------- */

/* A and B read one socket. */
typedef struct TwoReads {
    Pair pair;
    SocketRead a, b;
    char bytes[2];
    ProbeWaker of_a, of_b;
} TwoReads;

static void open_two_reads(TwoReads *self) {
    pair_open(&self->pair);
    socket_read_init(&self->a, &self->pair.near, &self->bytes[0], 1);
    socket_read_init(&self->b, &self->pair.near, &self->bytes[1], 1);
    probe_waker_init(&self->of_a, "A");
    probe_waker_init(&self->of_b, "B");
    Poll a = poll_for(&self->a.future, &self->of_a);
    Poll b = poll_for(&self->b.future, &self->of_b);
    cr_assert(a == POLL_PENDING && b == POLL_PENDING,
              "Nothing has arrived, and one of two reads is ready.");
}

static void close_two_reads(TwoReads *self) {
    assert_balanced(&self->of_a);
    assert_balanced(&self->of_b);
    assert_nobody_watches(&self->pair.near);
    pair_close(&self->pair);
}

Test(socket_read, of_two_that_wait_for_one_socket_both_are_woken,
     .timeout = 60) {
    TwoReads two;
    open_two_reads(&two);
    pair_deliver(&two.pair, "xy");
    script_await_threads();
    assert_trace("wake A, wake B", "Two tasks read one socket, and data came.");
    cr_assert(poll_for_nobody(&two.a.future) == POLL_READY &&
                  poll_for_nobody(&two.b.future) == POLL_READY,
              "Two bytes came for two reads of one byte, and one is pending.");
    cr_assert(two.a.result == 1 && two.b.result == 1 && two.bytes[0] == 'x' &&
                  two.bytes[1] == 'y',
              "Two reads got %zd and %zd bytes instead of one each, in order.",
              two.a.result, two.b.result);
    future_drop(&two.a.future);
    future_drop(&two.b.future);
    close_two_reads(&two);
}

Test(socket_read, dropped_leaves_another_ones_registration_alone,
     .timeout = 60) {
    TwoReads two;
    open_two_reads(&two);
    future_drop(&two.a.future);
    cr_assert_eq(two.of_b.held, 1,
                 "A and B read one socket, A was dropped, and the socket holds "
                 "%d wakers of B.",
                 two.of_b.held);
    pair_deliver(&two.pair, "x");
    script_await_threads();
    assert_trace("wake B",
                 "A and B read one socket, A was dropped, data came.");
    cr_assert_eq(poll_for_nobody(&two.b.future), POLL_READY,
                 "B was woken for a byte, and is pending.");
    future_drop(&two.b.future);
    close_two_reads(&two);
}

Test(socket_read, dropped_when_it_is_ready_leaves_another_ones_alone,
     .timeout = 60) {
    TwoReads two;
    open_two_reads(&two);
    pair_deliver(&two.pair, "x");
    script_await_threads();
    trace_clear();
    cr_assert_eq(poll_for_nobody(&two.a.future), POLL_READY,
                 "A was woken for a byte, and is pending.");
    cr_assert_eq(poll_for(&two.b.future, &two.of_b), POLL_PENDING,
                 "A has read the only byte, and B is ready.");
    future_drop(&two.a.future);
    pair_deliver(&two.pair, "y");
    script_await_threads();
    assert_trace("wake B", "A has read and was dropped, B waits, data came.");
    cr_assert_eq(poll_for_nobody(&two.b.future), POLL_READY,
                 "B was woken for a byte, and is pending.");
    future_drop(&two.b.future);
    close_two_reads(&two);
}

Test(socket_read, of_two_tasks_both_end, .timeout = 60) {
    TwoReads two;
    Executor *executor = stage_open();
    pair_open(&two.pair);
    socket_read_init(&two.a, &two.pair.near, &two.bytes[0], 1);
    socket_read_init(&two.b, &two.pair.near, &two.bytes[1], 1);
    stage_spawn(executor, &two.a.future);
    stage_spawn(executor, &two.b.future);
    stage_run_batch(executor);
    pair_deliver(&two.pair, "xy");
    assert_runs_to_the_end(executor);
    cr_assert(two.a.result == 1 && two.b.result == 1,
              "Two tasks read one socket, two bytes came, and they got %zd and "
              "%zd instead of one each.",
              two.a.result, two.b.result);
    pair_close(&two.pair);
    stage_close(executor);
}

Test(socket_read, ends_when_its_socket_is_closed, .timeout = 60) {
    Reading a;
    Executor *executor = stage_open();
    open_reading(&a);
    stage_spawn(executor, &a.read.future);
    stage_run_batch(executor);
    pair_close(&a.pair);
    assert_runs_to_the_end(executor);
    cr_assert_eq(a.read.result, -EBADF,
                 "A task waited for a socket that was closed; the result of "
                 "its read is %s instead of -EBADF.",
                 error_name((int)a.read.result));
    stage_close(executor);
}

Test(socket_read, may_be_dropped_after_its_socket_was_closed, .timeout = 60) {
    Reading a;
    ProbeWaker w;
    probe_waker_init(&w, "W");
    open_reading(&a);
    cr_assert_eq(poll_for(&a.read.future, &w), POLL_PENDING,
                 "Nothing has arrived, and the read is ready.");
    pair_close(&a.pair);
    cr_assert_eq(w.wakes, 1,
                 "A read waited for a socket that was closed, and its task was "
                 "woken %d times instead of once.",
                 w.wakes);
    future_drop(&a.read.future);
    assert_balanced(&w);
}

/* A task that reads a message of eight bytes, however it is cut up. */
typedef struct Message {
    Future future;
    Pair *pair;
    SocketRead read;
    char bytes[8];
    size_t length;
} Message;

static void message_read_on(Message *self) {
    socket_read_init(&self->read, &self->pair->near, self->bytes + self->length,
                     sizeof self->bytes - self->length);
}

static void deliver_a_byte(void *argument) {
    Message *self = argument;
    char next[] = {(char)('a' + (char)self->length), '\0'};
    pair_deliver(self->pair, next);
}

static Poll message_poll(Future *future, Context *context) {
    Message *self = (Message *)future;
    while (self->length < sizeof self->bytes) {
        if (future_poll(&self->read.future, context) == POLL_PENDING) {
            script_before_park = (Cue){deliver_a_byte, self, 0};
            return POLL_PENDING;
        }
        future_drop(&self->read.future);
        cr_assert_gt(self->read.result, 0,
                     "The result of a read in the middle of a message is %s.",
                     error_name((int)self->read.result));
        self->length += (size_t)self->read.result;
        message_read_on(self);
    }
    return POLL_READY;
}

static void message_drop(Future *future) {
    future_drop(&((Message *)future)->read.future);
}

Test(socket_read, brings_a_message_one_byte_at_a_time, .timeout = 60) {
    static const FutureVtable vtable = {message_poll, message_drop};
    Pair pair;
    Executor *executor = stage_open();
    pair_open(&pair);
    Message message = {.future = {&vtable}, .pair = &pair};
    message_read_on(&message);
    stage_spawn(executor, &message.future);
    assert_runs_to_the_end(executor);
    cr_assert_arr_eq(message.bytes, "abcdefgh", 8,
                     "A message came one byte at a time and was put together "
                     "wrongly.");
    cr_assert_eq(script_threads_started, 8,
                 "Each of 8 reads waited, and %d threads were started.",
                 script_threads_started);
    pair_close(&pair);
    cr_assert_eq(socket_watching_threads(), 0, "The last thread is left.");
    stage_close(executor);
}

static void deliver_to_all(void *argument) {
    Reading *all = argument;
    for (int i = 0; i < 10; i++) {
        pair_deliver(&all[i].pair, "hello");
    }
}

static void count_threads(ProbeFuture *self) {
    self->polls = socket_watching_threads();
}

Test(socket_read, costs_one_thread_for_each_read_that_waits, .timeout = 60) {
    Reading all[10];
    ProbeFuture counter;
    Executor *executor = stage_open();
    for (int i = 0; i < 10; i++) {
        open_reading(&all[i]);
        stage_spawn(executor, &all[i].read.future);
    }
    stage_spawn_probe(executor, &counter, "counter", 0);
    counter.hook = count_threads;
    script_before_park = (Cue){deliver_to_all, all, 0};
    assert_runs_to_the_end(executor);
    cr_assert_eq(counter.polls, 10,
                 "Ten reads waited and %d threads watched: here each wait "
                 "costs one.",
                 counter.polls);
    for (int i = 0; i < 10; i++) {
        cr_assert_eq(all[i].read.result, 5,
                     "Read %d of 10 got %zd bytes "
                     "instead of 5.",
                     i + 1, all[i].read.result);
        pair_close(&all[i].pair);
    }
    cr_assert_eq(socket_watching_threads(), 0,
                 "%d watching threads are left after all has been read.",
                 socket_watching_threads());
    stage_close(executor);
}
