/*
 * The executor and its sockets: when it looks after them, when it sleeps, who
 * is woken, and that nobody is forgotten.
 */
#include "platform.h"
#include "runtime.h"

#include <string.h>

#include "descriptors.h"
#include "other.h"
#include "script_descriptors.h"
#include "script_io_blocker.h"
#include "script_memory.h"
#include "script_sleep.h"
#include "script_sockets.h"
#include "script_threads.h"
#include "script_time.h"
#include "script_waiting.h"
#include "socket_read.h"
#include "socket_write.h"

RuntimeSuite(executor_io);

/* Reads a byte at a time, so many times; tells how far it is. */
typedef struct ByteReader {
    Future future;
    Socket *socket;
    SocketRead read;
    char byte;
    int left;   /* to be read */
    int served; /* have been read */
    void (*hook)(const struct ByteReader *self);
} ByteReader;

static Poll byte_reader_poll(Future *future, Context *context) {
    ByteReader *self = (ByteReader *)future;
    while (self->left > 0) {
        if (future_poll(&self->read.future, context) == POLL_PENDING) {
            return POLL_PENDING;
        }
        cr_assert_eq(self->read.result, 1, "A read of a byte answered %d.",
                     (int)self->read.result);
        future_drop(&self->read.future);
        socket_read_init(&self->read, self->socket, &self->byte, 1);
        self->left -= 1;
        self->served += 1;
        if (self->hook != NULL) {
            self->hook(self);
        }
    }
    return POLL_READY;
}

static void byte_reader_drop(Future *future) {
    future_drop(&((ByteReader *)future)->read.future);
}

static void byte_reader_init(ByteReader *self, Socket *socket, int count) {
    static const FutureVtable vtable = {byte_reader_poll, byte_reader_drop};
    *self = (ByteReader){.future = {&vtable}, .socket = socket, .left = count};
    socket_read_init(&self->read, socket, &self->byte, 1);
}

/* A task that is always ready. */
static void spawn_busy(ProbeFuture *busy, int rounds) {
    probe_future_init(busy, "busy", rounds);
    busy->wakes_itself = true;
    busy->silent = true;
    stage_spawn(runtime, &busy->future);
}

/* --- Waiting -------------------------------------------------------------- */

Test(executor_io, idle_makes_exactly_one_wait, .timeout = 60) {
    Wire wire = wire_open();
    SocketRead read;
    char buffer[8];
    socket_read_init(&read, &wire.near, buffer, sizeof buffer);
    stage_spawn(runtime, &read.future);
    turn();
    int before = script_waits();
    script_before_park = (Cue){wire_delivers_hello, &wire, 0};
    assert_runs_to_the_end(runtime);
    cr_assert_eq(script_waits() - before, 1,
                 "A task waited for one delivery, and the executor asked the "
                 "system %d times. An idle executor makes one call, which "
                 "ends with the event.",
                 script_waits() - before);
    cr_assert_eq(script_timeouts[before], -1,
                 "With nothing to do, it has to sleep without an end, and not "
                 "for %d ms: each look in between is a call for nothing.",
                 script_timeouts[before]);
    cr_assert_eq(read.result, 5, "\"hello\" was read as %d bytes.",
                 (int)read.result);
    wire_close(&wire);
}

Test(executor_io, busy_looks_after_sockets_once_a_batch, .timeout = 60) {
    ProbeFuture busy;
    spawn_busy(&busy, 10);
    int before = script_waits();
    assert_runs_to_the_end(runtime);
    cr_assert_eq(script_waits() - before, 11,
                 "A task was polled in 11 batches, and the executor looked "
                 "after sockets %d times: once a batch is enough, and never "
                 "would starve them.",
                 script_waits() - before);
    for (int i = before; i < before + 11; i++) {
        cr_assert_eq(script_timeouts[i], 0,
                     "A task was ready, and the executor waited for sockets "
                     "for up to %d ms: look (DEADLINE_NOW), do not wait.",
                     script_timeouts[i]);
    }
    cr_assert_eq(script_parks, 0, "A busy executor slept.");
}

