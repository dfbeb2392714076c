/*
 * What waiting costs: no event that nobody waits for keeps it awake, and it
 * asks for no memory.
 */
#include <errno.h>

#include "error_name.h"
#include "fixture.h"
#include "script_memory.h"
#include "script_waiting.h"

Suite(quiet);

/* How many waits it takes until a second has passed. */
static int waits_in_a_second(void) {
    int before = script_waits();
    Event event = look();
    cr_assert(event.signals == 0,
              "Nobody waits for anything, but object %d was reported as %s.",
              (int)event.id, signals_name(event.signals));
    return script_waits() - before;
}

Test(quiet, when_data_come_that_nobody_waits_for, .timeout = 60) {
    Pair pair = pair_open();
    far_sends(&pair, "x");
    ask(pair.near, 1, READABLE);
    assert_event(1, READABLE, "The socket has data.");
    int waits = waits_in_a_second();
    cr_assert(waits <= 2,
              "The data are not read and nobody asks, but the system goes on "
              "reporting them: %d waits ended at once. Disarm what nobody "
              "waits for.",
              waits);
    cr_assert(waits_in_a_second() == 1, "Once disarmed, it stays so.");
}

Test(quiet, when_room_comes_that_nobody_waits_for, .timeout = 60) {
    Pair pair = pair_open();
    ask(pair.near, 1, BOTH);
    assert_event(1, WRITABLE, "The socket has room.");
    int waits = waits_in_a_second();
    cr_assert(waits <= 2,
              "The reader waits, the writer does not, but the system goes on "
              "reporting room: %d waits ended at once.",
              waits);
    far_sends(&pair, "x");
    assert_event(1, READABLE,
                 "Disarming WRITABLE must leave READABLE as it is.");
}

Test(quiet, when_data_come_and_only_room_is_waited_for, .timeout = 60) {
    Pair pair = pair_open();
    near_fills(&pair);
    far_sends(&pair, "x");
    ask(pair.near, 1, WRITABLE);
    int waits = waits_in_a_second();
    cr_assert(waits == 1,
              "Only a writer waits, and there is no room. Data that nobody "
              "asked for ended %d waits at once.",
              waits - 1);
}

Test(quiet, when_a_hang_up_comes_that_nobody_waits_for, .timeout = 60) {
    Pair pair = pair_open();
    ask(pair.near, 1, BOTH);
    assert_event(1, WRITABLE, "The socket has room.");
    far_closes(&pair);
    assert_event(1, READABLE, "The reader is told of the hang-up.");
    int waits = waits_in_a_second();
    cr_assert(waits <= 3,
              "The far end has closed and everybody knows, but the system goes "
              "on reporting it: %d waits ended at once. Armed for no signal, "
              "it still reports a hang-up; it must forget the object.",
              waits);
}

Test(quiet, when_an_error_comes_that_nobody_waits_for, .timeout = 60) {
    Pair pair = pair_open_tcp();
    ask(pair.near, 1, BOTH);
    assert_event(1, WRITABLE, "The socket has room.");
    far_resets(&pair);
    assert_event(1, READABLE, "The reader is told of the reset.");
    cr_assert(waits_in_a_second() <= 3,
              "The connection was reset and everybody knows, but the system "
              "goes on reporting it.");
    ask(pair.near, 1, BOTH);
    Signals came = look().signals;
    cr_assert(came != 0, "Whoever asks later is to be told again.");
}

Test(quiet, with_a_hundred_sockets_that_nobody_waits_for, .timeout = 60) {
    Event events[IO_BLOCKER_BATCH];
    for (uint64_t i = 0; i < 100; i++) {
        Pair pair = pair_open();
        far_sends(&pair, "x");
        ask(pair.near, i, BOTH);
    }
    for (int total = 0; total < 100;) {
        int result = io_blocker_block_until(blocker, DEADLINE_NOW, events,
                                            IO_BLOCKER_BATCH);
        cr_assert(result > 0, "All of them are ready; it returned %s.",
                  error_name(result));
        total += result;
    }
    cr_assert(waits_in_a_second() <= 202,
              "A signal that nobody waits for ends one wait, at most.");
    cr_assert(waits_in_a_second() == 1, "Then all are disarmed.");
}

Test(quiet, and_without_memory_of_its_own, .timeout = 60) {
    Pair pair = pair_open();
    Event events[IO_BLOCKER_BATCH];
    ask(pair.near, 1, BOTH);
    assert_event(1, WRITABLE, "The socket has room.");
    int before = script_allocations();
    for (int i = 0; i < 100; i++) {
        ask(pair.near, 1, READABLE);
        far_sends(&pair, "x");
        io_blocker_wake(blocker);
        while (io_blocker_block_until(blocker, DEADLINE_NOW, events,
                                      IO_BLOCKER_BATCH) != -ETIMEDOUT) {
            /* until there is no more */
        }
    }
    int asked = script_allocations() - before;
    cr_assert(asked == 0,
              "A hundred times asking, waking and blocking on a known object "
              "asked for memory %d times: it needs none, and so it cannot "
              "fail for want of it.",
              asked);
}
