/*
 * What only the kqueue back end promises: which changes it makes, in how many
 * calls, and what it takes an event for. Where the kernel is Linux, a model of
 * kqueue stands in for it.
 */
#include "error_name.h"
#include "scripted_kevent.h"

#ifdef HAVE_KEVENT
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend.h"
#include "fixture.h"
#include "script_descriptors.h"
#include "script_time.h"
#include "script_waiting.h"

SuiteFor(kqueue, backend_kqueue);

/* How many waits it takes until a second has passed without an event. */
static int waits_in_silence(void) {
    int before = script_waits();
    assert_silence("Nobody waits for anything.");
    return script_waits() - before;
}

Test(backend_kqueue, tells_the_kernel_once_for_a_repeated_wait, .timeout = 60) {
    Pair pair = pair_open();
    char byte;
    ask(pair.near, 1, READABLE);
    int before = script_kevent_changes.calls;
    for (int i = 0; i < 100; i++) {
        ask(pair.near, 1, READABLE);
        far_sends(&pair, "x");
        assert_event(1, READABLE, "The socket has data.");
        near_reads(&pair, &byte, 1);
    }
    int calls = script_kevent_changes.calls - before;
    cr_assert(calls == 0 && script_kevent.calls == 100,
              "A hundred repeated waits took %d calls that change filters and "
              "%d that wait: what is added is level-triggered, so it may stay.",
              calls, script_kevent.calls);
}

Test(backend_kqueue, makes_all_changes_in_one_call, .timeout = 60) {
    Pair pair = pair_open();
    changes_clear();
    int before = script_kevent_changes.calls;
    ask(pair.near, 1, BOTH);
    assert_changes("+READ +WRITE", "A reader and a writer are two filters.");
    stop_asking(pair.near, BOTH);
    assert_changes("+READ +WRITE -READ -WRITE", "Both have to go.");
    int calls = script_kevent_changes.calls - before;
    cr_assert(calls == 2,
              "Adding two filters and deleting them took %d calls: kevent() "
              "takes a list.",
              calls);
}

Test(backend_kqueue, changes_only_the_filter_that_differs, .timeout = 60) {
    Pair pair = pair_open();
    changes_clear();
    ask(pair.near, 1, READABLE);
    ask(pair.near, 1, WRITABLE);
    assert_changes("+READ +WRITE", "The reader's filter is there already.");
    assert_event(1, WRITABLE, "The socket has room.");
    assert_silence("Nothing came for the reader.");
    assert_changes("+READ +WRITE -WRITE", "Only the room is for nobody.");
    far_sends(&pair, "x");
    assert_event(1, READABLE, "Deleting one filter must leave the other.");
}

Test(backend_kqueue, takes_back_one_filter_if_the_other_is_refused,
     .timeout = 60) {
    for (int nth = 1; nth <= 2; nth++) {
        Pair pair = pair_open();
        far_sends(&pair, "x");
        script_fail(&script_change, nth, ENOMEM);
        int result = io_blocker_add_io_event_interest(blocker, pair.near,
                                                      (Event){1, BOTH});
        cr_assert(result == -ENOMEM,
                  "One of two filters was refused, and adding returned %s: "
                  "what both were asked for is not there.",
                  error_name(result));
        int waits = waits_in_silence();
        cr_assert(waits == 1,
                  "Of two filters one was refused and the other stayed, of "
                  "which nobody knows: it ended %d waits at once.",
                  waits - 1);
        ask(pair.near, 1, READABLE);
        assert_event(1, READABLE, "The second attempt counts like a first.");
        stop_asking(pair.near, BOTH);
    }
}

Test(backend_kqueue, keeps_the_reader_if_the_writer_is_refused, .timeout = 60) {
    Pair pair = pair_open();
    ask(pair.near, 1, READABLE);
    script_fail(&script_change, 1, ENOMEM);
    int result = io_blocker_add_io_event_interest(blocker, pair.near,
                                                  (Event){1, WRITABLE});
    cr_assert(result == -ENOMEM, "The kernel's error is the answer, not %s.",
              error_name(result));
    far_sends(&pair, "x");
    assert_event(1, READABLE,
                 "The writer was refused, and the reader was taken back with "
                 "it, although it had been there before.");
}