Test(executor_io, is_never_kicked_by_tasks_that_its_own_events_wake,
     .timeout = 60) {
    Wire wires[3];
    ByteReader readers[3];
    for (int i = 0; i < 3; i++) {
        wires[i] = wire_open();
        byte_reader_init(&readers[i], &wires[i].near, 5);
        stage_spawn(runtime, &readers[i].future);
    }
    turn();
    wire_sends(&wires[0], "hello");
    wire_sends(&wires[1], "hello");
    script_before_park = (Cue){wire_delivers_hello, &wires[2], 0};
    assert_runs_to_the_end(runtime);
    cr_assert_eq(script_unparks, 0,
                 "Events woke tasks of the executor that had just seen them, "
                 "and it was called %d times, a system call each.",
                 script_unparks);
    for (int i = 0; i < 3; i++) {
        wire_close(&wires[i]);
    }
}

static void wake_twice_from_elsewhere(ProbeFuture *self) {
    if (!self->ready) {
        on_another_thread(wake_by_ref, &self->kept);
        on_another_thread(wake_by_ref, &self->kept);
    }
}

Test(executor_io, busy_is_never_kicked_by_other_threads, .timeout = 60) {
    ProbeFuture a, busy;
    spawn_busy(&busy, 20);
    stage_spawn_probe(runtime, &a, "A", 5);
    a.hook = wake_twice_from_elsewhere;
    assert_runs_to_the_end(runtime);
    cr_assert_eq(script_kicks, 0,
                 "Other threads woke tasks of a busy executor and called its "
                 "IoBlocker %d times: only one that sleeps has to be called.",
                 script_kicks);
}

static void wake_three_times(void *waker) {
    on_another_thread(wake_by_ref, waker);
    on_another_thread(wake_by_ref, waker);
    on_another_thread(wake_and_consume, waker);
}

Test(executor_io, asleep_is_kicked_exactly_once, .timeout = 60) {
    Wire wire = wire_open();
    ProbeFuture a;
    ByteReader reader;
    byte_reader_init(&reader, &wire.near, 1);
    JoinHandle waits = stage_spawn_with_handle(runtime, &reader.future);
    JoinHandle woken = stage_spawn_probe_with_handle(runtime, &a, "A", 1);
    turn();
    Waker waker = clone_kept(&a);
    script_before_park = (Cue){wake_three_times, &waker, 0};
    run_to_the_end_of(&woken.future);
    drop_handle(&woken);
    cr_assert_eq(script_kicks, 1,
                 "Three wake-ups from another thread called the sleeping "
                 "executor %d times instead of once.",
                 script_kicks);
    join_handle_cancel(&waits);
    drop_handle(&waits);
    wire_close(&wire);
}

Test(executor_io, woken_between_its_look_and_its_sleep_does_not_sleep,
     .timeout = 60) {
    ProbeFuture a;
    stage_spawn_probe(runtime, &a, "A", 1);
    turn();
    Waker waker = clone_kept(&a);
    script_before_park = (Cue){wake_three_times, &waker, 0};
    assert_runs_to_the_end(runtime);
    cr_assert_eq(a.polls, 2,
                 "The wake-up came between the announcement and the sleep, and "
                 "the task was polled %d times instead of twice.",
                 a.polls);
}

Test(executor_io, more_events_than_a_batch_holds_are_all_served,
     .timeout = 60) {
    enum { MANY = 300 };
    static Wire wires[MANY];
    static ByteReader readers[MANY];
    for (int i = 0; i < MANY; i++) {
        wires[i] = wire_open();
        byte_reader_init(&readers[i], &wires[i].near, 1);
        stage_spawn(runtime, &readers[i].future);
        wire_sends(&wires[i], "x");
    }
    assert_runs_to_the_end(runtime);
    for (int i = 0; i < MANY; i++) {
        cr_assert_eq(readers[i].served, 1, "Socket %d was not served.", i);
        wire_close(&wires[i]);
    }
}

