#include <criterion/criterion.h>
#include <errno.h>

#include "error_name.h"
#include "other.h"
#include "pair.h"
#include "platform.h"
#include "probe.h"
#include "script_conditions.h"
#include "script_descriptors.h"
#include "script_locks.h"
#include "script_threads.h"
#include "script_watching.h"

/* Who waits in most of these tests. */
static Waiter waiter;

/* Asks the socket to wake the task, with a waker that is only lent. */
static int ask_with(Socket *socket, Waiter *node, ProbeWaker *task) {
    Waker lent = probe_waker_lend(task);
    return socket_set_readable_callback(socket, node, &lent);
}

static int ask(Socket *socket, ProbeWaker *task) {
    return ask_with(socket, &waiter, task);
}

Test(socket, makes_its_descriptor_non_blocking, .timeout = 60) {
    Pair pair;
    pair_open(&pair);
    cr_assert_neq(fcntl(pair.near.descriptor, F_GETFL) & O_NONBLOCK, 0,
                  "The descriptor is blocking: one read too many, and all "
                  "tasks stand still.");
    pair_close(&pair);
}

Test(socket, that_cannot_be_made_leaves_the_descriptor_open, .timeout = 60) {
    int ends[2];
    Socket socket;
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    for (int call = 1; call <= 2; call++) {
        script_fail(&script_fcntl, call, EBADF);
        int result = socket_init(&socket, ends[0]);
        cr_assert_eq(result, -EBADF,
                     "fcntl() call %d failed with EBADF, and "
                     "socket_init() answered %s.",
                     call, error_name(result));
    }
    script_fail_always(&script_mutex_init, EAGAIN);
    int result = socket_init(&socket, ends[0]);
    cr_assert_eq(result, -EAGAIN,
                 "There was no lock, and socket_init() "
                 "answered %s instead of -EAGAIN.",
                 error_name(result));
    cr_assert_neq(fcntl(ends[0], F_GETFD), -1,
                  "socket_init() failed and closed a descriptor that is still "
                  "the caller's.");
    close(ends[0]);
    close(ends[1]);
}

Test(socket, closes_its_descriptor, .timeout = 60) {
    Pair pair;
    pair_open(&pair);
    int descriptor = pair.near.descriptor;
    pair_close(&pair);
    cr_assert_eq(fcntl(descriptor, F_GETFD), -1,
                 "The socket was closed and its descriptor is still open.");
    cr_assert_eq(script_locks + script_conditions, 0,
                 "The socket was closed and its lock was not destroyed.");
}

Test(socket, has_data_when_a_read_would_get_something, .timeout = 60) {
    Pair pair;
    char buffer[8];
    pair_open(&pair);
    cr_assert(!socket_has_data_to_read(&pair.near),
              "Nothing was written yet, but the socket has data to read.");
    cr_assert_eq(script_blocking_looks, 0,
                 "The look at the socket waits for data: it has to answer at "
                 "once (a time-out of 0).");
    pair_deliver(&pair, "four");
    cr_assert(socket_has_data_to_read(&pair.near),
              "Four bytes arrived, but the socket has no data to read.");
    cr_assert_eq(socket_read_buf(&pair.near, buffer, sizeof buffer), 4);
    cr_assert(!socket_has_data_to_read(&pair.near),
              "All was read, but the socket still has data to read.");
    pair_hang_up(&pair);
    cr_assert(socket_has_data_to_read(&pair.near),
              "The other end has closed: the read that tells so would not "
              "wait, so there is something to read.");
    pair_close(&pair);
}

Test(socket, tells_nothing_yet_from_nothing_ever_again, .timeout = 60) {
    Pair pair;
    char buffer[8];
    pair_open(&pair);
    ssize_t result = socket_read_buf(&pair.near, buffer, sizeof buffer);
    cr_assert_eq(result, -EAGAIN,
                 "There is nothing to read yet; the read answered %s instead "
                 "of -EAGAIN. 0 would mean end of file.",
                 error_name((int)result));
    pair_hang_up(&pair);
    result = socket_read_buf(&pair.near, buffer, sizeof buffer);
    cr_assert_eq(result, 0,
                 "The other end has closed; the read answered %s "
                 "instead of 0, end of file.",
                 error_name((int)result));
    pair_close(&pair);
}

