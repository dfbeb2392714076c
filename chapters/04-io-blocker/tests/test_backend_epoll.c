/*
 * What only the epoll back end promises: which system calls it makes, and
 * with which flags.
 */
#include <errno.h>
#include <fcntl.h>

#include "error_name.h"
#include "fixture.h"

SuiteFor(epoll, backend_epoll);

Test(backend_epoll, tells_the_kernel_once_for_a_repeated_wait, .timeout = 60) {
    Pair pair = pair_open();
    char byte;
    ask(pair.near, 1, READABLE);
    int before = script_epoll_ctl.calls;
    for (int i = 0; i < 100; i++) {
        ask(pair.near, 1, READABLE);
        far_sends(&pair, "x");
        assert_event(1, READABLE, "The socket has data.");
        near_reads(&pair, &byte, 1);
    }
    int calls = script_epoll_ctl.calls - before;
    cr_assert(calls == 0,
              "A hundred repeated waits called epoll_ctl %d times: it is "
              "level-triggered, so what is registered may stay.",
              calls);
    cr_assert(script_epoll_wait.calls == 100,
              "A hundred events took %d calls of epoll_wait.",
              script_epoll_wait.calls);
}

Test(backend_epoll, makes_one_call_for_a_lost_interest, .timeout = 60) {
    Pair pair = pair_open();
    far_sends(&pair, "x");
    ask(pair.near, 1, READABLE);
    assert_event(1, READABLE, "The socket has data.");
    int before = script_epoll_ctl.calls;
    for (int i = 0; i < 5; i++) {
        assert_silence("Nobody asked again.");
    }
    int calls = script_epoll_ctl.calls - before;
    cr_assert(calls == 1,
              "Losing interest costs one epoll_ctl, when the event shows that "
              "nobody waits. It cost %d.",
              calls);
}

Test(backend_epoll, never_reads_its_eventfd, .timeout = 60) {
    Event event;
    for (int i = 0; i < 10; i++) {
        io_blocker_wake(blocker);
        io_blocker_block(blocker, &event);
    }
    cr_assert(script_read.calls == 0 && script_epoll_wait.calls == 10,
              "Ten wake-ups took %d reads and %d waits: the eventfd is "
              "edge-triggered, each write ends one wait, and nobody needs to "
              "read it.",
              script_read.calls, script_epoll_wait.calls);
}

Test(backend_epoll, opens_two_descriptors_that_no_program_inherits,
     .timeout = 60) {
    int before = descriptors_open();
    IoBlocker *other;
    cr_assert(io_blocker_new(&other) == 0, "Nothing is scarce.");
    int opened = 0, inherited = 0;
    for (int i = 0; i < 1024; i++) {
        inherited += fcntl(i, F_GETFD) == 0 && i > 2;
    }
    opened = descriptors_open() - before;
    io_blocker_free(other);
    for (int i = 0; i < 1024; i++) {
        inherited -= fcntl(i, F_GETFD) == 0 && i > 2;
    }
    cr_assert(opened == 2, "It opened %d descriptors, not two.", opened);
    cr_assert(inherited == 0,
              "%d descriptors would stay open in a program that this one "
              "starts: EPOLL_CLOEXEC, EFD_CLOEXEC.",
              inherited);
}

Test(backend_epoll, passes_on_that_no_more_can_be_watched, .timeout = 60) {
    Pair pair = pair_open();
    script_fail(&script_epoll_ctl, 1, ENOSPC);
    int result = io_blocker_add_io_event_interest(blocker, pair.near,
                                                  (Event){1, READABLE});
    cr_assert(result == -ENOSPC,
              "The kernel watches no more objects for this user (ENOSPC), but "
              "adding returned %s.",
              error_name(result));
    ask(pair.near, 1, WRITABLE);
    assert_event(1, WRITABLE, "The second attempt counts like a first.");
}

/*
 * Why one removes before one closes: a trap, and no promise. Closing has ended
 * what was armed, and nobody here has heard of it.
 */
Test(backend_epoll, is_not_told_that_a_number_has_changed_hands,
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