Test(executor_io, no_more_than_a_batch_comes_at_once, .timeout = 60) {
    enum { MANY = 300 };
    static Wire wires[MANY];
    static Event events[MANY];
    static Waiter waiters[MANY];
    ProbeWaker w;
    probe_waker_init(&w, "W");
    Waker lent = probe_waker_lend(&w);
    for (int i = 0; i < MANY; i++) {
        wires[i] = wire_open();
        socket_set_writable_callback(&wires[i].near, &waiters[i], &lent);
    }
    int count = io_blocker_block_until(runtime_io_blocker(), DEADLINE_NOW,
                                       events, MANY);
    cr_assert_eq(count, IO_BLOCKER_BATCH,
                 "There is room for %d events, and %d came at once.", MANY,
                 count);
    for (int i = 0; i < MANY; i++) {
        wire_close(&wires[i]);
    }
}

/* --- What goes wrong ------------------------------------------------------ */

Test(executor_io, returns_the_error_of_a_wait, .timeout = 60) {
    Wire wire = wire_open();
    ByteReader reader;
    byte_reader_init(&reader, &wire.near, 1);
    stage_spawn(runtime, &reader.future);
    turn();
    script_fail_wait(1, EINVAL);
    script_before_park = (Cue){wire_delivers_hello, &wire, 1};
    int result = executor_run(runtime);
    script_before_park = (Cue){0};
    cr_assert_eq(result, -EINVAL,
                 "The system cannot wait (EINVAL), and executor_run() answered "
                 "%s: an executor that goes on would spin.",
                 error_name(result));
    cr_assert_eq(executor_pending_tasks(runtime), 1,
                 "A wait failed, and took a task with it.");
    script_fail_wait(0, 0);
    wire_sends(&wire, "x");
    assert_runs_to_the_end(runtime);
    wire_close(&wire);
}

Test(executor_io, runs_what_is_ready_even_if_the_wait_fails, .timeout = 60) {
    ProbeFuture a;
    stage_spawn_probe(runtime, &a, "A", 0);
    script_fail_wait(1, EINVAL);
    executor_run(runtime);
    script_fail_wait(0, 0);
    cr_assert_eq(a.polls, 1,
                 "A wait failed; a task that was ready has to be run all the "
                 "same (it was polled %d times).",
                 a.polls);
}

Test(executor_io, takes_an_interrupted_wait_for_no_error, .timeout = 60) {
    Wire wire = wire_open();
    ByteReader reader;
    byte_reader_init(&reader, &wire.near, 5);
    stage_spawn(runtime, &reader.future);
    turn();
    script_interrupt(3, 0);
    script_before_park = (Cue){wire_delivers_hello, &wire, 3};
    int result = executor_run(runtime);
    cr_assert_eq(result, 0,
                 "A signal interrupted the wait (EINTR), and executor_run() "
                 "answered %s.",
                 error_name(result));
    wire_close(&wire);
}

Test(executor_io, wakes_a_task_whose_socket_is_closed, .timeout = 60) {
    Wire wire = wire_open();
    SocketRead read;
    char byte;
    socket_read_init(&read, &wire.near, &byte, 1);
    stage_spawn(runtime, &read.future);
    turn();
    socket_close(&wire.near);
    int result = executor_run(runtime);
    cr_assert_eq(result, 0,
                 "A socket was closed under the task that waits for it, and "
                 "executor_run() answered %s.",
                 error_name(result));
    cr_assert_eq(read.result, -EBADF,
                 "A socket was closed under its reader, whose result is %s "
                 "instead of -EBADF.",
                 error_name((int)read.result));
    cr_assert_eq(script_parks, 0,
                 "A socket was closed under the task that waits for it, and "
                 "the executor slept.");
    wire_close(&wire);
}

/* Asks once, and when it has been woken, never again. */
typedef struct AsksOnce {
    Future future;
    Socket *socket;
    Waiter waiter;
    int polls;
} AsksOnce;

static Poll asks_once_poll(Future *future, Context *context) {
    AsksOnce *self = (AsksOnce *)future;
    self->polls += 1;
    if (self->polls == 1) {
        socket_set_readable_callback(self->socket, &self->waiter,
                                     context->waker);
    }
    return POLL_PENDING;
}

