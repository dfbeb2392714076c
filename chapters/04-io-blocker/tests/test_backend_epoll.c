/*
 * What only the epoll back end promises: which system calls it makes, and
 * with which flags.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>

#include "error_name.h"
#include "fixture.h"
#include "platform.h"
#include "script_descriptors.h"
#include "script_waiting.h"

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

/* --- What the texts tell of this kernel: facts, and no promises ---------- */

int __real_epoll_wait(int epoll, struct epoll_event *events, int capacity,
                      int timeout_ms);

static void half_close(Pair *pair) {
    shutdown(pair->far, SHUT_WR);
}

static void close_unread(Pair *pair) {
    cr_assert(write(pair->near, "x", 1) == 1, "There is room.");
    far_closes(pair);
}

static void half_close_from_both_ends(Pair *pair) {
    shutdown(pair->near, SHUT_WR);
    shutdown(pair->far, SHUT_WR);
}

/* What epoll says of a socket with room, after that. */
static uint32_t told_after(Pair pair, void (*end)(Pair *pair)) {
    struct epoll_event event = {.events = EPOLLRDHUP};
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    epoll_ctl(epoll, EPOLL_CTL_ADD, pair.near, &event);
    end(&pair);
    __real_epoll_wait(epoll, &event, 1, 5000); /* until it has arrived */
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP;
    epoll_ctl(epoll, EPOLL_CTL_MOD, pair.near, &event);
    __real_epoll_wait(epoll, &event, 1, 0);
    close(epoll);
    return event.events;
}

Test(backend_epoll, calls_it_a_hang_up_when_both_directions_are_over,
     .timeout = 60) {
    const uint32_t end = EPOLLIN | EPOLLOUT | EPOLLRDHUP;
    const struct {
        const char *what;
        void (*end)(Pair *pair);
        uint32_t tcp, local;
    } rows[] = {
        {"half-close", half_close, end, end},
        {"close", far_closes, end, end | EPOLLHUP},
        {"half-close from both ends", half_close_from_both_ends, end | EPOLLHUP,
         end | EPOLLHUP},
        {"close with a byte unread", close_unread, end | EPOLLHUP | EPOLLERR,
         end | EPOLLHUP | EPOLLERR},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t tcp = told_after(pair_open_tcp(), rows[i].end);
        uint32_t local = told_after(pair_open(), rows[i].end);
        cr_assert(tcp == rows[i].tcp && local == rows[i].local,
                  "%s: epoll says %#x of TCP and %#x of a Unix socket, and "
                  "the table of docs/back-ends.md says %#x and %#x.",
                  rows[i].what, tcp, local, rows[i].tcp, rows[i].local);
    }
}

Test(backend_epoll, tells_a_tcp_writer_of_the_end_by_its_second_write,
     .timeout = 60) {
    Pair pair = pair_open_tcp();
    signal(SIGPIPE, SIG_IGN);
    far_closes(&pair);
    ask(pair.near, 1, WRITABLE);
    assert_event(1, WRITABLE, "There is room; of an end nothing is said.");
    cr_assert(write(pair.near, "1", 1) == 1,
              "The first write after the far end's close succeeds: this end "
              "cannot know yet that the other does not read any more.");
    ask(pair.near, 1, READABLE); /* the answer is a reset: wait for it */
    assert_event(1, READABLE, "The end of the data, or the reset.");
    struct epoll_event event = {.events = 0};
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    epoll_ctl(epoll, EPOLL_CTL_ADD, pair.near, &event);
    __real_epoll_wait(epoll, &event, 1, 5000);
    close(epoll);
    cr_assert(write(pair.near, "2", 1) < 0 && errno == EPIPE,
              "The second write fails with EPIPE, not with %s.",
              error_name(-errno));
}

Test(backend_epoll, knows_an_object_by_number_and_open_file, .timeout = 60) {
    Pair pair = pair_open();
    struct epoll_event event = {.events = EPOLLIN};
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    int duplicate = network_duplicate(pair.near);
    epoll_ctl(epoll, EPOLL_CTL_ADD, pair.near, &event);
    network_close(pair.near); /* while a duplicate lives */
    far_sends(&pair, "x");
    int reported = epoll_wait(epoll, &event, 1, 0);
    int by_duplicate = epoll_ctl(epoll, EPOLL_CTL_DEL, duplicate, NULL);
    int by_number = epoll_ctl(epoll, EPOLL_CTL_DEL, pair.near, NULL);
    int back = dup2(duplicate, pair.near);
    int after_dup2 = epoll_ctl(epoll, EPOLL_CTL_DEL, pair.near, NULL);
    close(back);
    close(epoll);
    cr_assert(reported == 1, "Closed, it goes on being reported.");
    cr_assert(by_duplicate < 0 && by_number < 0 && after_dup2 == 0,
              "An entry's key is its number together with its open file: the "
              "duplicate has another number, the old number has no file, and "
              "dup2() brings the two together again. Removal by the duplicate "
              "returned %d, by the old number %d, after dup2() %d.",
              by_duplicate, by_number, after_dup2);
}