Test(backend_kqueue, has_an_event_for_each_filter_of_an_object, .timeout = 60) {
    Pair pair = pair_open();
    Event events[3];
    far_sends(&pair, "x");
    ask(pair.near, 1, BOTH);
    int result = io_blocker_block_until(blocker, DEADLINE_NOW, events, 3);
    cr_assert(result == 2 && events[0].id == 1 && events[1].id == 1 &&
                  (events[0].signals | events[1].signals) == BOTH,
              "Data and room are two events of the kernel's, and in one batch "
              "both of them must reach whoever asked (%s).",
              error_name(result));
    assert_silence("Both have had their event.");
}

/* What comes out of an event that the kernel is made to report. */
static Signals signals_of(const Pair *pair, short filter, unsigned short flags,
                          unsigned fflags) {
    struct kevent event;
    ask(pair->near, 1, BOTH);
    EV_SET(&event, (uintptr_t)pair->near, 0, 0, 0, 0, kevent_udata());
    event.filter = filter;
    event.flags = flags;
    event.fflags = fflags;
    kevent_reports(&event);
    Signals signals = look().signals;
    stop_asking(pair->near, BOTH);
    return signals;
}

Test(backend_kqueue, takes_end_of_file_for_no_hang_up, .timeout = 60) {
    const short filters[] = {EVFILT_READ, EVFILT_WRITE};
    const Signals own[] = {READABLE, WRITABLE};
    for (int i = 0; i < 2; i++) {
        Pair pairs[4] = {pair_open(), pair_open(), pair_open(), pair_open()};
        Signals plain = signals_of(&pairs[0], filters[i], 0, 0);
        Signals ended = signals_of(&pairs[1], filters[i], EV_EOF, 0);
        Signals broken = signals_of(&pairs[2], filters[i], EV_EOF, ECONNRESET);
        Signals error = signals_of(&pairs[3], filters[i], EV_ERROR, 0);
        cr_assert(plain == own[i], "The filter's own signal came out as %s.",
                  signals_name(plain));
        cr_assert(ended == own[i],
                  "EV_EOF of one filter became %s: it says that this "
                  "direction has ended, and nothing of the other, which may "
                  "still work.",
                  signals_name(ended));
        cr_assert(broken == BOTH && error == BOTH,
                  "EV_EOF with an error in fflags became %s, EV_ERROR %s: an "
                  "error arrives as whatever was asked for.",
                  signals_name(broken), signals_name(error));
    }
}

Test(backend_kqueue, carries_the_generation_in_udata, .timeout = 60) {
    Pair pair = pair_open();
    struct kevent stale;
    ask(pair.near, 1, READABLE);
    EV_SET(&stale, (uintptr_t)pair.near, EVFILT_READ, 0, 0, 1, kevent_udata());
    stop_asking(pair.near, BOTH);
    ask(pair.near, 2, READABLE);
    kevent_reports(&stale);
    assert_silence("The event of an object that has been forgotten reached "
                   "the one that has its number now.");
    far_sends(&pair, "x");
    assert_event(2, READABLE, "The event of the new one has its generation.");
}

Test(backend_kqueue, has_no_quarrel_with_what_has_vanished, .timeout = 60) {
    Backend *backend;
    Pair pair = pair_open();
    cr_assert(backend_new(&backend) == 0, "Nothing is scarce.");
    cr_assert(backend_arm(backend, pair.near, 1, 0, BOTH) == 0, "It is open.");
    network_close(pair.near);
    int closed = backend_arm(backend, pair.near, 1, BOTH, 0);
    Pair next = pair_open(); /* has the number */
    int used_again = backend_arm(backend, next.near, 1, BOTH, 0);
    backend_free(backend);
    cr_assert(closed == 0 && used_again == 0,
              "The kernel deletes what is closed by itself. Deleting it once "
              "more is done already, and no error (%d, %d).",
              closed, used_again);
}

Test(backend_kqueue, is_not_woken_by_a_duplicate_of_what_was_closed,
     .timeout = 60) {
    Pair pair = pair_open();
    network_duplicate(pair.near);
    ask(pair.near, 1, READABLE);
    network_close(pair.near);
    far_sends(&pair, "x");
    int waits = waits_in_silence();
    cr_assert(waits == 1,
              "Closing a descriptor deletes its filters, even if a duplicate "
              "lives, but %d waits ended early.",
              waits - 1);
}

