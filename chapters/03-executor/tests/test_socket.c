#include <criterion/criterion.h>
#include <errno.h>

#include "pair.h"
#include "platform.h"
#include "probe.h"
#include "script.h"

/* Asks the socket to wake the task, with a waker that is only lent. */
static int ask(Socket *socket, ProbeWaker *task) {
    Waker lent = probe_waker_lend(task);
    return socket_set_readable_callback(socket, &lent);
}

Test(socket, makes_its_descriptor_non_blocking, .timeout = 5) {
    Pair pair;
    pair_open(&pair);
    cr_assert_neq(fcntl(pair.near.descriptor, F_GETFL) & O_NONBLOCK, 0,
                  "The descriptor is blocking: one read too many, and all "
                  "tasks stand still.");
    pair_close(&pair);
}

Test(socket, that_cannot_be_made_leaves_the_descriptor_open, .timeout = 5) {
    int ends[2];
    Socket socket;
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    for (int call = 1; call <= 2; call++) {
        script.refuse_fcntl = call;
        int result = socket_init(&socket, ends[0]);
        cr_assert_eq(result, -EBADF,
                     "fcntl() call %d failed with EBADF, and "
                     "socket_init() answered %d.",
                     call, result);
    }
    script.mutex_error = EAGAIN;
    int result = socket_init(&socket, ends[0]);
    cr_assert_eq(result, -EAGAIN,
                 "There was no lock, and socket_init() "
                 "answered %d instead of -EAGAIN.",
                 result);
    cr_assert_neq(fcntl(ends[0], F_GETFD), -1,
                  "socket_init() failed and closed a descriptor that is still "
                  "the caller's.");
    close(ends[0]);
    close(ends[1]);
}

Test(socket, closes_its_descriptor, .timeout = 5) {
    Pair pair;
    pair_open(&pair);
    int descriptor = pair.near.descriptor;
    pair_close(&pair);
    cr_assert_eq(fcntl(descriptor, F_GETFD), -1,
                 "The socket was closed and its descriptor is still open.");
}