static void asks_once_drop(Future *future) {
    AsksOnce *self = (AsksOnce *)future;
    socket_clear_readable_callback(self->socket, &self->waiter);
}

Test(executor_io, says_so_when_a_woken_task_does_not_ask_again, .timeout = 60) {
    static const FutureVtable vtable = {asks_once_poll, asks_once_drop};
    Wire wire = wire_open();
    AsksOnce once = {.future = {&vtable}, .socket = &wire.near};
    JoinHandle handle = stage_spawn_with_handle(runtime, &once.future);
    turn();
    wire_sends(&wire, "x");
    int result = executor_run(runtime);
    cr_assert_eq(once.polls, 2,
                 "Its socket has data, and it was polled %d "
                 "times instead of twice.",
                 once.polls);
    cr_assert_eq(result, -EDEADLK,
                 "A task was woken by its only waker, did not leave another "
                 "one, and executor_run() answered %s instead of -EDEADLK.",
                 error_name(result));
    join_handle_cancel(&handle);
    drop_handle(&handle);
    wire_close(&wire);
}

/* What an earlier wait has reported must not be taken for news. */
Test(executor_io, wakes_those_whom_events_concern_and_no_others,
     .timeout = 60) {
    Wire wires[2];
    SocketRead reads[2];
    char bytes[2];
    ProbeWaker tasks[2];
    for (int i = 0; i < 2; i++) {
        wires[i] = wire_open();
        probe_waker_init(&tasks[i], "task");
        socket_read_init(&reads[i], &wires[i].near, &bytes[i], 1);
        poll_for(&reads[i].future, &tasks[i]);
        wire_sends(&wires[i], "x");
    }
    turn();
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(tasks[i].wakes, 1,
                     "Two sockets had data, and task %d "
                     "was woken %d times.",
                     i, tasks[i].wakes);
        poll_for(&reads[i].future, &tasks[i]);
        future_drop(&reads[i].future);
        socket_read_init(&reads[i], &wires[i].near, &bytes[i], 1);
        poll_for(&reads[i].future, &tasks[i]);
    }
    for (int i = 0; i < 2; i++) {
        wire_sends(&wires[i], "y");
        turn();
        cr_assert(tasks[i].wakes == 2 && tasks[1].wakes == 1 + i,
                  "Socket %d alone had data, and the tasks have been woken %d "
                  "and %d times.",
                  i, tasks[0].wakes, tasks[1].wakes);
    }
    for (int i = 0; i < 2; i++) {
        future_drop(&reads[i].future);
        wire_close(&wires[i]);
    }
}

/* --- Fairness ------------------------------------------------------------- */

Test(executor_io, busy_task_does_not_starve_a_socket, .timeout = 60) {
    Wire wire = wire_open();
    ByteReader reader;
    ProbeFuture busy;
    spawn_busy(&busy, 10000);
    byte_reader_init(&reader, &wire.near, 5);
    JoinHandle handle = stage_spawn_with_handle(runtime, &reader.future);
    turn();
    wire_sends(&wire, "hello");
    int before = busy.polls;
    for (int i = 0; i < 20 && !join_handle_is_finished(&handle); i++) {
        turn();
    }
    cr_assert(join_handle_is_finished(&handle),
              "One task wakes itself for ever; in %d batches another one, "
              "whose socket had data all the time, was served %d times of 5: "
              "look after the sockets after each batch, not only when nothing "
              "is ready.",
              busy.polls - before, reader.served);
    drop_handle(&handle);
    wire_close(&wire);
    runtime_free();
}

Test(executor_io, busy_task_does_not_starve_a_timer, .timeout = 60) {
    ProbeFuture busy;
    TimerFuture timer;
    spawn_busy(&busy, 10000);
    timer_future_init(&timer, script_clock_ns + 5 * NS_PER_MS);
    JoinHandle handle = stage_spawn_with_handle(runtime, &timer.future);
    script_wait_takes_ns = NS_PER_MS;
    for (int i = 0; i < 20 && !join_handle_is_finished(&handle); i++) {
        turn();
    }
    cr_assert(join_handle_is_finished(&handle),
              "One task wakes itself for ever; a timer of 5 ms did not ring "
              "in 20 ms: look at the timers after each batch, not only when "
              "nothing is ready.");
    drop_handle(&handle);
    runtime_free();
}

