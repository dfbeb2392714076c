/*
 * A waker may be code of anybody's, which does what it likes when it is cloned,
 * woken with or dropped. It is called when everything of ours is in order, and
 * with no pointer in hand that it could make invalid.
 *
 * The address sanitizer sees most of what goes wrong here.
 */
#include "runtime.h"
#include "script_time.h"
#include "socket_read.h"

RuntimeSuite(callbacks);

enum { FORTY = 40 };

static Wire wire, other, extra[FORTY];
static Waiting first, second, third; /* all wait for `wire` to be readable */
static TimerFuture timers[2];
static int extras;
static ProbeFuture spawned;
static bool has_spawned;

/* --- What a waker does ------------------------------------------------------ */

static void open_forty(void) {
    for (; extras < FORTY; extras++) {
        extra[extras] = wire_open();
    }
}

static void close_this(void) {
    socket_close(&wire.near);
}

static void close_others(void) {
    socket_close(&other.near);
    for (int i = 0; i < extras; i++) {
        socket_close(&extra[i].near);
    }
}

static void drop_the_next(void) {
    socket_clear_readable_callback(&wire.near, &second.waiter);
    future_drop(&timers[1].future);
}

static void spawn_one(void) {
    if (!has_spawned) {
        has_spawned = true;
        stage_spawn_probe(runtime, &spawned, "spawned", 0);
    }
}

static void wait_with_another(void) {
    if (!waiter_is_waiting(&third.waiter)) {
        wait_to_read(&third, "third", &wire.near);
    }
}

static const struct {
    const char *name;
    void (*act)(void);
    bool makes; /* something of an executor's */
} acts[] = {
    {"opens forty sockets", open_forty, true},
    {"closes its socket", close_this, false},
    {"closes other sockets", close_others, false},
    {"drops the next in line", drop_the_next, false},
    {"spawns a task", spawn_one, true},
    {"has another one wait", wait_with_another, false},
};

enum { ACTS = sizeof acts / sizeof *acts };

static const char *hooked; /* "clone", "wake" or "drop" */
static int act;
static int acted;

static void call_back(ProbeWaker *self, const char *what) {
    (void)self;
    if (what[0] == hooked[0]) {
        acted += 1;
        acts[act].act();
    }
}

/* --- When it does it -------------------------------------------------------- */

static void on_event(void) {
    wire_sends(&wire, "x");
    turn();
}

static void on_close(void) {
    socket_close(&wire.near);
}

static void on_free(void) {
    runtime_free();
}

static void on_drop(void) {
    socket_clear_readable_callback(&wire.near, &first.waiter);
}

/* Waits again, with another waker in place of the first. */
static void on_replacement(void) {
    ProbeWaker latest;
    probe_waker_init(&latest, "latest");
    Waker lent = probe_waker_lend(&latest);
    socket_set_readable_callback(&wire.near, &first.waiter, &lent);
    socket_clear_readable_callback(&wire.near, &first.waiter);
    assert_balanced(&latest);
}

/* Waits with a waker that acts when it is cloned. */
static void on_waiting(void) {
    socket_clear_readable_callback(&wire.near, &first.waiter);
    Waker lent = probe_waker_lend(&first.task);
    socket_set_readable_callback(&wire.near, &first.waiter, &lent);
    socket_clear_readable_callback(&wire.near, &first.waiter);
}

/* The same, and the system refuses. */
static void on_refusal(void) {
    SocketRead read;
    char byte;
    Socket file;
    int result = socket_init(&file, open(__FILE__, O_RDONLY));
    cr_assert_eq(result, 0, "socket_init() of a file answered %s.",
                 error_name(result));
    socket_read_init(&read, &file, &byte, 1);
    poll_for(&read.future, &first.task);
    future_drop(&read.future);
    socket_close(&file);
}

static void on_time(void) {
    script_clock_ns += 10 * NS_PER_MS;
    turn();
}

static void on_dropped_timer(void) {
    future_drop(&timers[0].future);
}

