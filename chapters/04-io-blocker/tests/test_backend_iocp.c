/*
 * What only the IOCP back end promises: when it starts polls, when it cancels
 * them, and what becomes of the memory that the kernel has been lent.
 */
#include <errno.h>

#include "backend.h"
#include "error_name.h"
#include "fixture.h"
#include "platform.h"
#include "script_memory.h"
#include "script_waiting.h"
#include "script_windows.h"

SuiteFor(iocp, backend_iocp);

static int look_now(Event *event_out) {
    return io_blocker_block_until(blocker, DEADLINE_NOW, event_out, 1);
}

/* Asks, and has the poll started: nothing is there yet. */
static void wait_in_vain(IoObject object, uint64_t id, Signals signals) {
    Event event;
    ask(object, id, signals);
    cr_assert(look_now(&event) == -ETIMEDOUT, "Nothing is there yet.");
}

Test(backend_iocp, starts_one_poll_for_each_report, .timeout = 60) {
    Pair pair = pair_open();
    char byte;
    wait_in_vain(pair.near, 1, READABLE);
    for (int i = 0; i < 50; i++) {
        far_sends(&pair, "x");
        ask(pair.near, 1, READABLE);
        assert_event(1, READABLE, "The socket has data.");
        near_reads(&pair, &byte, 1);
    }
    cr_assert(script_afd_poll.calls == 50 && script_cancel.calls == 0,
              "Fifty events took %d polls and %d were cancelled: a poll is "
              "started again after its report, before the next wait, and not "
              "more often.",
              script_afd_poll.calls, script_cancel.calls);
}

Test(backend_iocp, polls_no_more_for_what_has_been_disarmed, .timeout = 60) {
    Pair pair = pair_open();
    far_sends(&pair, "x");
    ask(pair.near, 1, READABLE);
    assert_event(1, READABLE, "The socket has data.");
    stop_asking(pair.near, BOTH);
    assert_silence("Nobody waits any more.");
    cr_assert(script_afd_poll.calls == 1 && script_polls == 0,
              "The interest was removed after its event, before the poll was "
              "started again: then it need not be. %d were started.",
              script_afd_poll.calls);
}

Test(backend_iocp, has_one_poll_of_a_socket_under_way, .timeout = 60) {
    Pair pair = pair_open();
    Event event = {0, 0};
    wait_in_vain(pair.near, 1, READABLE);
    ask(pair.near, 1, WRITABLE);
    cr_assert(look_now(&event) == 1 && event.signals == WRITABLE,
              "A poll for data was under way when room was asked for, and "
              "there is room: one look must cancel the poll, take its packet "
              "out and start one for both.");
    wait_in_vain(pair.near, 1, READABLE);
    cr_assert(script_polls <= 1,
              "%d polls of one socket are under way: what happens on it will "
              "be reported that often.",
              script_polls);
}

Test(backend_iocp, waits_for_the_packet_of_a_cancelled_poll, .timeout = 60) {
    Pair pair = pair_open();
    Event event = {0, 0};
    wait_in_vain(pair.near, 1, READABLE);
    ask(pair.near, 1, WRITABLE);
    int result = io_blocker_block_until(blocker, DEADLINE_NOW, &event, 1);
    cr_assert(script_timeouts[1] == -1,
              "It waited %d ms for the packet of the poll that it had just "
              "cancelled: the packet is sure to come, but may take longer. "
              "There is room on the socket, and it would be missed.",
              script_timeouts[1]);
    cr_assert(result == 1 && event.signals == WRITABLE, "There is room.");
}