Test(executor_io, busy_sockets_do_not_starve_a_task, .timeout = 60) {
    Wire wire = wire_open();
    ByteReader reader;
    ProbeFuture a;
    byte_reader_init(&reader, &wire.near, 40);
    stage_spawn(runtime, &reader.future);
    for (int i = 0; i < 8; i++) {
        wire_sends(&wire, "hello");
    }
    turn();
    JoinHandle handle = stage_spawn_probe_with_handle(runtime, &a, "A", 3);
    a.wakes_itself = true;
    a.silent = true;
    for (int i = 0; i < 8; i++) {
        turn();
    }
    cr_assert(join_handle_is_finished(&handle) && reader.served < 40,
              "A socket that always has data kept a task from its turn.");
    drop_handle(&handle);
    assert_runs_to_the_end(runtime);
    wire_close(&wire);
}

enum { CROWD = 1000 };

static Wire wires[CROWD];
static ByteReader readers[CROWD];
static int crowd, unserved; /* how many there are; in this round */
static int ahead;           /* rounds that the first ones have been served */

static void assert_in_turn(const ByteReader *self) {
    cr_assert_leq(self->served, ahead + 1,
                  "A socket is served for the %d. time while %d of %d others "
                  "still wait for their %d. turn: the first ones in the "
                  "system's list get all there is.",
                  self->served, unserved, crowd, ahead + 1);
    unserved -= 1;
    if (unserved == 0) {
        unserved = crowd;
        ahead += 1;
    }
}

Test(executor_io, thousand_ready_sockets_are_served_in_turn, .timeout = 60) {
    long limit = descriptors_raise_limit();
    crowd = limit < 2 * CROWD + 100 ? (int)(limit - 100) / 2 : CROWD;
    unserved = crowd;
    for (int i = 0; i < crowd; i++) {
        wires[i] = wire_open();
        wire_sends(&wires[i], "abc");
        byte_reader_init(&readers[i], &wires[i].near, 3);
        readers[i].hook = assert_in_turn;
        stage_spawn(runtime, &readers[i].future);
    }
    assert_runs_to_the_end(runtime);
    cr_assert_eq(ahead, 3,
                 "Each of %d sockets had three bytes; it took %d "
                 "rounds.",
                 crowd, ahead);
    for (int i = 0; i < crowd; i++) {
        wire_close(&wires[i]);
    }
}

/* --- Cancelling ----------------------------------------------------------- */

Test(executor_io, cancelled_task_leaves_nothing_registered, .timeout = 60) {
    Wire wire = wire_open();
    ByteReader reader;
    byte_reader_init(&reader, &wire.near, 1);
    JoinHandle handle = stage_spawn_with_handle(runtime, &reader.future);
    turn();
    join_handle_cancel(&handle);
    drop_handle(&handle);
    wire_sends(&wire, "x");
    assert_nothing_is_reported();
    wire_close(&wire);
}

/* What the system has reported is brought to the tasks, and they do not run. */
static void deliver_events(void) {
    Event events[4];
    int count =
        io_blocker_block_until(runtime_io_blocker(), DEADLINE_NOW, events, 4);
    for (int i = 0; i < count; i++) {
        event_map_wake(executor_event_map(runtime), events[i]);
    }
}

/*
 * The event has spent the interest; that the system still watches the socket is
 * the IoBlocker's own business, and ends with the next report.
 */
Test(executor_io, task_cancelled_while_queued_leaves_nothing_registered,
     .timeout = 60) {
    Wire wire = wire_open();
    ByteReader reader;
    byte_reader_init(&reader, &wire.near, 2);
    JoinHandle handle = stage_spawn_with_handle(runtime, &reader.future);
    turn();
    wire_sends(&wire, "x");
    deliver_events(); /* woken: it stands in the queue */
    join_handle_cancel(&handle);
    drop_handle(&handle);
    turn();
    assert_nothing_is_reported();
    cr_assert_eq(reader.served, 0, "A cancelled task was polled.");
    wire_close(&wire);
}

