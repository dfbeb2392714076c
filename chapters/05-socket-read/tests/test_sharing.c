/*
 * Several futures wait for one signal of one socket: each has a node of its
 * own, so each is woken, and none can be robbed by another one's end.
 *
 * Each test is done with reads, with writes and with accepting connections.
 */
#include "runtime.h"
#include "socket_accept.h"
#include "socket_read.h"
#include "socket_write.h"

RuntimeSuite(sharing);

enum { READS, WRITES, ACCEPTS, KINDS };

static const char *const names[] = {"reads", "writes", "accepts"};

static int kind;
static Wire wire;       /* reads and writes */
static Socket listener; /* accepts */
static int strangers[2];
static char bytes[3];

/* The first member of each is the future. */
static union {
    Future future;
    SocketRead read;
    SocketWrite write;
    SocketAccept accept;
} waits[3];

static ProbeWaker tasks[3];

static Socket *shared(void) {
    return kind == ACCEPTS ? &listener : &wire.near;
}

static void start(int i) {
    probe_waker_init(&tasks[i], "task");
    switch (kind) {
    case READS:
        socket_read_init(&waits[i].read, shared(), &bytes[i], 1);
        break;
    case WRITES:
        socket_write_init(&waits[i].write, shared(), "x", 1);
        break;
    default:
        socket_accept_init(&waits[i].accept, shared());
    }
}

static int result_of(int i) {
    return kind == READS    ? (int)waits[i].read.result
           : kind == WRITES ? waits[i].write.result
                            : waits[i].accept.result;
}

static const Waiter *node_of(int i) {
    return kind == READS    ? &waits[i].read.waiter
           : kind == WRITES ? &waits[i].write.waiter
                            : &waits[i].accept.waiter;
}

static void assert_done(int i, const char *sentence) {
    int expected = kind == READS ? 1 : 0;
    cr_assert_eq(result_of(i), expected, "%s (%s): the result is %s.", sentence,
                 names[kind], error_name(result_of(i)));
}

static void open_kind(int which) {
    struct sockaddr_in address = loopback(0);
    kind = which;
    wire = wire_open();
    if (kind == WRITES) {
        wire_fills(&wire);
    }
    int result =
        socket_listen(&listener, (struct sockaddr *)&address, sizeof address);
    cr_assert_eq(result, 0, "socket_listen() answered %s.", error_name(result));
    strangers[0] = strangers[1] = -1;
}

static void close_kind(void) {
    wire_close(&wire);
    socket_close(&listener);
    for (int i = 0; i < 2; i++) {
        if (strangers[i] >= 0) {
            close(strangers[i]);
        }
    }
}

/* What all wait for comes, enough for two. */
static void happen(void) {
    switch (kind) {
    case READS:
        wire_sends(&wire, "ab");
        break;
    case WRITES:
        wire_drains(&wire);
        break;
    default:
        strangers[0] = stranger_connects(socket_port(&listener));
        strangers[1] = stranger_connects(socket_port(&listener));
    }
}

static void assert_pending(int i, ProbeWaker *task) {
    cr_assert_eq(poll_for(&waits[i].future, task), POLL_PENDING,
                 "Nothing has happened, and one of several %s is ready.",
                 names[kind]);
}

/* --- Dropped ---------------------------------------------------------------- */

/* Two wait, on behalf of one task or of two; one is dropped. */
static void drop_one_of_two(int dropped, ProbeWaker *first,
                            ProbeWaker *second) {
    int left = 1 - dropped;
    ProbeWaker *task = left == 0 ? first : second;
    start(0);
    start(1);
    assert_pending(0, first);
    assert_pending(1, second);
    future_drop(&waits[dropped].future);
    happen();
    turn_until(task->wakes > 0,
               "Of two %s on one socket number %d was dropped. What both "
               "waited for came, and the task of the other was not woken.",
               names[kind], dropped + 1);
    cr_assert_eq(poll_for(&waits[left].future, task), POLL_READY,
                 "Of two %s on one socket number %d was dropped, and the other "
                 "is pending although what it waits for is there.",
                 names[kind], dropped + 1);
    assert_done(left, "One of two was dropped, and the other is ready");
    future_drop(&waits[left].future);
    assert_balanced(first);
    assert_balanced(second);
}

Test(sharing, dropped_leaves_another_of_its_own_task, .timeout = 60) {
    for (int which = 0; which < KINDS; which++) {
        for (int dropped = 0; dropped < 2; dropped++) {
            open_kind(which);
            drop_one_of_two(dropped, &tasks[2], &tasks[2]);
            close_kind();
            probe_waker_init(&tasks[2], "task");
        }
    }
}

Test(sharing, dropped_leaves_that_of_another_task, .timeout = 60) {
    for (int which = 0; which < KINDS; which++) {
        for (int dropped = 0; dropped < 2; dropped++) {
            open_kind(which);
            drop_one_of_two(dropped, &tasks[0], &tasks[1]);
            close_kind();
        }
    }
}

Test(sharing, cancelled_task_leaves_another_one, .timeout = 60) {
    for (int which = 0; which < KINDS; which++) {
        open_kind(which);
        start(0);
        start(1);
        JoinHandle first = stage_spawn_with_handle(runtime, &waits[0].future);
        JoinHandle second = stage_spawn_with_handle(runtime, &waits[1].future);
        turn();
        join_handle_cancel(&first);
        drop_handle(&first);
        happen();
        int result = executor_run(runtime);
        cr_assert_eq(result, 0,
                     "Of two tasks, each of which %s on one socket, one was "
                     "cancelled. What they waited for came, and executor_run() "
                     "answered %s.",
                     names[kind], error_name(result));
        assert_done(1, "One of two tasks was cancelled, and the other ended");
        drop_handle(&second);
        close_kind();
    }
}