Test(backend_iocp, refuses_more_while_it_cannot_cancel, .timeout = 60) {
    Pair pair = pair_open();
    wait_in_vain(pair.near, 1, READABLE);
    script_fail(&script_cancel, 1, EINVAL);
    int result = io_blocker_add_io_event_interest(blocker, pair.near,
                                                  (Event){1, WRITABLE});
    cr_assert(result == -EINVAL,
              "A poll for data is under way and cannot be cancelled, so there "
              "can be none for room. Asking for room returned %s, and nobody "
              "would ever be told of it.",
              error_name(result));
    assert_silence("Nothing is there to read.");
    cr_assert(script_timeouts[1] >= 0,
              "The poll was not cancelled, so no packet will come, and the "
              "next wait has no time-out.");
    far_sends(&pair, "x");
    assert_event(1, READABLE, "The poll that is under way still counts.");
    ask(pair.near, 1, WRITABLE);
    assert_event(1, WRITABLE, "The next attempt counts like a first.");
}

Test(backend_iocp, forgets_what_it_cannot_cancel, .timeout = 60) {
    Pair old = pair_open();
    Event event;
    wait_in_vain(old.near, 1, READABLE);
    script_fail(&script_cancel, 1, EINVAL);
    stop_asking(old.near, BOTH);
    cr_assert(look_now(&event) == -ETIMEDOUT && script_timeouts[1] == 0,
              "An interest was removed, but its poll could not be cancelled. "
              "The next wait, which was to look only, had a time-out of %d.",
              script_timeouts[1]);
    network_close(old.near);
    Pair new = pair_open();
    cr_assert(new.near == old.near, "The system uses the number again.");
    ask(new.near, 1, READABLE);
    assert_silence("A poll that could not be cancelled ended when its socket "
                   "was closed, and was taken for one of the new socket that "
                   "has the number and the id.");
    far_sends(&new, "y");
    assert_event(1, READABLE, "Now the new socket has data of its own.");
}

Test(backend_iocp, does_not_cancel_a_poll_that_covers_what_is_left,
     .timeout = 60) {
    Backend *backend;
    Readiness report;
    bool woken = false;
    Pair pair = pair_open();
    near_fills(&pair);
    cr_assert(backend_new(&backend) == 0, "Nothing is scarce.");
    backend_arm(backend, pair.near, 1, 0, BOTH);
    int none = backend_wait(backend, DEADLINE_NOW, &report, 1, &woken);
    int before = script_cancel.calls;
    backend_arm(backend, pair.near, 1, BOTH, READABLE);
    int cancels = script_cancel.calls - before;
    far_sends(&pair, "x");
    int count =
        backend_wait(backend, clock_now_ns() + NS_PER_S, &report, 1, &woken);
    backend_arm(backend, pair.near, 1, READABLE, 0);
    backend_free(backend);
    cr_assert(none == 0 && cancels == 0,
              "A poll for data and room is under way and only data are wanted "
              "now: that poll tells of them, but it was cancelled %d times.",
              cancels);
    cr_assert(count == 1 && (report.signals & READABLE) != 0,
              "Data came, and the wait returned %d.", count);
}

Test(backend_iocp, goes_below_layers_that_hide_the_base, .timeout = 60) {
    Pair pair = pair_open();
    script_socket_has_layers = true;
    ask(pair.near, 1, READABLE);
    far_sends(&pair, "x");
    assert_event(1, READABLE,
                 "The socket does not say what lies beneath it "
                 "(SIO_BASE_HANDLE), but which one is polled in its place "
                 "(SIO_BSP_HANDLE_POLL).");
}

Test(backend_iocp, starts_no_poll_in_memory_that_is_lent, .timeout = 60) {
    Pair pair = pair_open();
    for (int i = 0; i < 10; i++) {
        wait_in_vain(pair.near, 1, READABLE);
        stop_asking(pair.near, BOTH);
        ask(pair.near, 1, READABLE);
        stop_asking(pair.near, BOTH);
    }
    far_sends(&pair, "x");
    ask(pair.near, 2, READABLE);
    assert_event(2, READABLE, "The socket has data.");
    cr_assert(script_polls_in_lent_memory == 0,
              "%d polls were started in the memory of one that had been "
              "cancelled, before its packet had come: the kernel has not given "
              "it back yet, and writes to it.",
              script_polls_in_lent_memory);
}