static JoinHandle victim;

static void cancel_victim(ProbeFuture *self) {
    (void)self;
    join_handle_cancel(&victim);
}

Test(executor_io, task_cancelled_by_another_leaves_nothing_registered,
     .timeout = 60) {
    Wire wire = wire_open();
    ByteReader reader;
    ProbeFuture killer;
    byte_reader_init(&reader, &wire.near, 1);
    victim = stage_spawn_with_handle(runtime, &reader.future);
    turn();
    stage_spawn_probe(runtime, &killer, "killer", 0);
    killer.hook = cancel_victim;
    wire_sends(&wire, "x");
    /* One batch: the event woke the victim, and the killer is before it. */
    assert_runs_to_the_end(runtime);
    cr_assert_eq(reader.served, 0, "A cancelled task was polled.");
    drop_handle(&victim);
    turn();
    assert_nothing_is_reported();
    wire_close(&wire);
}

Test(executor_io, freed_with_tasks_on_sockets_and_timers_leaves_nothing,
     .timeout = 60) {
    Wire reads = wire_open(), writes = wire_open();
    ByteReader reader;
    SocketWrite write;
    TimerFuture timer;
    byte_reader_init(&reader, &reads.near, 1);
    wire_fills(&writes);
    socket_write_init(&write, &writes.near, "x", 1);
    timer_future_init(&timer, script_clock_ns + NS_PER_S);
    stage_spawn(runtime, &reader.future);
    stage_spawn(runtime, &write.future);
    stage_spawn(runtime, &timer.future);
    turn();
    runtime_free();
    wire_close(&reads);
    wire_close(&writes);
}

Test(executor_io, freed_closes_its_descriptors_although_a_waker_is_kept,
     .timeout = 60) {
    ProbeFuture a;
    runtime_free();
    int before = descriptors_open();
    runtime = stage_open();
    cr_assert_gt(descriptors_open(), before,
                 "This test is about an executor that has descriptors.");
    stage_spawn_probe(runtime, &a, "A", 1);
    turn();
    Waker waker = clone_kept(&a);
    runtime_free();
    int left = descriptors_open() - before;
    on_another_thread(wake_by_ref, &waker);
    waker_drop(&waker);
    cr_assert_eq(left, 0,
                 "An executor was freed, a waker of its task is kept, and %d "
                 "of its descriptors are open.",
                 left);
}

/* Leaves a note from another thread while a task is polled. */
static ProbeFuture noted;

static void leave_a_note(const ByteReader *self) {
    if (self->served == 1) {
        on_another_thread(wake_and_consume, &noted.kept);
    }
}

/* The sleep ends by itself: the announcement has to be taken back. */
Test(executor_io, awake_after_an_event_is_not_called, .timeout = 60) {
    Wire wire = wire_open();
    ByteReader reader;
    byte_reader_init(&reader, &wire.near, 5);
    reader.hook = leave_a_note;
    stage_spawn(runtime, &reader.future);
    stage_spawn_probe(runtime, &noted, "A", 1);
    turn();
    script_before_park = (Cue){wire_delivers_hello, &wire, 0};
    assert_runs_to_the_end(runtime);
    cr_assert_eq(noted.polls, 2,
                 "A note was left, and its task was polled %d times instead "
                 "of twice.",
                 noted.polls);
    cr_assert_eq(script_unparks, 0,
                 "An event had ended the executor's sleep, a note was left "
                 "while it was awake, and it was called %d times.",
                 script_unparks);
    wire_close(&wire);
}

/* --- What it costs -------------------------------------------------------- */

enum { ROUNDS = 1000 };

static int round_trips;

/* The far end answers each time before the executor sleeps. */
static void answer(void *wire) {
    char byte;
    if (wire_receives(wire, &byte, 1) == 1) {
        wire_sends(wire, "x");
        round_trips += 1;
    }
    script_before_park = (Cue){answer, wire, 0};
}

/* Writes a byte and reads one, over and over. */
typedef struct Pinger {
    Future future;
    Socket *socket;
    SocketWrite write;
    SocketRead read;
    TimerFuture timer; /* waits as well, and is given up each time */
    char byte;
    int left;
    bool writes;
} Pinger;

