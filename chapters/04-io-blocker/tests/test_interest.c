/*
 * Inside io_blocker.c: what is wanted, what is armed, and when the back end
 * hears of the difference.
 */
#include <errno.h>
#include <string.h>

#include "error_name.h"
#include "fixture.h"
#include "script_waiting.h"
#include "scripted_backend.h"

Suite(interest);

static int look_now(Event *events_out, size_t capacity) {
    return io_blocker_block_until(blocker, DEADLINE_NOW, events_out, capacity);
}

Test(interest, that_repeats_is_armed_once, .timeout = 60) {
    Pair pair = pair_open();
    char byte;
    for (int i = 0; i < 10; i++) {
        ask(pair.near, 1, READABLE);
        far_sends(&pair, "x");
        assert_event(1, READABLE, "The socket has data.");
        near_reads(&pair, &byte, 1);
    }
    assert_armed("nothing -> READABLE",
                 "Ten times wait and read, and the system was told more than "
                 "once: what is armed stays armed when its event has come.");
}

Test(interest, that_is_lost_is_disarmed_when_it_shows, .timeout = 60) {
    Pair pair = pair_open();
    ask(pair.near, 1, READABLE);
    far_sends(&pair, "x");
    assert_event(1, READABLE, "The socket has data.");
    assert_armed("nothing -> READABLE",
                 "Nobody knows yet whether the reader asks again.");
    assert_silence("Nobody asked again.");
    assert_armed("nothing -> READABLE, READABLE -> nothing",
                 "Data are there, nobody wants them: disarm, once.");
    ask(pair.near, 1, READABLE);
    assert_armed("nothing -> READABLE, READABLE -> nothing, "
                 "nothing -> READABLE",
                 "What has been disarmed must be armed when somebody asks "
                 "again.");
}

Test(interest, of_two_signals_is_disarmed_one_by_one, .timeout = 60) {
    Pair pair = pair_open();
    ask(pair.near, 1, READABLE);
    ask(pair.near, 1, WRITABLE);
    assert_event(1, WRITABLE, "The socket has room.");
    assert_silence("Nothing came for the reader.");
    far_sends(&pair, "x");
    assert_event(1, READABLE, "The socket has data.");
    assert_silence("Nobody waits.");
    assert_armed("nothing -> READABLE, READABLE -> READABLE | WRITABLE, "
                 "READABLE | WRITABLE -> READABLE, READABLE -> nothing",
                 "Each signal that nobody wants goes by itself, and only when "
                 "it is reported.");
}

Test(interest, that_is_removed_is_disarmed_at_once, .timeout = 60) {
    Pair pair = pair_open();
    ask(pair.near, 1, BOTH);
    stop_asking(pair.near, WRITABLE);
    assert_armed("nothing -> READABLE | WRITABLE",
                 "The reader still waits: that WRITABLE is armed does no harm "
                 "until it is reported.");
    stop_asking(pair.near, READABLE);
    assert_armed("nothing -> READABLE | WRITABLE, "
                 "READABLE | WRITABLE -> nothing",
                 "Nobody waits any more, and the socket may be closed next.");
    stop_asking(pair.near, BOTH);
    assert_armed("nothing -> READABLE | WRITABLE, "
                 "READABLE | WRITABLE -> nothing",
                 "Nothing was armed any more.");
}

Test(interest, of_another_id_is_a_new_object, .timeout = 60) {
    Pair pair = pair_open();
    ask(pair.near, 1, WRITABLE);
    uint32_t first = armed_generation();
    assert_event(1, WRITABLE, "The socket has room.");
    ask(pair.near, 2, WRITABLE);
    assert_armed("nothing -> WRITABLE, WRITABLE -> nothing, "
                 "nothing -> WRITABLE",
                 "A number with another id stands for another object, of which "
                 "the system must be told anew.");
    cr_assert(armed_generation() != first,
              "The number is used again, with the same generation: events of "
              "the old object cannot be told from those of the new.");
}

Test(interest, hears_no_report_of_an_older_generation, .timeout = 60) {
    Pair pair = pair_open();
    Event event;
    ask(pair.near, 1, READABLE);
    Readiness stale = {pair.near, armed_generation(), READABLE};
    stop_asking(pair.near, BOTH);
    ask(pair.near, 2, READABLE);
    armed_clear();
    scripted_reports(&stale, 1, false);
    int result = look_now(&event, 1);
    cr_assert(result == -ETIMEDOUT,
              "The object was removed and its number used again; then an event "
              "came that had been under way for the old object, and it was "
              "handed to the new one (%s).",
              error_name(result));
    assert_armed("", "A report for the old object must not change what is "
                     "armed for the new one.");
    far_sends(&pair, "x");
    assert_event(2, READABLE, "The new interest is still there.");
}

Test(interest, gets_the_signals_that_are_both_there_and_wanted, .timeout = 60) {
    for (Signals wanted = 1; wanted <= BOTH; wanted++) {
        for (Signals there = 1; there <= BOTH; there++) {
            Pair pair = pair_open();
            Event event = {0, 0};
            ask(pair.near, 1, wanted);
            Readiness report = {pair.near, armed_generation(), there};
            scripted_reports(&report, 1, false);
            int result = look_now(&event, 1);
            Signals expected = wanted & there;
            cr_assert(result == (expected != 0 ? 1 : -ETIMEDOUT) &&
                          event.signals == expected,
                      "%s was asked for, the system reports %s: the event is "
                      "their intersection, %s. It was %s.",
                      signals_name(wanted), signals_name(there),
                      signals_name(expected), signals_name(event.signals));
            stop_asking(pair.near, BOTH);
        }
    }
}