Test(socket, goes_on_reading_when_it_is_interrupted, .timeout = 60) {
    Pair pair;
    char buffer[8];
    pair_open(&pair);
    pair_deliver(&pair, "four");
    script_fail_next(&script_read, 3, EINTR);
    ssize_t result = socket_read_buf(&pair.near, buffer, sizeof buffer);
    cr_assert_eq(result, 4,
                 "Three signals interrupted the read, which "
                 "answered %s instead of 4 bytes.",
                 error_name((int)result));
    pair_close(&pair);
}

Test(socket, interrupted_read_finds_the_end_of_file, .timeout = 60) {
    Pair pair;
    char buffer[8];
    pair_open(&pair);
    pair_hang_up(&pair);
    script_fail_next(&script_read, 1, EINTR);
    ssize_t result = socket_read_buf(&pair.near, buffer, sizeof buffer);
    cr_assert_eq(result, 0,
                 "A read was interrupted, and then came to the end of file; it "
                 "answered %s instead of 0.",
                 error_name((int)result));
    pair_close(&pair);
}

#ifndef _WIN32 /* which cannot wait for a pipe as for a socket */
Test(socket, may_be_the_reading_end_of_a_pipe, .timeout = 60) {
    int ends[2];
    char buffer[8];
    Socket socket;
    cr_assert_eq(pipe(ends), 0);
    int result = socket_init(&socket, ends[0]);
    cr_assert_eq(result, 0,
                 "The reading end of a pipe was refused; socket_init() "
                 "answered %s.",
                 error_name(result));
    cr_assert_eq(write(ends[1], "four", 4), 4);
    cr_assert(socket_has_data_to_read(&socket) &&
                  socket_read_buf(&socket, buffer, sizeof buffer) == 4,
              "Four bytes went into a pipe and were not read from it.");
    socket_close(&socket);
    close(ends[1]);
}
#endif

Test(socket, reports_the_error_of_a_read, .timeout = 60) {
    Pair pair;
    char buffer[8];
    pair_open(&pair);
    script_fail_always(&script_read, ECONNRESET);
    ssize_t result = socket_read_buf(&pair.near, buffer, sizeof buffer);
    cr_assert_eq(result, -ECONNRESET,
                 "The connection was reset; the read "
                 "answered %s instead of -ECONNRESET.",
                 error_name((int)result));
    pair_close(&pair);
}

Test(socket, wakes_once_when_data_arrives, .timeout = 60) {
    Pair pair;
    ProbeWaker a;
    probe_waker_init(&a, "A");
    pair_open(&pair);
    cr_assert_eq(ask(&pair.near, &a), 0);
    cr_assert_eq(a.held, 1, "The socket keeps %d clones of the waker, not 1.",
                 a.held);
    cr_assert_eq(a.wakes, 0, "The task was woken before anything arrived.");
    pair_deliver(&pair, "one");
    script_await_threads();
    cr_assert_eq(a.wakes, 1, "Data arrived, and the task was woken %d times.",
                 a.wakes);
    assert_balanced(&a);
    pair_close(&pair);
}

Test(socket, wakes_when_the_other_end_hangs_up, .timeout = 60) {
    Pair pair;
    ProbeWaker a;
    probe_waker_init(&a, "A");
    pair_open(&pair);
    ask(&pair.near, &a);
    pair_hang_up(&pair);
    script_await_threads();
    cr_assert_eq(a.wakes, 1,
                 "The other end hung up, and the task was woken "
                 "%d times: end of file is news, too.",
                 a.wakes);
    pair_close(&pair);
}

Test(socket, goes_on_watching_when_it_is_interrupted, .timeout = 60) {
    Pair pair;
    ProbeWaker a;
    probe_waker_init(&a, "A");
    pair_open(&pair);
    script_interrupted_watches = 3;
    pair_deliver(&pair, "one");
    ask(&pair.near, &a);
    script_await_threads();
    cr_assert_lt(script_interrupted_watches, 0,
                 "A signal interrupted the watching thread, which did not go "
                 "on watching.");
    cr_assert_eq(a.wakes, 1, "The task was woken %d times.", a.wakes);
    pair_close(&pair);
}

Test(socket, wakes_when_it_cannot_be_watched, .timeout = 60) {
    Pair pair;
    ProbeWaker a;
    probe_waker_init(&a, "A");
    pair_open(&pair);
    script_watch_error = ENOMEM;
    ask(&pair.near, &a);
    script_await_threads();
    cr_assert_eq(a.wakes, 1,
                 "The system refused to watch the socket, and the "
                 "task was woken %d times: once, so that it reads "
                 "and learns what is wrong.",
                 a.wakes);
    pair_close(&pair);
}

