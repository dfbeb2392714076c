#include <criterion/criterion.h>
#include <signal.h>

#include "probe.h"
#include "waker.h"

static ProbeWaker a, b;
static Waker of_a, of_b;

static void set_up(void) {
    probe_waker_init(&a, "A");
    probe_waker_init(&b, "B");
    of_a = probe_waker_lend(&a);
    of_b = probe_waker_lend(&b);
}

TestSuite(waker, .init = set_up, .timeout = 60);

Test(waker, of_zeroes_is_empty, .timeout = 60) {
    Waker empty = {0};
    cr_assert(waker_is_empty(&empty),
              "A waker that is all zero must count as empty.");
    cr_assert(!waker_is_empty(&of_a),
              "A waker of a task counts as empty, so it would never wake.");
}

Test(waker, clone_is_a_second_reference_to_the_same_task, .timeout = 60) {
    Waker second = waker_clone(&of_a);
    cr_assert(a.clones == 1 && a.held == 1,
              "waker_clone() has to ask the vtable's `clone`, once: only that "
              "one knows how to count a reference. It was asked %d times.",
              a.clones);
    waker_wake_by_ref(&second);
    cr_assert(a.wakes == 1, "The clone wakes another task than the original.");
    waker_drop(&second);
    assert_balanced(&a);
}

Test(waker, wake_wakes_and_gives_the_reference_back, .timeout = 60) {
    Waker owned = waker_clone(&of_a);
    waker_wake(&owned);
    cr_assert(a.wakes == 1, "waker_wake() woke the task %d times, not once.",
              a.wakes);
    cr_assert(waker_is_empty(&owned),
              "waker_wake() consumes: it has to leave the waker empty, or the "
              "next one to see it gives the reference back a second time.");
    assert_balanced(&a);
}

Test(waker, wake_by_ref_wakes_and_keeps_the_reference, .timeout = 60) {
    Waker owned = waker_clone(&of_a);
    waker_wake_by_ref(&owned);
    waker_wake_by_ref(&owned);
    cr_assert(a.wakes == 2,
              "waker_wake_by_ref() was called twice and woke %d times.",
              a.wakes);
    cr_assert(
        a.held == 1 && !waker_is_empty(&owned),
        "waker_wake_by_ref() only borrows, but it gave the reference away.");
    waker_drop(&owned);
    assert_balanced(&a);
}

Test(waker, drop_gives_the_reference_back_and_wakes_nobody, .timeout = 60) {
    Waker owned = waker_clone(&of_a);
    waker_drop(&owned);
    cr_assert(a.wakes == 0, "waker_drop() woke the task; it wakes nobody.");
    cr_assert(waker_is_empty(&owned),
              "waker_drop() consumes: it has to leave the waker empty.");
    assert_balanced(&a);
}

Test(waker, that_was_consumed_does_nothing, .timeout = 60) {
    Waker owned = waker_clone(&of_a);
    waker_wake(&owned);
    waker_wake(&owned);
    waker_drop(&owned);
    cr_assert(a.wakes == 1,
              "The waker was consumed by the first wake, and woke again.");
    assert_balanced(&a);
}

static Waker slot;

static void look_at_the_slot(ProbeWaker *self, const char *what) {
    (void)self;
    cr_assert(*what == 'c' || waker_is_empty(&slot),
              "While the waker is consumed it still stands in its slot, where "
              "whoever is woken finds it and consumes it again: take it out "
              "first.");
}

Test(waker, is_out_of_its_slot_before_it_is_called, .timeout = 60) {
    a.hook = look_at_the_slot;
    slot = waker_clone(&of_a);
    waker_wake(&slot);
    slot = waker_clone(&of_a);
    waker_drop(&slot);
    assert_balanced(&a);
}

Test(waker, will_wake_knows_tasks_apart, .timeout = 60) {
    Waker second = waker_clone(&of_a);
    cr_assert(waker_will_wake(&of_a, &second),
              "Two wakers of one task: will_wake has to say yes, or each poll "
              "clones a waker that is already there.");
    cr_assert(!waker_will_wake(&of_a, &of_b),
              "Wakers of two tasks: will_wake has to compare `data`, or the "
              "wake-up of one goes to the other.");
    waker_drop(&second);
}

Test(waker, will_wake_knows_kinds_of_wakers_apart, .timeout = 60) {
    WakerVtable other = *of_a.vtable;
    Waker same_data = {of_a.data, &other};
    cr_assert(!waker_will_wake(&of_a, &same_data),
              "The same data under another vtable may be another task: "
              "will_wake has to compare both.");
}

Test(waker, take_moves_the_reference_out, .timeout = 60) {
    Waker place = waker_clone(&of_a);
    Waker taken = waker_take(&place);
    cr_assert(waker_is_empty(&place),
              "What was taken still stands in its old place: two owners.");
    cr_assert(a.clones == 1 && a.held == 1,
              "Taking a waker moves it; nothing is cloned or dropped.");
    waker_wake(&taken);
    cr_assert(a.wakes == 1, "What was taken does not wake its task.");
    assert_balanced(&a);
}

Test(waker, clone_from_fills_an_empty_slot, .timeout = 60) {
    Waker kept = {0};
    waker_clone_from(&kept, &of_a);
    cr_assert(a.held == 1 && waker_will_wake(&kept, &of_a),
              "The slot was empty and does not hold a clone of the waker now.");
    waker_drop(&kept);
    assert_balanced(&a);
}

Test(waker, clone_from_clones_nothing_for_the_same_task, .timeout = 60) {
    Waker kept = {0};
    for (int i = 0; i < 10; i++) {
        waker_clone_from(&kept, &of_a);
    }
    cr_assert(a.clones == 1,
              "The slot had a waker of this task already, and it was cloned "
              "%d times: ask will_wake first.",
              a.clones);
    waker_drop(&kept);
    assert_balanced(&a);
}

Test(waker, clone_from_gives_the_earlier_one_back, .timeout = 60) {
    Waker kept = {0};
    waker_clone_from(&kept, &of_a);
    waker_clone_from(&kept, &of_b);
    cr_assert(waker_will_wake(&kept, &of_b),
              "The latest waker has to replace the earlier one.");
    cr_assert(a.held == 0,
              "The waker that was replaced was not dropped: its task can "
              "never be freed.");
    cr_assert(a.wakes == 0, "The waker that was replaced was woken; dropping "
                            "it is enough.");
    waker_drop(&kept);
    assert_balanced(&a);
    assert_balanced(&b);
}

/* With NDEBUG there is nothing that could stop the program but its crash. */
#ifndef NDEBUG
Test(waker, clone_of_an_empty_one_stops_the_program, .timeout = 60,
     .signal = SIGABRT) {
    Waker empty = {0};
    expect_abort();
    waker_clone(&empty);
}

Test(waker, wake_by_ref_of_an_empty_one_stops_the_program, .timeout = 60,
     .signal = SIGABRT) {
    Waker empty = {0};
    expect_abort();
    waker_wake_by_ref(&empty);
}
#endif