Test(backend_iocp, throws_away_the_packet_of_a_cancelled_poll, .timeout = 60) {
    Pair first = pair_open(), old = pair_open();
    wait_in_vain(first.near, 1, READABLE);
    wait_in_vain(old.near, 2, READABLE);
    far_sends(&old, "x");
    far_sends(&first, "x");
    Event told = look(); /* the other packet is in the port now */
    cr_assert(told.signals == READABLE, "Both have data.");
    Pair *untold = told.id == 1 ? &old : &first;
    int number = untold->near;
    stop_asking(number, BOTH);
    network_close(number);
    Pair new = pair_open();
    cr_assert(new.near == number, "The system uses the number again.");
    ask(number, 3, READABLE);
    assert_silence("A poll was cancelled when it had ended already. Its packet "
                   "was taken for one of the new socket that has the number.");
    far_sends(&new, "y");
    assert_event(3, READABLE, "Now the new socket has data of its own.");
}

Test(backend_iocp, has_taken_back_all_memory_when_it_is_freed, .timeout = 60) {
    IoBlocker *other;
    Event event;
    cr_assert(io_blocker_new(&other) == 0, "Nothing is scarce.");
    for (uint64_t i = 0; i < 20; i++) {
        Pair pair = pair_open();
        io_blocker_add_io_event_interest(other, pair.near,
                                         (Event){i, READABLE});
        io_blocker_block_until(other, DEADLINE_NOW, &event, 1);
        if (i % 2 == 0) {
            io_blocker_remove_io_event_interest(other, pair.near, BOTH);
        }
        if (i % 4 == 0) {
            network_close(pair.near);
        }
    }
    cr_assert(script_polls >= 10, "Ten polls at least are under way.");
    io_blocker_free(other); /* the script looks what is freed */
    cr_assert(script_polls == 0,
              "io_blocker_free() returned while %d polls were under way: it "
              "must cancel them and take their packets out.",
              script_polls);
}

Test(backend_iocp, leaves_the_kernel_what_it_cannot_take_back, .timeout = 60) {
    IoBlocker *other;
    Event event;
    Pair pair = pair_open();
    cr_assert(io_blocker_new(&other) == 0, "Nothing is scarce.");
    io_blocker_add_io_event_interest(other, pair.near, (Event){1, READABLE});
    io_blocker_block_until(other, DEADLINE_NOW, &event, 1);
    script_fail(&script_cancel, 1, EINVAL);
    int before = script_blocks;
    io_blocker_free(other); /* the script looks what is freed */
    cr_assert(before - script_blocks == 4,
              "A poll could not be cancelled, so of five blocks of memory the "
              "one that the kernel writes to is lost; %d were freed.",
              before - script_blocks);
    script_blocks -= 1; /* that is as it has to be */
}

Test(backend_iocp, does_not_poll_a_closed_socket_again, .timeout = 60) {
    Pair pair = pair_open(), other = pair_open();
    wait_in_vain(pair.near, 1, READABLE);
    network_close(pair.near); /* too early: the interest stands */
    assert_event(1, READABLE, "Closing ends the poll, which is reported.");
    int before = script_afd_poll.calls;
    assert_silence("The socket is gone.");
    cr_assert(script_afd_poll.calls == before,
              "The socket has been closed, and its number may stand for "
              "another one: it must not be polled again.");
    far_sends(&other, "x");
    ask(other.near, 2, READABLE);
    assert_event(2, READABLE, "Other sockets are not concerned.");
    stop_asking(pair.near, BOTH);
}

Test(backend_iocp, forgets_a_socket_closed_before_its_poll, .timeout = 60) {
    Pair pair = pair_open(), other = pair_open();
    far_sends(&pair, "x");
    ask(pair.near, 1, BOTH);
    cr_assert(look().id == 1, "The socket has data, and room.");
    network_close(pair.near); /* too early: it is armed */
    assert_silence("The socket is gone, so no poll of it can be started. That "
                   "is no reason for a wait to fail.");
    far_sends(&other, "x");
    ask(other.near, 2, READABLE);
    assert_event(2, READABLE, "Other sockets are not concerned.");
    stop_asking(pair.near, BOTH);
}