Test(socket, gives_the_latest_waker_to_the_same_thread, .timeout = 60) {
    Pair pair;
    ProbeWaker first, latest;
    probe_waker_init(&first, "first");
    probe_waker_init(&latest, "latest");
    pair_open(&pair);
    ask(&pair.near, &first);
    ask(&pair.near, &latest);
    cr_assert_eq(script_threads_started, 1,
                 "One socket was waited for, and %d threads were started.",
                 script_threads_started);
    cr_assert_eq(first.held, 0, "The waker that was replaced was not dropped.");
    pair_deliver(&pair, "one");
    script_await_threads();
    cr_assert(first.wakes == 0 && latest.wakes == 1,
              "One waiter asked twice, for two tasks; the first was woken %d "
              "times instead of 0, the latest %d times instead of once.",
              first.wakes, latest.wakes);
    assert_balanced(&first);
    assert_balanced(&latest);
    pair_close(&pair);
}

Test(socket, watches_anew_after_each_wake_up, .timeout = 60) {
    Pair pair;
    ProbeWaker a;
    char buffer[8];
    probe_waker_init(&a, "A");
    pair_open(&pair);
    for (int i = 1; i <= 3; i++) {
        ask(&pair.near, &a);
        cr_assert_eq(socket_watching_threads(), 1,
                     "One read waits, %d threads watch: the thread of the "
                     "wait before has ended and has to be joined.",
                     socket_watching_threads());
        pair_deliver(&pair, "more");
        script_await_threads();
        socket_read_buf(&pair.near, buffer, sizeof buffer);
    }
    cr_assert_eq(a.wakes, 3,
                 "Data arrived three times, each time waited for; "
                 "the task was woken %d times.",
                 a.wakes);
    socket_clear_readable_callback(&pair.near, &waiter);
    assert_nobody_watches(&pair.near);
    assert_balanced(&a);
    pair_close(&pair);
}

#ifndef _WIN32 /* where a socket never has a number so small */
Test(socket, may_have_descriptor_0, .timeout = 60) {
    Pair pair;
    ProbeWaker a;
    probe_waker_init(&a, "A");
    close(0);
    pair_open(&pair);
    cr_assert_eq(pair.near.descriptor, 0, "The test has not got descriptor 0.");
    int result = ask(&pair.near, &a);
    cr_assert_eq(result, 0,
                 "A socket with descriptor 0 was to be waited for; the answer "
                 "was %s.",
                 error_name(result));
    socket_clear_readable_callback(&pair.near, &waiter);
    assert_nobody_watches(&pair.near);
    ask(&pair.near, &a);
    pair_deliver(&pair, "one");
    script_await_threads();
    cr_assert_eq(a.wakes, 1,
                 "Data came for descriptor 0, and its task was woken %d times.",
                 a.wakes);
    pair_close(&pair);
    cr_assert_eq(fcntl(0, F_GETFD), -1, "Descriptor 0 was not closed.");
}
#endif

/* --- Several who wait ------------------------------------------------------ */

static void count_here(void *threads) {
    *(int *)threads = socket_watching_threads();
}

Test(socket, counts_the_threads_that_watch_for_its_own, .timeout = 60) {
    Pair pair;
    ProbeWaker a;
    int elsewhere = -1;
    probe_waker_init(&a, "A");
    pair_open(&pair);
    ask(&pair.near, &a);
    on_another_thread(count_here, &elsewhere);
    cr_assert_eq(elsewhere, 0,
                 "A second thread has no socket, and counts %d threads that "
                 "watch: two executors would change one count at once.",
                 elsewhere);
    socket_clear_readable_callback(&pair.near, &waiter);
    pair_close(&pair);
}

Test(socket, wakes_all_who_wait, .timeout = 60) {
    Pair pair;
    Waiter nodes[3] = {0};
    ProbeWaker tasks[3];
    static const char *const names[] = {"A", "B", "C"};
    pair_open(&pair);
    for (int i = 0; i < 3; i++) {
        probe_waker_init(&tasks[i], names[i]);
        cr_assert_eq(ask_with(&pair.near, &nodes[i], &tasks[i]), 0);
    }
    cr_assert_eq(socket_watching_threads(), 1,
                 "Three wait for one socket, and %d threads watch it.",
                 socket_watching_threads());
    pair_deliver(&pair, "one");
    script_await_threads();
    assert_trace("wake A, wake B, wake C",
                 "Data arrived, and three had waited for it.");
    for (int i = 0; i < 3; i++) {
        assert_balanced(&tasks[i]);
    }
    pair_close(&pair);
}