Test(backend_kqueue, tells_the_writer_of_a_pipe_that_nobody_reads,
     .timeout = 60) {
    Pair pair = pair_open_pipe_to_write();
    far_closes(&pair);
    for (int i = 0; i < 3; i++) {
        ask(pair.near, 1, WRITABLE);
        assert_event(1, WRITABLE,
                     "Nobody reads this pipe any more. The kernel refuses the "
                     "filter (EPIPE) instead of reporting, and the writer was "
                     "not told.");
    }
    waits_in_silence();
    cr_assert(waits_in_silence() == 1,
              "Nobody waits for the pipe, but what stood in for its filter is "
              "still there.");
    ask(pair.near, 1, WRITABLE);
    stop_asking(pair.near, BOTH);
    cr_assert(waits_in_silence() == 1, "Removed, it is to be deleted at once.");
}

Test(backend_kqueue, leaves_nothing_of_a_pipe_that_nobody_reads,
     .timeout = 60) {
    Pair pair = pair_open_pipe_to_write();
    near_fills(&pair);
    ask(pair.near, 1, WRITABLE);
    far_closes(&pair);
    assert_event(1, WRITABLE, "The pipe's last reader has gone.");
    stop_asking(pair.near, BOTH);
    cr_assert(waits_in_silence() == 1,
              "The pipe was removed after its hang-up had been reported, but "
              "something that reports it is still there.");
}

Test(backend_kqueue, says_of_a_device_that_it_cannot_be_waited_for,
     .timeout = 60) {
    const int errors[] = {ENODEV, EINVAL};
    for (int i = 0; i < 2; i++) {
        Pair pair = pair_open();
        script_fail(&script_change, 1, errors[i]);
        int result = io_blocker_add_io_event_interest(blocker, pair.near,
                                                      (Event){1, READABLE});
        cr_assert(result == -EPERM,
                  "The kernel refused a device with error %d, as macOS does. "
                  "Adding it returned %s, not -EPERM, which is the answer of "
                  "all systems for what cannot be waited for.",
                  errors[i], error_name(result));
    }
}

Test(backend_kqueue, keeps_one_stand_in_when_the_other_goes, .timeout = 60) {
    Pair pair = pair_open();
    near_fills(&pair);
    for (int nth = 1; nth <= 2; nth++) {
        script_fail(&script_change, 1, EPIPE);
        ask(pair.near, 1, nth == 1 ? READABLE : WRITABLE);
    }
    cr_assert(look().signals == BOTH, "Both have been refused with EPIPE.");
    ask(pair.near, 1, WRITABLE);
    assert_event(1, WRITABLE,
                 "What stood in for the reader's filter has been reported and "
                 "is gone, and what stood in for the writer's went with it.");
    ask(pair.near, 1, BOTH);
    assert_silence("The filters could be added after all, and there is nothing "
                   "to read and no room.");
    stop_asking(pair.near, BOTH);
    cr_assert(waits_in_silence() == 1, "A stand-in was left behind.");
}

Test(backend_kqueue, waits_again_when_a_fifo_has_a_new_reader, .timeout = 60) {
    char name[] = "/tmp/fifo-XXXXXX";
    close(mkstemp(name)); /* a name that is free */
    unlink(name);
    cr_assert(mkfifo(name, 0600) == 0, "A FIFO can be made.");
    int reader = open(name, O_RDONLY | O_NONBLOCK);
    int near = open(name, O_WRONLY | O_NONBLOCK);
    Pair writer = {network_duplicate(near), network_duplicate(reader)};
    close(reader);
    close(near);
    far_closes(&writer);
    ask(writer.near, 1, WRITABLE);
    assert_event(1, WRITABLE, "Nobody reads the FIFO.");
    int next = open(name, O_RDONLY | O_NONBLOCK);
    unlink(name);
    near_fills(&writer);
    ask(writer.near, 1, WRITABLE);
    (void)look(); /* it may not know yet: that is a spurious event */
    ask(writer.near, 1, WRITABLE);
    Event event = look();
    close(next);
    cr_assert(event.signals == 0,
              "The FIFO has got a new reader, and it is full, but WRITABLE is "
              "reported over and over: whoever waits for room never sleeps.");
}

