#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>

#include "parker.h"
#include "probe.h"
#include "script.h"

static Parker parker;
static pthread_t caller;

static void set_up(void) {
    script_begin(0);
    cr_assert(parker_init(&parker) == 0, "parker_init() failed.");
}

static void assert_nothing_left(void) {
    parker_deinit(&parker);
    script_assert_nothing_left();
}

TestSuite(parker, .init = set_up, .timeout = 5);

Test(parker, call_before_the_sleep_is_remembered, .timeout = 5) {
    script_forbid_sleep("The call came before the thread slept, and it sleeps "
                        "all the same: a call must be remembered, or a wake-up "
                        "that comes a moment too early is lost for ever.");
    parker_unpark(&parker);
    parker_park(&parker);
    assert_nothing_left();
}

static void *call(void *unused) {
    trace_add("call", "P");
    parker_unpark(&parker);
    return unused;
}

static void call_from_another_thread(void) {
    trace_add("sleep", "P");
    pthread_create(&caller, NULL, call, NULL);
}

Test(parker, call_from_another_thread_ends_the_sleep, .timeout = 5) {
    script_before_sleep(call_from_another_thread);
    parker_park(&parker);
    trace_add("awake", "P");
    pthread_join(caller, NULL);
    assert_trace("sleep P, call P, awake P", "The call ends the sleep.");
    assert_nothing_left();
}

Test(parker, call_is_used_up_by_one_park, .timeout = 5) {
    parker_unpark(&parker);
    parker_park(&parker);
    script_before_sleep(call_from_another_thread);
    parker_park(&parker);
    cr_assert(script_sleeps() == 1,
              "One call ended two sleeps: parker_park() has to use it up, or "
              "the thread never sleeps again and runs in circles.");
    pthread_join(caller, NULL);
    assert_nothing_left();
}

Test(parker, five_calls_count_as_one, .timeout = 5) {
    for (int i = 0; i < 5; i++) {
        parker_unpark(&parker);
    }
    parker_park(&parker);
    script_before_sleep(call_from_another_thread);
    parker_park(&parker);
    cr_assert(script_sleeps() == 1,
              "Five calls before one sleep are one call: they say \"look "
              "again\", and looking once is enough.");
    pthread_join(caller, NULL);
    assert_nothing_left();
}

static void end_early_and_then_call(void) {
    script_before_sleep(call_from_another_thread);
}

Test(parker, sleep_that_ends_by_itself_is_resumed, .timeout = 5) {
    script_end_sleeps_early(1);
    script_before_sleep(end_early_and_then_call);
    parker_park(&parker);
    cr_assert(script_sleeps() == 2,
              "pthread_cond_wait() returned though nobody had called, and "
              "parker_park() believed it: look at `unparked` in a loop.");
    pthread_join(caller, NULL);
    assert_nothing_left();
}

Test(parker, init_reports_that_there_is_no_lock, .timeout = 5) {
    Parker other;
    script_fail_next(SCRIPT_MUTEX_INIT, EAGAIN);
    cr_assert(parker_init(&other) == -EAGAIN,
              "pthread_mutex_init() said EAGAIN; parker_init() has to return "
              "-EAGAIN.");
    assert_nothing_left();
}

Test(parker, init_releases_the_lock_when_there_is_no_condition, .timeout = 5) {
    Parker other;
    script_fail_next(SCRIPT_COND_INIT, ENOMEM);
    cr_assert(parker_init(&other) == -ENOMEM,
              "pthread_cond_init() said ENOMEM; parker_init() has to return "
              "-ENOMEM.");
    assert_nothing_left();
}