Test(interest, in_a_batch_skips_what_is_for_nobody, .timeout = 60) {
    Pair pairs[3];
    Readiness reports[3];
    Event events[3];
    for (int i = 0; i < 3; i++) {
        pairs[i] = pair_open();
        ask(pairs[i].near, (uint64_t)i, READABLE);
        reports[i] = (Readiness){pairs[i].near, armed_generation(), READABLE};
    }
    stop_asking(pairs[1].near, BOTH);
    scripted_reports(reports, 3, false);
    int result = look_now(events, 3);
    cr_assert(result == 2 && events[0].id == 0 && events[1].id == 2,
              "Of three reports the one in the middle is for nobody; two "
              "events are left, side by side. There came %s.",
              error_name(result));
}

Test(interest, goes_on_waiting_when_all_reports_are_for_nobody, .timeout = 60) {
    Pair pair = pair_open();
    far_sends(&pair, "x");
    ask(pair.near, 1, READABLE);
    Readiness stale = {pair.near, armed_generation() + 1, READABLE};
    scripted_reports(&stale, 1, false);
    Event event;
    int result = io_blocker_block(blocker, &event);
    cr_assert(result == 0 && event.id == 1,
              "The first wait brought a report for nobody: no reason to "
              "return (%s), wait again.",
              error_name(result));
}

Test(interest, goes_on_waiting_when_the_system_returns_early, .timeout = 60) {
    Pair pair = pair_open();
    far_sends(&pair, "x");
    ask(pair.near, 1, READABLE);
    scripted_reports(NULL, 0, false);
    assert_event(1, READABLE,
                 "The system woke a little early, without anything: the "
                 "deadline is what decides, not the end of one wait.");
}

Test(interest, prefers_events_and_keeps_the_wake_up, .timeout = 60) {
    Pair pair = pair_open();
    Event event;
    ask(pair.near, 1, READABLE);
    Readiness report = {pair.near, armed_generation(), READABLE};
    scripted_reports(&report, 1, true);
    int results[] = {look_now(&event, 1), look_now(&event, 1)};
    cr_assert(results[0] == 1 && results[1] == -ECANCELED,
              "One wait brought an event and a wake-up: the event first, then "
              "-ECANCELED, without waiting. It was %d, then %d.",
              results[0], results[1]);
    cr_assert(script_waits() == 0, "The second needs no wait.");
}

Test(interest, hears_of_a_wake_up_among_reports_for_nobody, .timeout = 60) {
    Pair pair = pair_open();
    Event event;
    ask(pair.near, 1, READABLE);
    Readiness stale = {pair.near, armed_generation() + 1, READABLE};
    scripted_reports(&stale, 1, true);
    int result = io_blocker_block(blocker, &event);
    cr_assert(result == -ECANCELED,
              "A wake-up came together with a report for nobody, and the wait "
              "returned %s.",
              error_name(result));
}

Test(interest, that_is_refused_changes_nothing, .timeout = 60) {
    Pair pair = pair_open();
    far_sends(&pair, "x");
    ask(pair.near, 1, READABLE);
    scripted_arm_fails(-ENOMEM);
    int result = io_blocker_add_io_event_interest(blocker, pair.near,
                                                  (Event){1, WRITABLE});
    cr_assert(result == -ENOMEM, "The system's error is the answer, not %s.",
              error_name(result));
    assert_event(1, READABLE,
                 "Asking for WRITABLE was refused. READABLE is still waited "
                 "for, and WRITABLE is not.");
    ask(pair.near, 1, WRITABLE);
    assert_event(1, WRITABLE, "The second attempt counts like a first.");
}

Test(interest, that_cannot_be_disarmed_reaches_nobody_either, .timeout = 60) {
    Pair pair = pair_open();
    far_sends(&pair, "x");
    ask(pair.near, 1, READABLE);
    assert_event(1, READABLE, "The socket has data.");
    scripted_arm_fails(-ENOMEM);
    assert_silence("Nobody waits. That the system would not disarm it is "
                   "tried again with the next report.");
    ask(pair.near, 1, READABLE);
    assert_event(1, READABLE, "Asked again, it comes again.");
}

Test(interest, is_one_report_and_a_wake_up_is_none, .timeout = 60) {
    Backend *backend;
    Readiness reports[4];
    bool woken = false;
    Pair pair = pair_open();
    memset(reports, 0xA5, sizeof reports);
    cr_assert(backend_new(&backend) == 0, "Nothing is scarce.");
    backend_arm(backend, pair.near, 7, 0, WRITABLE);
    int count = backend_wait(backend, DEADLINE_NOW, reports, 4, &woken);
    cr_assert(count == 1 && !woken && reports[0].object == pair.near &&
                  reports[0].generation == 7 &&
                  (reports[0].signals & WRITABLE) != 0,
              "One object is armed and has room, and nobody woke the back end. "
              "It gave %d reports, the first about object %d, and said that it "
              "was %s.",
              count, reports[0].object, woken ? "woken" : "not woken");
    backend_arm(backend, pair.near, 7, WRITABLE, 0);
    backend_wake(backend);
    count = backend_wait(backend, DEADLINE_NOW, reports, 4, &woken);
    backend_free(backend);
    cr_assert(count == 0 && woken,
              "Nothing is armed, and the back end was woken. It gave %d "
              "reports, and said that it was %s.",
              count, woken ? "woken" : "not woken");
}