Test(backend_kqueue, spends_its_wake_up_without_a_read, .timeout = 60) {
    Event event;
    for (int i = 0; i < 10; i++) {
        io_blocker_wake(blocker);
        io_blocker_block(blocker, &event);
    }
    cr_assert(script_read.calls == 0 && script_kevent.calls == 10 &&
                  waits_in_silence() == 1,
              "Ten wake-ups took %d reads and %d waits: the event is added "
              "with EV_CLEAR, each report spends it.",
              script_read.calls, script_kevent.calls);
}

/* The time-out that a wait with so much time left gives to the kernel. */
static struct timespec timeout_with(uint64_t left_ns, bool *limited_out) {
    struct timespec timeout;
    Event event;
    io_blocker_block_until(blocker, script_clock_ns + left_ns, &event, 1);
    *limited_out = kevent_timeout(&timeout);
    return timeout;
}

Test(backend_kqueue, rounds_up_the_time_that_is_left, .timeout = 60) {
    const uint64_t left_ns[] = {1, NS_PER_MS - 1, NS_PER_S - 1,
                                3 * NS_PER_S + 1};
    const struct timespec expected[] = {
        {0, 1000000}, {0, 1000000}, {1, 0}, {3, 1000000}};
    for (int i = 0; i < 4; i++) {
        bool limited;
        struct timespec timeout = timeout_with(left_ns[i], &limited);
        cr_assert(limited && timeout.tv_sec == expected[i].tv_sec &&
                      timeout.tv_nsec == expected[i].tv_nsec,
                  "%lu ns before the deadline the kernel is given %ld s and "
                  "%ld ns: rounded down, it would wake early, and a timespec "
                  "holds less than a second of nanoseconds.",
                  (unsigned long)left_ns[i], (long)timeout.tv_sec,
                  timeout.tv_nsec);
    }
}

Test(backend_kqueue, waits_for_ever_without_a_time_out, .timeout = 60) {
    Pair pair = pair_open();
    struct timespec timeout;
    Event event;
    ask(pair.near, 1, WRITABLE);
    io_blocker_block(blocker, &event);
    cr_assert(!kevent_timeout(&timeout),
              "To wait for ever is to give no timespec at all; given were %ld "
              "s and %ld ns.",
              (long)timeout.tv_sec, timeout.tv_nsec);
}

Test(backend_kqueue, opens_one_descriptor_that_no_program_inherits,
     .timeout = 60) {
    bool before[1024];
    for (int i = 0; i < 1024; i++) {
        before[i] = fcntl(i, F_GETFD) >= 0;
    }
    IoBlocker *other;
    cr_assert(io_blocker_new(&other) == 0, "Nothing is scarce.");
    int opened = 0, inherited = 0;
    for (int i = 0; i < 1024; i++) {
        if (!before[i] && fcntl(i, F_GETFD) >= 0) {
            opened += 1;
            inherited += (fcntl(i, F_GETFD) & FD_CLOEXEC) == 0;
        }
    }
    io_blocker_free(other);
    cr_assert(opened == 1 && inherited == 0,
              "It opened %d descriptors, of which %d would stay open in a "
              "program that this one becomes: a queue is one, with "
              "FD_CLOEXEC.",
              opened, inherited);
}
/*
 * Why one removes before one closes: a trap, and no promise. Closing has ended
 * what was armed, and nobody here has heard of it.
 */
Test(backend_kqueue, is_not_told_that_a_number_has_changed_hands,
     .timeout = 60) {
    Pair old = pair_open();
    far_sends(&old, "x");
    ask(old.near, 1, READABLE);
    assert_event(1, READABLE, "The socket has data.");
    network_close(old.near); /* the event is spent, but nobody has removed */
    Pair new = pair_open();
    cr_assert(new.near == old.near, "The system uses the number again.");
    far_sends(&new, "y");
    ask(new.near, 1, READABLE);
    assert_silence("io_blocker.h warns that a socket with the number and the "
                   "id of one that was closed without removal is never "
                   "reported. It was: then the warning is out of date.");
    stop_asking(new.near, BOTH);
    ask(new.near, 1, READABLE);
    assert_event(1, READABLE,
                 "Removing forgets what was armed, late as it is.");
}
#else
typedef int NoBackendKqueue; /* a file must declare something */
#endif
