/*
 * What only the poll back end promises.
 */
#include <errno.h>

#include "backend.h"
#include "error_name.h"
#include "fixture.h"
#include "platform.h"
#include "script_waiting.h"

SuiteFor(poll, backend_poll);

Test(backend_poll, asks_the_kernel_once_for_all_that_is_ready, .timeout = 60) {
    for (uint64_t i = 0; i < 10; i++) {
        ask(pair_open().near, i, WRITABLE);
    }
    for (int i = 0; i < 10; i++) {
        cr_assert(look().signals == WRITABLE, "All ten have room.");
    }
    cr_assert(script_poll.calls == 1,
              "Ten events, one at a time, took %d calls of poll(2): it "
              "answers for all of them at once, and the rest is kept.",
              script_poll.calls);
}

Test(backend_poll, asks_again_when_the_rest_has_left, .timeout = 60) {
    Pair first = pair_open(), second = pair_open(), third = pair_open();
    ask(first.near, 1, WRITABLE);
    ask(second.near, 2, WRITABLE);
    ask(third.near, 3, READABLE);
    assert_event(1, WRITABLE, "Both have room; there is room for one event.");
    stop_asking(first.near, BOTH);
    stop_asking(second.near, BOTH);
    far_sends(&third, "x");
    Event event = {0, 0};
    int result = io_blocker_block_until(blocker, DEADLINE_NOW, &event, 1);
    cr_assert(result == 1 && event.id == 3,
              "What was left to hand out has been removed. Then the kernel "
              "must be asked, or a socket that is ready is overlooked (%s).",
              error_name(result));
}

Test(backend_poll, forgets_what_it_found_out_when_more_is_asked,
     .timeout = 60) {
    Pair first = pair_open(), second = pair_open();
    ask(first.near, 1, WRITABLE);
    ask(second.near, 2, WRITABLE);
    assert_event(1, WRITABLE, "Both have room; there is room for one event.");
    far_sends(&second, "x");
    ask(second.near, 2, READABLE);
    Signals came = look().signals;
    cr_assert(came == BOTH,
              "Asking checks the level at that moment: there are data and "
              "room now. It reported %s, from before.",
              signals_name(came));
}

Test(backend_poll, forgets_it_while_others_are_still_to_come, .timeout = 60) {
    Pair pairs[3] = {pair_open(), pair_open(), pair_open()};
    for (uint64_t i = 0; i < 3; i++) {
        ask(pairs[i].near, i, WRITABLE);
    }
    assert_event(0, WRITABLE, "All have room; there is room for one event.");
    far_sends(&pairs[1], "x");
    ask(pairs[1].near, 1, READABLE);
    assert_event(2, WRITABLE,
                 "More was asked of object 1, so what had been found out about "
                 "it is out of date.");
    assert_event(1, BOTH, "There are data and room now.");
}

Test(backend_poll, reports_what_was_closed_too_early, .timeout = 60) {
    Pair pair = pair_open();
    ask(pair.near, 1, READABLE);
    network_close(pair.near);
    assert_event(1, READABLE,
                 "The number is not open any more (POLLNVAL): the next read "
                 "says so to whoever waits.");
    stop_asking(pair.near, BOTH);
}

Test(backend_poll, reports_no_object_in_the_place_of_its_pipe, .timeout = 60) {
    Backend *backend;
    Readiness reports[4];
    bool woken = false;
    Pair pair = pair_open();
    cr_assert(backend_new(&backend) == 0, "Nothing is scarce.");
    backend_arm(backend, pair.near, 7, 0, WRITABLE);
    backend_wake(backend);
    int count = backend_wait(backend, DEADLINE_NOW, reports, 4, &woken);
    backend_free(backend);
    cr_assert(count == 1 && woken && reports[0].object == pair.near,
              "There is room on one object, and somebody called "
              "backend_wake(). There were %d reports, the first about "
              "descriptor %d, not one about %d.",
              count, reports[0].object, pair.near);
}

Test(backend_poll, drains_its_pipe_at_each_wake_up, .timeout = 60) {
    Event event;
    for (int i = 0; i < 10; i++) {
        for (int n = 0; n < 200; n++) {
            io_blocker_wake(blocker);
        }
        cr_assert(io_blocker_block(blocker, &event) == -ECANCELED,
                  "It was woken.");
    }
    cr_assert(script_poll.calls == 10,
              "Ten wake-ups, of 200 calls each, took %d waits: the pipe must "
              "be read empty, or the rest ends the next wait.",
              script_poll.calls);
}

/* The number of a pipe's end that an IoBlocker would get now: 0 or 1. */
static int next_number(int which) {
    int ends[2];
    cr_assert(pipe(ends) == 0, "A pipe can be had.");
    close(ends[0]);
    close(ends[1]);
    return ends[which];
}

/* What two waits say after one end of the wake-up's pipe has been closed. */
static int wait_without_end(int which, int *polls_out) {
    IoBlocker *other;
    Event event;
    int end = next_number(which);
    cr_assert(io_blocker_new(&other) == 0, "Nothing is scarce.");
    io_blocker_add_io_event_interest(other, pair_open().near,
                                     (Event){1, WRITABLE});
    int before = script_poll.calls;
    close(end);
    int result = io_blocker_block(other, &event);
    int again = io_blocker_block(other, &event);
    *polls_out = script_poll.calls - before;
    io_blocker_free(other);
    return again == result ? result : -EIO;
}

Test(backend_poll, cannot_wait_without_its_pipe, .timeout = 60) {
    for (int which = 0; which < 2; which++) {
        int polls;
        int result = wait_without_end(which, &polls);
        cr_assert(result == -EBADF && polls == 2,
                  "The end of the pipe that %s was closed. Two waits asked the "
                  "kernel %d times and returned %s, not -EBADF: nobody called "
                  "io_blocker_wake(), so it is no -ECANCELED.",
                  which == 0 ? "is read" : "is written to", polls,
                  error_name(result));
    }
}

Test(backend_poll, opens_a_pipe_that_does_not_block, .timeout = 60) {
    bool before[1024];
    for (int i = 0; i < 1024; i++) {
        before[i] = fcntl(i, F_GETFD) >= 0;
    }
    IoBlocker *other;
    cr_assert(io_blocker_new(&other) == 0, "Nothing is scarce.");
    int opened = 0, good = 0;
    for (int i = 0; i < 1024; i++) {
        if (!before[i] && fcntl(i, F_GETFD) >= 0) {
            opened += 1;
            good += fcntl(i, F_GETFD) == FD_CLOEXEC &&
                    (fcntl(i, F_GETFL) & O_NONBLOCK) != 0;
        }
    }
    io_blocker_free(other);
    cr_assert(opened == 2 && good == 2,
              "Of %d descriptors %d neither block nor are inherited; it "
              "should be two of two: a full pipe would put to sleep whoever "
              "wakes.",
              opened, good);
}