Test(sharing, dropped_by_all_leaves_nothing_registered, .timeout = 60) {
    for (int which = 0; which < KINDS; which++) {
        open_kind(which);
        for (int i = 0; i < 3; i++) {
            start(i);
            assert_pending(i, &tasks[i]);
        }
        future_drop(&waits[1].future);
        future_drop(&waits[0].future);
        future_drop(&waits[2].future);
        happen();
        assert_nothing_is_reported();
        for (int i = 0; i < 3; i++) {
            cr_assert_eq(tasks[i].wakes, 0,
                         "All %s on a socket were dropped, and a task was "
                         "woken.",
                         names[kind]);
            assert_balanced(&tasks[i]);
        }
        close_kind();
    }
}

/* --- Ready ------------------------------------------------------------------ */

Test(sharing, tasks_all_end, .timeout = 60) {
    for (int which = 0; which < KINDS; which++) {
        open_kind(which);
        for (int i = 0; i < 2; i++) {
            start(i);
            stage_spawn(runtime, &waits[i].future);
        }
        turn();
        happen();
        int result = executor_run(runtime);
        cr_assert_eq(result, 0,
                     "Two tasks, each of which %s on one socket, have what "
                     "they wait for, and executor_run() answered %s.",
                     names[kind], error_name(result));
        assert_done(0, "The first of two tasks ended");
        assert_done(1, "The second of two tasks ended");
        close_kind();
    }
}

Test(sharing, ready_keeps_nothing_and_takes_nothing, .timeout = 60) {
    for (int which = 0; which < KINDS; which++) {
        open_kind(which);
        start(0);
        assert_pending(0, &tasks[0]);
        happen();
        turn_until(tasks[0].wakes > 0, "One future %s, and was not woken.",
                   names[kind]);
        poll_for(&waits[0].future, &tasks[0]);
        cr_assert(!waiter_is_waiting(node_of(0)) && tasks[0].held == 0,
                  "One of the %s is ready, and still keeps a waker.",
                  names[kind]);
        /* Another one waits; the first is dropped only now. */
        Waiting next;
        int result = kind == WRITES ? wait_to_write(&next, "next", shared())
                                    : wait_to_read(&next, "next", shared());
        cr_assert_eq(result, 0, "Waiting answered %s.", error_name(result));
        future_drop(&waits[0].future);
        cr_assert_eq(next.task.held, 1,
                     "One of the %s was ready and was dropped, and with it "
                     "went the waker of the next one.",
                     names[kind]);
        if (kind == WRITES) {
            socket_clear_writable_callback(shared(), &next.waiter);
        } else {
            socket_clear_readable_callback(shared(), &next.waiter);
        }
        close_kind();
    }
}

/* --- Closed ----------------------------------------------------------------- */

Test(sharing, closed_wakes_all_and_tells_them_so, .timeout = 60) {
    for (int which = 0; which < KINDS; which++) {
        open_kind(which);
        for (int i = 0; i < 3; i++) {
            start(i);
            assert_pending(i, &tasks[i]);
        }
        socket_close(shared());
        for (int i = 0; i < 3; i++) {
            cr_assert_eq(tasks[i].wakes, 1,
                         "A socket was closed while three futures waited for "
                         "it (%s), and the task of number %d was woken %d "
                         "times instead of once.",
                         names[kind], i + 1, tasks[i].wakes);
        }
        future_drop(&waits[0].future); /* without another poll */
        for (int i = 1; i < 3; i++) {
            cr_assert_eq(poll_for(&waits[i].future, &tasks[i]), POLL_READY,
                         "The socket is closed, and one of the %s is pending.",
                         names[kind]);
            cr_assert_eq(result_of(i), -EBADF,
                         "The socket was closed under its %s, whose result is "
                         "%s instead of -EBADF.",
                         names[kind], error_name(result_of(i)));
            future_drop(&waits[i].future);
        }
        for (int i = 0; i < 3; i++) {
            assert_balanced(&tasks[i]);
        }
        close_kind();
    }
}

Test(sharing, closed_by_one_task_ends_another_one, .timeout = 60) {
    for (int which = 0; which < KINDS; which++) {
        open_kind(which);
        start(0);
        stage_spawn(runtime, &waits[0].future);
        turn();
        socket_close(shared());
        int result = executor_run(runtime);
        cr_assert_eq(result, 0,
                     "A socket was closed while a task waited for it (%s), and "
                     "executor_run() answered %s.",
                     names[kind], error_name(result));
        cr_assert_eq(result_of(0), -EBADF,
                     "The socket was closed under its %s, whose result is %s "
                     "instead of -EBADF.",
                     names[kind], error_name(result_of(0)));
        close_kind();
    }
}

/* A socket that is closed already is not waited for. */
Test(sharing, begun_after_closing_is_told_at_once, .timeout = 60) {
    for (int which = 0; which < KINDS; which++) {
        open_kind(which);
        socket_close(shared());
        start(0);
        cr_assert_eq(poll_for_nobody(&waits[0].future), POLL_READY,
                     "The socket was closed before, and one of the %s is "
                     "pending.",
                     names[kind]);
        cr_assert_eq(result_of(0), -EBADF,
                     "The socket was closed before one of the %s, whose result "
                     "is %s instead of -EBADF.",
                     names[kind], error_name(result_of(0)));
        future_drop(&waits[0].future);
        close_kind();
    }
}