Test(backend_iocp, polls_the_socket_that_has_the_number_now, .timeout = 60) {
    Pair old = pair_open();
    wait_in_vain(old.near, 1, READABLE);
    stop_asking(old.near, BOTH);
    network_close(old.near);
    HANDLE taken = CreateEventW(NULL, FALSE, FALSE, NULL);
    Pair new = pair_open(); /* the number is the same, the handle is not */
    cr_assert(new.near == old.near, "The system uses the number again.");
    far_sends(&new, "y");
    ask(new.near, 2, READABLE);
    assert_event(2, READABLE,
                 "The number stands for another socket now, and its data were "
                 "not reported: ask for the base handle each time.");
    CloseHandle(taken);
}

Test(backend_iocp, goes_on_when_the_kernel_ends_its_polls, .timeout = 60) {
    Pair pair = pair_open();
    wait_in_vain(pair.near, 1, READABLE);
    script_end_polls();
    assert_silence("Windows ends the polls of a thread that has ended, and "
                   "says cancelled. That is no event.");
    far_sends(&pair, "x");
    assert_event(1, READABLE,
                 "The thread that had started the poll has ended, and with it "
                 "the poll: whoever waits next must start it again.");
}

Test(backend_iocp, passes_on_that_no_poll_can_be_started, .timeout = 60) {
    Pair pair = pair_open();
    Event event;
    ask(pair.near, 1, WRITABLE);
    script_fail(&script_afd_poll, 1, ENOMEM);
    int result = look_now(&event);
    cr_assert(result == -ENOMEM,
              "The system has no memory for a poll; waiting returned %s, and "
              "nobody will ever hear of this socket.",
              error_name(result));
    assert_event(1, WRITABLE, "The next wait starts it.");
}

Test(backend_iocp, puts_one_wake_up_into_the_port, .timeout = 60) {
    Event event;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 1000; i++) {
            io_blocker_wake(blocker);
        }
        cr_assert(look_now(&event) == -ECANCELED, "It was woken.");
    }
    cr_assert(script_post.calls == 3 && script_dequeue.calls == 3,
              "Three times a thousand wake-ups put %d packets into the port, "
              "and took %d waits: one is enough until it has been taken out.",
              script_post.calls, script_dequeue.calls);
}

Test(backend_iocp, tries_again_to_wake_when_it_could_not, .timeout = 60) {
    Event event;
    script_fail(&script_post, 1, ENOMEM);
    io_blocker_wake(blocker);
    io_blocker_wake(blocker);
    cr_assert(look_now(&event) == -ECANCELED,
              "The first packet could not be put into the port, so there is "
              "none; the second call must not rely on it.");
}

enum { ROUNDS = 100, STEP = 4 }; /* handles are multiples of four */

/* The last of many handles that the system gives out: what is free is filled. */
static uintptr_t last_handle(void) {
    HANDLE handles[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        handles[i] = CreateEventW(NULL, FALSE, FALSE, NULL);
    }
    for (int i = 0; i < ROUNDS; i++) {
        CloseHandle(handles[i]);
    }
    return (uintptr_t)handles[ROUNDS - 1];
}

Test(backend_iocp, closes_its_handles, .timeout = 60) {
    uintptr_t before = last_handle();
    for (int i = 0; i < ROUNDS; i++) {
        IoBlocker *other;
        cr_assert(io_blocker_new(&other) == 0, "Nothing is scarce.");
        io_blocker_free(other);
    }
    uintptr_t after = last_handle();
    cr_assert(after < before + ROUNDS * STEP / 2,
              "A hundred were made and freed, and the handles went up from %d "
              "to %d: close the port, and the device.",
              (int)before, (int)after);
}