/* A pair whose near end A waits for, and behind it B. */
static void open_for_two(Pair *pair, Waiter *first, ProbeWaker *a,
                         Waiter *second, ProbeWaker *b) {
    *first = *second = (Waiter){0};
    probe_waker_init(a, "A");
    probe_waker_init(b, "B");
    pair_open(pair);
    ask_with(&pair->near, first, a);
    ask_with(&pair->near, second, b);
}

Test(socket, forgets_one_of_two_and_wakes_the_other, .timeout = 60) {
    Pair pair;
    Waiter first, second;
    ProbeWaker a, b;
    open_for_two(&pair, &first, &a, &second, &b);
    socket_clear_readable_callback(&pair.near, &first);
    cr_assert_eq(socket_watching_threads(), 1,
                 "Two waited, one of them was cleared, and %d threads watch "
                 "for the other.",
                 socket_watching_threads());
    assert_balanced(&a);
    pair_deliver(&pair, "one");
    script_await_threads();
    assert_trace("wake B", "A and B waited, A was cleared, and data came.");
    assert_balanced(&b);
    pair_close(&pair);
}

Test(socket, closed_wakes_all_who_wait, .timeout = 60) {
    Pair pair;
    Waiter first, second;
    ProbeWaker a, b;
    open_for_two(&pair, &first, &a, &second, &b);
    pair_close(&pair);
    assert_trace("wake A, wake B", "A socket was closed, and two had waited.");
    cr_assert_eq(socket_watching_threads(), 0,
                 "A socket was closed while a thread watched it, and that "
                 "thread is still there.");
    int result = ask_with(&pair.near, &first, &a);
    cr_assert_eq(result, -EBADF,
                 "A socket that is closed was to be waited for; the answer was "
                 "%s instead of -EBADF.",
                 error_name(result));
    socket_clear_readable_callback(&pair.near, &first); /* nothing to do */
    socket_clear_readable_callback(&pair.near, &second);
    assert_balanced(&a);
    assert_balanced(&b);
}

/* A waker is code of others: this one looks at the socket that wakes it. */
static Pair *closing;
static int answer_when_woken;

static void ask_again_when_woken(ProbeWaker *self, const char *what) {
    if (what[0] == 'w') { /* wake */
        answer_when_woken = ask(&closing->near, self);
    }
}

Test(socket, is_closed_before_it_wakes, .timeout = 60) {
    Pair pair;
    ProbeWaker a;
    probe_waker_init(&a, "A");
    a.hook = ask_again_when_woken;
    closing = &pair;
    pair_open(&pair);
    ask(&pair.near, &a);
    pair_close(&pair);
    cr_assert_eq(answer_when_woken, -EBADF,
                 "Closing a socket woke a task that asked to wait again; the "
                 "answer was %s instead of -EBADF.",
                 error_name(answer_when_woken));
    assert_balanced(&a);
}

/* And this one opens another socket, and takes out who stands behind it. */
static Pair opened;
static Waiter behind;

static void open_and_clear_when_woken(ProbeWaker *self, const char *what) {
    (void)self;
    if (what[0] == 'w') { /* wake */
        pair_open(&opened);
        socket_clear_readable_callback(&closing->near, &behind);
    }
}

Test(socket, closed_wakes_nobody_who_was_taken_out_meanwhile, .timeout = 60) {
    Pair pair;
    ProbeWaker a, b;
    probe_waker_init(&a, "A");
    probe_waker_init(&b, "B");
    a.hook = open_and_clear_when_woken;
    closing = &pair;
    pair_open(&pair);
    ask(&pair.near, &a);
    ask_with(&pair.near, &behind, &b);
    pair_close(&pair);
    assert_trace("wake A", "A socket was closed, and A's waker took B out.");
    assert_balanced(&a);
    assert_balanced(&b);
    pair_close(&opened);
}

/* This one closes the socket when it is cloned to wait for it. */
static void close_when_cloned(ProbeWaker *self, const char *what) {
    (void)self;
    if (what[0] == 'c') { /* clone */
        pair_close(closing);
    }
}

