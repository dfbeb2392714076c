#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "error_name.h"
#include "parker.h"
#include "probe.h"
#include "script_conditions.h"
#include "script_leaks.h"
#include "script_locks.h"

static Parker parker;
static pthread_t caller;

static void assert_init(Parker *self, int expected) {
    int result = parker_init(self);
    cr_assert(result == expected,
              "parker_init() has to return %s here and returned %s.",
              error_name(expected), error_name(result));
}

static void set_up(void) {
    memset(&parker, 0x5a, sizeof parker);
    assert_init(&parker, 0);
}

static void assert_nothing_left(void) {
    parker_deinit(&parker);
    script_assert_nothing_left();
}

TestSuite(parker, .init = set_up, .timeout = 60);

Test(parker, new_one_has_not_been_called, .timeout = 60) {
    cr_assert(!parker.unparked,
              "Nobody has called a new parker, and it says that somebody did: "
              "parker_init() has to set every member.");
    assert_nothing_left();
}

Test(parker, call_before_the_sleep_is_remembered, .timeout = 60) {
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

Test(parker, call_from_another_thread_ends_the_sleep, .timeout = 60) {
    script_before_sleep = call_from_another_thread;
    parker_park(&parker);
    trace_add("awake", "P");
    pthread_join(caller, NULL);
    assert_trace("sleep P, call P, awake P", "The call ends the sleep.");
    assert_nothing_left();
}

Test(parker, call_is_used_up_by_one_park, .timeout = 60) {
    parker_unpark(&parker);
    parker_park(&parker);
    script_before_sleep = call_from_another_thread;
    parker_park(&parker);
    cr_assert(script_sleeps() == 1,
              "One call came and parker_park() was called twice: it has to "
              "use the call up and sleep the second time. It slept %d times.",
              script_sleeps());
    pthread_join(caller, NULL);
    assert_nothing_left();
}

Test(parker, five_calls_count_as_one, .timeout = 60) {
    for (int i = 0; i < 5; i++) {
        parker_unpark(&parker);
    }
    parker_park(&parker);
    script_before_sleep = call_from_another_thread;
    parker_park(&parker);
    cr_assert(script_sleeps() == 1,
              "Five calls before one sleep are one call: the second "
              "parker_park() has to sleep. There were %d sleeps, not one.",
              script_sleeps());
    pthread_join(caller, NULL);
    assert_nothing_left();
}

static void end_early_and_then_call(void) {
    script_before_sleep = call_from_another_thread;
}

Test(parker, sleep_that_ends_by_itself_is_resumed, .timeout = 60) {
    script_early_ends = 1;
    script_before_sleep = end_early_and_then_call;
    parker_park(&parker);
    cr_assert(script_sleeps() == 2,
              "pthread_cond_wait() returned though nobody had called: "
              "parker_park() has to look at `unparked` again and go back to "
              "sleep. It slept %d times, not twice.",
              script_sleeps());
    pthread_join(caller, NULL);
    assert_nothing_left();
}

Test(parker, init_reports_that_there_is_no_lock, .timeout = 60) {
    Parker other;
    script_fail(&script_mutex_init, 1, EAGAIN);
    assert_init(&other, -EAGAIN);
    assert_nothing_left();
}

Test(parker, init_releases_the_lock_when_there_is_no_condition, .timeout = 60) {
    Parker other;
    script_fail(&script_cond_init, 1, ENOMEM);
    assert_init(&other, -ENOMEM);
    assert_nothing_left();
}
