#include <criterion/criterion.h>
#include <pthread.h>

#include "parker.h"
#include "script_conditions.h"

/* Past the script, which lets nobody sleep before there is a call. */
void __real_parker_park(Parker *parker);

/* Calls once the thread that parks has been through its early ends. */
static void *call_when_all_ended_early(void *parker) {
    while (atomic_load(&script_early_ends) > 0) {
        sched_yield();
    }
    parker_unpark(parker);
    return NULL;
}

Test(parker, remembers_calls_and_counts_them_as_one, .timeout = 60) {
    Parker parker;
    cr_assert_eq(parker_init(&parker), 0);
    parker_unpark(&parker);
    parker_unpark(&parker);
    __real_parker_park(&parker);
    cr_assert(!parker.unparked,
              "Two calls came before one sleep; that sleep has to use both "
              "up, or the executor runs in a circle for nothing.");
    parker_deinit(&parker);
}

Test(parker, sleeps_on_when_nobody_called, .timeout = 60) {
    Parker parker;
    pthread_t caller;
    cr_assert_eq(parker_init(&parker), 0);
    script_early_ends = 3;
    pthread_create(&caller, NULL, call_when_all_ended_early, &parker);
    __real_parker_park(&parker);
    cr_assert_eq(script_early_ends, 0,
                 "pthread_cond_wait() came back without a call, and the "
                 "thread took that for one: look at `unparked` in a loop.");
    pthread_join(caller, NULL);
    parker_deinit(&parker);
}
