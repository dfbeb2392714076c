/*
 * Interests that are given up, sockets that are closed, numbers that are used
 * again: an event reaches whoever waits, and nobody else.
 */
#include <errno.h>
#include <stdio.h>

#include "error_name.h"
#include "fixture.h"
#include "platform.h"
#include "script_waiting.h"

Suite(removal);

Test(removal, silences_the_object, .timeout = 60) {
    Pair pair = pair_open();
    ask(pair.near, 1, BOTH);
    stop_asking(pair.near, BOTH);
    far_sends(&pair, "x");
    assert_silence("The interest was removed before anything came.");
}

Test(removal, of_one_signal_keeps_the_other, .timeout = 60) {
    const Signals either[] = {READABLE, WRITABLE};
    for (int i = 0; i < 2; i++) {
        Pair pair = pair_open();
        far_sends(&pair, "x");
        ask(pair.near, 1, BOTH);
        stop_asking(pair.near, either[i]);
        assert_event(1, BOTH & ~either[i],
                     "Of a reader and a writer one gave up; the other still "
                     "waits, and only that one.");
        assert_silence("Nobody waits any more.");
    }
}

Test(removal, lets_another_id_ask, .timeout = 60) {
    Pair pair = pair_open();
    far_sends(&pair, "x");
    ask(pair.near, 1, READABLE);
    stop_asking(pair.near, READABLE);
    ask(pair.near, 2, READABLE);
    assert_event(2, READABLE, "Id 1 has gone, and id 2 waits now.");
}

Test(removal, of_what_nobody_asked_for_is_allowed, .timeout = 60) {
    Pair pair = pair_open(), other = pair_open();
    ask(other.near, 2, READABLE);
    stop_asking(pair.near, BOTH);
    stop_asking(-1, BOTH);
    for (IoObject object = 0; object < 2000; object++) {
        stop_asking(object, BOTH); /* in the table, and beyond its end */
    }
    ask(pair.near, 1, WRITABLE);
    stop_asking(pair.near, READABLE);
    assert_event(1, WRITABLE,
                 "Only READABLE was removed, which nobody had "
                 "asked for.");
}

Test(removal, after_the_event_forgets_the_object, .timeout = 60) {
    Pair old = pair_open();
    far_sends(&old, "x");
    ask(old.near, 1, READABLE);
    assert_event(1, READABLE, "The socket has data.");
    stop_asking(old.near, BOTH);
    network_close(old.near);
    Pair new = pair_open();
    cr_assert(new.near == old.near, "The system uses the number again.");
    far_sends(&new, "y");
    ask(new.near, 1, READABLE);
    assert_event(1, READABLE,
                 "A socket was removed and closed, and a new one has its "
                 "number and its id. It is not known to the system yet, but "
                 "the IoBlocker believes that it is: removing must forget "
                 "what was armed, spent or not.");
}

/*
 * In the wrong order: the number is gone before the interest is, and a
 * duplicate keeps the socket alive. Some systems can then be told nothing any
 * more, and report the old socket for ever; each wait ends early.
 */
static Pair close_too_early(void) {
    Pair pair = pair_open();
    network_duplicate(pair.near);
    ask(pair.near, 1, READABLE);
    network_close(pair.near);
    stop_asking(pair.near, BOTH);
    far_sends(&pair, "x");
    return pair;
}

Test(removal, after_closing_is_harmless, .timeout = 60) {
    close_too_early();
    assert_silence("The socket was closed and its interest removed; a "
                   "duplicate of it still gets data, which concerns nobody "
                   "here.");
}

Test(removal, after_closing_lets_a_look_return, .timeout = 60) {
    close_too_early();
    Event event;
    for (int i = 0; i < 3; i++) {
        int result = io_blocker_block_until(blocker, DEADLINE_NOW, &event, 1);
        cr_assert(result == -ETIMEDOUT,
                  "With DEADLINE_NOW it looks once; what it finds is for "
                  "nobody, so the answer is -ETIMEDOUT, not %s.",
                  error_name(result));
    }
}

Test(removal, after_closing_does_not_hide_the_others, .timeout = 60) {
    close_too_early();
    Pair other = pair_open();
    far_sends(&other, "y");
    ask(other.near, 2, READABLE);
    assert_event(2, READABLE, "The other socket has data.");
}

Test(removal, gives_a_number_used_again_no_event_of_the_old, .timeout = 60) {
    Pair old = close_too_early();
    Pair new = pair_open();
    cr_assert(new.near == old.near, "The system uses the number again.");
    ask(new.near, 2, READABLE);
    assert_silence("Data came for an old socket. A new one has its number, "
                   "and was told of them: a report carries the generation "
                   "under which its object was added, and an old one reaches "
                   "nobody.");
    far_sends(&new, "y");
    assert_event(2, READABLE, "Now the new socket has data of its own.");
}

Test(removal, keeps_even_the_same_id_from_the_events_of_the_old,
     .timeout = 60) {
    Pair old = close_too_early();
    Pair new = pair_open();
    cr_assert(new.near == old.near, "The system uses the number again.");
    ask(new.near, 1, READABLE);
    assert_silence("Data came for an old socket. A new one has its number and "
                   "its id, and was told of them.");
}