static void on_polled_timer(void) {
    ProbeWaker latest;
    probe_waker_init(&latest, "latest");
    poll_for(&timers[0].future, &latest);
    poll_for(&timers[0].future, &first.task);
    future_drop(&timers[0].future);
    assert_balanced(&latest);
}

/* Two wait for one socket, two for a moment; another socket is open, too. */
static void open_stage(void) {
    if (runtime == NULL) {
        runtime = stage_open();
    }
    extras = 0;
    acted = 0;
    has_spawned = false;
    hooked = "-";
    wire = wire_open();
    other = wire_open();
    third = (Waiting){0};
    wait_to_read(&first, "first", &wire.near);
    wait_to_read(&second, "second", &wire.near);
    first.task.hook = call_back;
    for (int i = 0; i < 2; i++) {
        timer_future_init(&timers[i],
                          script_clock_ns + (uint64_t)(5 + i) * NS_PER_MS);
    }
    poll_for(&timers[0].future, &first.task);
    poll_for(&timers[1].future, &second.task);
}

static void close_stage(void) {
    hooked = "-";
    socket_clear_readable_callback(&wire.near, &first.waiter);
    socket_clear_readable_callback(&wire.near, &second.waiter);
    socket_clear_readable_callback(&wire.near, &third.waiter);
    future_drop(&timers[0].future);
    future_drop(&timers[1].future);
    for (int i = 0; i < extras; i++) {
        wire_close(&extra[i]);
    }
    wire_close(&wire);
    wire_close(&other);
    if (runtime != NULL) {
        turn();
    }
}

/* Once with each act. Without an executor nothing can be made. */
static void have_it_act(void (*moment)(void), const char *when) {
    for (act = 0; act < ACTS; act++) {
        if (acts[act].makes && moment == on_free) {
            continue;
        }
        open_stage();
        hooked = when;
        moment();
        cr_assert_gt(acted, 0, "No waker was called (%s).", when);
        close_stage();
        cr_assert(first.task.held == 0 && second.task.held == 0 &&
                      third.task.held == 0 && !first.task.below_zero &&
                      !second.task.below_zero,
                  "A waker %s in its %s(), and %d wakers are left.",
                  acts[act].name, when,
                  first.task.held + second.task.held + third.task.held);
        cr_assert(!has_spawned || spawned.drops == 1,
                  "A waker %s in its %s(), and the task did not end.",
                  acts[act].name, when);
    }
}

Test(callbacks, wake_may_do_all_this_at_an_event, .timeout = 60) {
    have_it_act(on_event, "wake");
}

Test(callbacks, wake_may_do_all_this_when_the_socket_is_closed, .timeout = 60) {
    have_it_act(on_close, "wake");
}

Test(callbacks, wake_may_drop_and_close_when_the_executor_is_freed,
     .timeout = 60) {
    have_it_act(on_free, "wake");
}

Test(callbacks, wake_may_do_all_this_when_time_has_come, .timeout = 60) {
    have_it_act(on_time, "wake");
}

Test(callbacks, drop_may_do_all_this_when_a_wait_is_given_up, .timeout = 60) {
    have_it_act(on_drop, "drop");
}

Test(callbacks, drop_may_do_all_this_when_a_later_waker_comes, .timeout = 60) {
    have_it_act(on_replacement, "drop");
}

Test(callbacks, drop_may_do_all_this_when_waiting_is_refused, .timeout = 60) {
    have_it_act(on_refusal, "drop");
}

Test(callbacks, drop_may_do_all_this_when_a_timer_is_dropped, .timeout = 60) {
    have_it_act(on_dropped_timer, "drop");
}

Test(callbacks, drop_may_do_all_this_when_a_timer_gets_a_later_waker,
     .timeout = 60) {
    have_it_act(on_polled_timer, "drop");
}

Test(callbacks, clone_may_do_all_this_when_a_wait_begins, .timeout = 60) {
    have_it_act(on_waiting, "clone");
}

Test(callbacks, clone_may_do_all_this_when_a_timer_is_polled, .timeout = 60) {
    have_it_act(on_polled_timer, "clone");
}