static Poll pinger_poll(Future *future, Context *context) {
    Pinger *self = (Pinger *)future;
    while (self->left > 0) {
        Future *child = self->writes ? &self->write.future : &self->read.future;
        if (future_poll(child, context) == POLL_PENDING) {
            timer_future_init(&self->timer, clock_now_ns() + NS_PER_S);
            future_poll(&self->timer.future, context);
            future_drop(&self->timer.future);
            return POLL_PENDING;
        }
        future_drop(child);
        self->left -= !self->writes;
        self->writes = !self->writes;
        socket_write_init(&self->write, self->socket, "?", 1);
        socket_read_init(&self->read, self->socket, &self->byte, 1);
    }
    return POLL_READY;
}

static void pinger_drop(Future *future) {
    (void)future;
}

static void pinger_init(Pinger *self, Socket *socket, int rounds) {
    static const FutureVtable vtable = {pinger_poll, pinger_drop};
    *self = (Pinger){
        .future = {&vtable}, .socket = socket, .left = rounds, .writes = true};
    socket_write_init(&self->write, socket, "?", 1);
}

Test(executor_io, thousand_round_trips_allocate_nothing, .timeout = 60) {
    Wire wire = wire_open();
    Pinger pinger;
    pinger_init(&pinger, &wire.near, ROUNDS);
    JoinHandle handle = stage_spawn_with_handle(runtime, &pinger.future);
    turn();
    int before = script_allocations();
    script_before_park = (Cue){answer, &wire, 0};
    assert_runs_to_the_end(runtime);
    cr_assert_eq(script_allocations() - before, 0,
                 "Memory was asked for %d times in %d round trips: waking, "
                 "running and blocking must not be able to fail. The links "
                 "stand in the tasks, the wakers in the map.",
                 script_allocations() - before, ROUNDS);
    cr_assert_eq(round_trips, ROUNDS, "%d round trips instead of %d.",
                 round_trips, ROUNDS);
    drop_handle(&handle);
    wire_close(&wire);
}

Test(executor_io, round_trip_costs_one_wait_one_read_one_write, .timeout = 60) {
    Wire wire = wire_open();
    Pinger pinger;
    pinger_init(&pinger, &wire.near, ROUNDS);
    JoinHandle handle = stage_spawn_with_handle(runtime, &pinger.future);
    turn();
    int waits = script_waits(), reads = script_read.calls;
    int sends = script_send.calls, controls = script_controls();
    script_before_park = (Cue){answer, &wire, 0};
    assert_runs_to_the_end(runtime);
    waits = script_waits() - waits;
    reads = script_read.calls - reads;
    sends = script_send.calls - sends;
    controls = script_controls() - controls;
    cr_assert(
        waits == ROUNDS && reads == ROUNDS && sends == ROUNDS - 1 &&
            controls == 0,
        "%d round trips took %d waits, %d reads, %d writes and %d "
        "calls that arm: a wait that repeats costs a wait and a read. Poll a "
        "read only after its event; the kernel knows the socket "
        "already.",
        ROUNDS, waits, reads, sends, controls);
    drop_handle(&handle);
    wire_close(&wire);
}

Test(executor_io, no_socket_and_no_timer_has_a_thread, .timeout = 60) {
    Wire wire = wire_open();
    ByteReader reader;
    TimerFuture timer;
    byte_reader_init(&reader, &wire.near, 1);
    timer_future_init(&timer, script_clock_ns + NS_PER_MS);
    script_fail_always(&script_pthread_create, EAGAIN);
    stage_spawn(runtime, &timer.future);
    JoinHandle handle = stage_spawn_with_handle(runtime, &reader.future);
    turn();
    wire_sends(&wire, "x");
    assert_runs_to_the_end(runtime);
    cr_assert_eq(script_pthread_create.calls, 0,
                 "%d threads were started. One thread waits for everything: "
                 "that is what the IoBlocker is for.",
                 script_pthread_create.calls);
    drop_handle(&handle);
    wire_close(&wire);
}