Test(socket, has_data_when_a_read_would_get_something, .timeout = 5) {
    Pair pair;
    char buffer[8];
    pair_open(&pair);
    cr_assert(!socket_has_data_to_read(&pair.near),
              "Nothing was written yet, but the socket has data to read.");
    cr_assert_eq(script.blocking_looks, 0,
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

Test(socket, tells_nothing_yet_from_nothing_ever_again, .timeout = 5) {
    Pair pair;
    char buffer[8];
    pair_open(&pair);
    ssize_t result = socket_read_buf(&pair.near, buffer, sizeof buffer);
    cr_assert_eq(result, -EAGAIN,
                 "There is nothing to read yet; the read answered %zd instead "
                 "of -EAGAIN. 0 would mean end of file.",
                 result);
    pair_hang_up(&pair);
    result = socket_read_buf(&pair.near, buffer, sizeof buffer);
    cr_assert_eq(result, 0,
                 "The other end has closed; the read answered %zd "
                 "instead of 0, end of file.",
                 result);
    pair_close(&pair);
}

Test(socket, goes_on_reading_when_it_is_interrupted, .timeout = 5) {
    Pair pair;
    char buffer[8];
    pair_open(&pair);
    pair_deliver(&pair, "four");
    script.interrupted_reads = 3;
    ssize_t result = socket_read_buf(&pair.near, buffer, sizeof buffer);
    cr_assert_eq(result, 4,
                 "Three signals interrupted the read, which "
                 "answered %zd: EINTR means try again.",
                 result);
    pair_close(&pair);
}

Test(socket, reports_the_error_of_a_read, .timeout = 5) {
    Pair pair;
    char buffer[8];
    pair_open(&pair);
    script.read_error = ECONNRESET;
    ssize_t result = socket_read_buf(&pair.near, buffer, sizeof buffer);
    cr_assert_eq(result, -ECONNRESET,
                 "The connection was reset; the read "
                 "answered %zd instead of -ECONNRESET.",
                 result);
    pair_close(&pair);
}

Test(socket, wakes_once_when_data_arrives, .timeout = 5) {
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

Test(socket, wakes_when_the_other_end_hangs_up, .timeout = 5) {
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

Test(socket, goes_on_watching_when_it_is_interrupted, .timeout = 5) {
    Pair pair;
    ProbeWaker a;
    probe_waker_init(&a, "A");
    pair_open(&pair);
    script.interrupted_watches = 3;
    pair_deliver(&pair, "one");
    ask(&pair.near, &a);
    script_await_threads();
    cr_assert_lt(script.interrupted_watches, 0,
                 "A signal interrupted the watching thread, and it took that "
                 "for data: EINTR means try again.");
    cr_assert_eq(a.wakes, 1, "The task was woken %d times.", a.wakes);
    pair_close(&pair);
}

Test(socket, wakes_when_it_cannot_be_watched, .timeout = 5) {
    Pair pair;
    ProbeWaker a;
    probe_waker_init(&a, "A");
    pair_open(&pair);
    script.watch_error = ENOMEM;
    ask(&pair.near, &a);
    script_await_threads();
    cr_assert_eq(a.wakes, 1,
                 "The system refused to watch the socket, and the "
                 "task was woken %d times: once, so that it reads "
                 "and learns what is wrong.",
                 a.wakes);
    pair_close(&pair);
}

Test(socket, gives_the_latest_waker_to_the_same_thread, .timeout = 5) {
    Pair pair;
    ProbeWaker first, latest;
    probe_waker_init(&first, "first");
    probe_waker_init(&latest, "latest");
    pair_open(&pair);
    ask(&pair.near, &first);
    ask(&pair.near, &latest);
    cr_assert_eq(script.threads_started, 1,
                 "%d threads watch one socket: the one that is there gets the "
                 "new waker.",
                 script.threads_started);
    cr_assert_eq(first.held, 0, "The waker that was replaced was not dropped.");
    pair_deliver(&pair, "one");
    script_await_threads();
    cr_assert(first.wakes == 0 && latest.wakes == 1,
              "The callback was set twice; the first waker woke %d times and "
              "the latest %d times. Only the latest counts.",
              first.wakes, latest.wakes);
    assert_balanced(&first);
    assert_balanced(&latest);
    pair_close(&pair);
}

Test(socket, watches_anew_after_each_wake_up, .timeout = 5) {
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
    socket_clear_readable_callback(&pair.near);
    assert_nobody_watches(&pair.near);
    assert_balanced(&a);
    pair_close(&pair);
}

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

Test(socket, wakes_outside_its_lock, .timeout = 5) {
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
                 "The waker was called while the socket's lock was held: it "
                 "is somebody else's code, and may want that lock.");
    pair_close(&pair);
}

Test(socket, forgets_its_callback_and_the_thread, .timeout = 5) {
    Pair pair;
    ProbeWaker a;
    probe_waker_init(&a, "A");
    pair_open(&pair);
    ask(&pair.near, &a);
    socket_clear_readable_callback(&pair.near);
    assert_nobody_watches(&pair.near);
    pair_deliver(&pair, "too late");
    cr_assert_eq(a.wakes, 0,
                 "The callback was cleared, and the task was "
                 "woken.");
    assert_balanced(&a);
    socket_clear_readable_callback(&pair.near); /* nothing to do */
    pair_close(&pair);
}

Test(socket, closed_with_a_watching_thread_ends_it, .timeout = 5) {
    Pair pair;
    ProbeWaker a;
    probe_waker_init(&a, "A");
    pair_open(&pair);
    ask(&pair.near, &a);
    pair_close(&pair);
    cr_assert_eq(socket_watching_threads(), 0,
                 "A socket was closed while a thread watched it: that thread "
                 "is still there, and watches whatever gets the number next.");
    assert_balanced(&a);
}

Test(socket, without_a_thread_wakes_nobody_and_says_so, .timeout = 5) {
    Pair pair;
    ProbeWaker a;
    probe_waker_init(&a, "A");
    pair_open(&pair);
    script.thread_error = EAGAIN;
    int result = ask(&pair.near, &a);
    cr_assert_eq(result, -EAGAIN,
                 "There was no thread to watch the socket, "
                 "and the answer was %d instead of -EAGAIN.",
                 result);
    assert_nobody_watches(&pair.near);
    assert_balanced(&a);
    pair_close(&pair);
}