Test(socket, clone_may_close_it, .timeout = 60) {
    Pair pair;
    ProbeWaker a;
    probe_waker_init(&a, "A");
    a.hook = close_when_cloned;
    closing = &pair;
    pair_open(&pair);
    int result = ask(&pair.near, &a);
    cr_assert_eq(result, -EBADF,
                 "A waker closed the socket when it was cloned to wait for it, "
                 "and the answer was %s instead of -EBADF.",
                 error_name(result));
    assert_nobody_watches(&pair.near);
    assert_balanced(&a);
}

/* --- The watching thread ---------------------------------------------------- */

static Socket *watched;
static int lock_was_free;

static void try_lock(void *argument) {
    (void)argument;
    if (pthread_mutex_trylock(&watched->lock) == 0) {
        lock_was_free += 1;
        pthread_mutex_unlock(&watched->lock);
    }
}

static void try_lock_when_woken(ProbeWaker *self, const char *what) {
    (void)self;
    if (what[0] == 'w') { /* wake */
        on_another_thread(try_lock, NULL);
    }
}

Test(socket, wakes_outside_its_lock, .timeout = 60) {
    Pair pair;
    ProbeWaker a;
    probe_waker_init(&a, "A");
    a.hook = try_lock_when_woken;
    pair_open(&pair);
    watched = &pair.near;
    pair_deliver(&pair, "one");
    ask(&pair.near, &a);
    script_await_threads();
    cr_assert_eq(lock_was_free, 1,
                 "Data came, and the lock of the socket was free in %d of 1 "
                 "wake-ups: a waker is code of others, and may want it.",
                 lock_was_free);
    pair_close(&pair);
}

Test(socket, forgets_its_callback_and_the_thread, .timeout = 60) {
    Pair pair;
    ProbeWaker a;
    probe_waker_init(&a, "A");
    pair_open(&pair);
    ask(&pair.near, &a);
    socket_clear_readable_callback(&pair.near, &waiter);
    assert_nobody_watches(&pair.near);
    pair_deliver(&pair, "too late");
    cr_assert_eq(a.wakes, 0,
                 "The callback was cleared, and the task was "
                 "woken.");
    assert_balanced(&a);
    socket_clear_readable_callback(&pair.near, &waiter); /* nothing to do */
    pair_close(&pair);
}

/* Stands still in its wake until its thread was cancelled. */
static atomic_bool waking, went_on;

static void stand_until_cancelled(ProbeWaker *self, const char *what) {
    (void)self;
    if (what[0] == 'w') { /* wake */
        atomic_store(&waking, true);
        while (atomic_load(&script_threads_cancelled) == 0) {
            sched_yield();
        }
        pthread_testcancel();
        atomic_store(&went_on, true);
    }
}

Test(socket, closed_while_its_thread_wakes_waits_for_that, .timeout = 60) {
    Pair pair;
    ProbeWaker a;
    probe_waker_init(&a, "A");
    a.hook = stand_until_cancelled;
    pair_open(&pair);
    pair_deliver(&pair, "one");
    ask(&pair.near, &a);
    while (!atomic_load(&waking)) {
        sched_yield();
    }
    pair_close(&pair);
    cr_assert(atomic_load(&went_on),
              "A socket was closed while its thread called a waker, and the "
              "thread was ended in the middle of it.");
    assert_balanced(&a);
}

Test(socket, guards_its_list_while_it_wakes, .timeout = 60) {
    Pair pair;
    Waiter first, second;
    ProbeWaker a, b;
    open_for_two(&pair, &first, &a, &second, &b);
    pair_deliver(&pair, "one");
    script_await_threads();
    cr_assert_eq(script_unguarded, 0,
                 "The watching thread changed a list of waiters %d times "
                 "without the socket's lock.",
                 script_unguarded);
    cr_assert_eq(pthread_mutex_trylock(&pair.near.lock), 0,
                 "The watching thread has ended with the socket's lock.");
    pthread_mutex_unlock(&pair.near.lock);
    pair_close(&pair);
}

Test(socket, without_a_thread_wakes_nobody_and_says_so, .timeout = 60) {
    Pair pair;
    ProbeWaker a;
    probe_waker_init(&a, "A");
    pair_open(&pair);
    script_fail_always(&script_pthread_create, EAGAIN);
    int result = ask(&pair.near, &a);
    cr_assert_eq(result, -EAGAIN,
                 "There was no thread to watch the socket, "
                 "and the answer was %s instead of -EAGAIN.",
                 error_name(result));
    assert_nobody_watches(&pair.near);
    assert_balanced(&a);
    pair_close(&pair);
}