Test(removal, of_one_whose_event_is_under_way_is_in_time, .timeout = 60) {
    for (int round = 0; round < 2; round++) {
        Pair pairs[2] = {pair_open(), pair_open()};
        for (int i = 0; i < 2; i++) {
            far_sends(&pairs[i], "x");
            ask(pairs[i].near, (uint64_t)i, READABLE);
        }
        int told = (int)look().id; /* both are ready, and one was asked for */
        stop_asking(pairs[1 - told].near, BOTH);
        assert_silence("Two sockets were ready and there was room for one "
                       "event. The other's interest was then removed, but its "
                       "event came all the same.");
        stop_asking(pairs[told].near, BOTH);
    }
}

Test(removal, leaves_nothing_of_a_batch_to_who_has_the_number_next,
     .timeout = 60) {
    for (uint64_t same_id = 0; same_id < 2; same_id++) {
        Pair pairs[2] = {pair_open(), pair_open()};
        for (int i = 0; i < 2; i++) {
            far_sends(&pairs[i], "x");
            ask(pairs[i].near, (uint64_t)i, READABLE);
        }
        int other = 1 - (int)look().id;
        stop_asking(pairs[other].near, BOTH);
        network_close(pairs[other].near);
        Pair next = pair_open();
        cr_assert(next.near == pairs[other].near, "The number is used again.");
        uint64_t id = same_id ? (uint64_t)other : 2;
        ask(next.near, id, READABLE);
        assert_silence("Two sockets were ready and there was room for one "
                       "event. The other was removed and closed, and a new "
                       "one has its number: it has no data, but was told so.");
        far_sends(&next, "y");
        assert_event(id, READABLE, "Now it has.");
        stop_asking(next.near, BOTH);
        stop_asking(pairs[1 - other].near, BOTH);
    }
}

Test(removal, and_asking_again_at_once_loses_nothing, .timeout = 60) {
    Pair pair = pair_open();
    far_sends(&pair, "x");
    for (int i = 0; i < 3; i++) {
        ask(pair.near, 1, BOTH);
        stop_asking(pair.near, BOTH);
    }
    ask(pair.near, 1, READABLE);
    assert_event(1, READABLE, "The socket has had data all the time.");
}

Test(removal, of_descriptor_0_is_like_any_other, .timeout = 60) {
    int kept = dup(0);
    close(0);
    for (int i = 0; i < 2; i++) {
        Pair pair = pair_open();
        cr_assert(pair.near == 0, "The system gives out the lowest number.");
        far_sends(&pair, "x");
        ask(pair.near, 1, READABLE);
        assert_event(1, READABLE,
                     "The socket with the number 0 has data. It is not the "
                     "first one with this number: 0 is a number like any "
                     "other, and what was armed for it must be forgotten too.");
        stop_asking(pair.near, BOTH);
        network_close(pair.near);
    }
    (void)dup(kept); /* 0 again */
    close(kept);
}

/*
 * A child that does nothing until the test closes the descriptor. It waits in
 * fgetc(), since a read() of the tests' own never waits.
 */
static int fork_one_that_waits(pid_t *child_out) {
    int ends[2];
    cr_assert(pipe(ends) == 0, "A pipe can be had.");
    *child_out = fork();
    cr_assert(*child_out >= 0, "A child can be had.");
    if (*child_out == 0) {
        close(ends[1]);
        (void)fgetc(fdopen(ends[0], "r"));
        _exit(0);
    }
    close(ends[0]);
    return ends[1];
}

Test(removal, silences_what_a_child_keeps_open, .timeout = 60) {
    Pair pair = pair_open();
    pid_t child;
    ask(pair.near, 1, READABLE);
    int control = fork_one_that_waits(&child);
    stop_asking(pair.near, BOTH);
    network_close(pair.near);
    far_sends(&pair, "x");
    int before = script_waits();
    assert_silence("The socket was removed and closed; a child still has it.");
    int waits = script_waits() - before;
    close(control);
    waitpid(child, NULL, 0);
    cr_assert(waits == 1,
              "A child has a copy of a socket that was removed and closed "
              "here. Data for it ended %d waits at once: the system was not "
              "told of the removal.",
              waits - 1);
}

Test(removal, of_a_childs_copies_disturbs_nobody, .timeout = 60) {
    Pair pair = pair_open();
    Event event;
    ask(pair.near, 1, READABLE);
    pid_t child = fork();
    cr_assert(child >= 0, "A child can be had.");
    if (child == 0) {
        for (int i = 0; i < 1024; i++) {
            close(i);
        }
        _exit(0);
    }
    waitpid(child, NULL, 0);
    assert_silence("A child has closed all that it had inherited, which is "
                   "nothing to the parent.");
    far_sends(&pair, "x");
    assert_event(1, READABLE, "The parent's socket is still watched.");
    io_blocker_wake(blocker);
    cr_assert(io_blocker_block(blocker, &event) == -ECANCELED,
              "The parent can still be woken.");
}
