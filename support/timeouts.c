/* Multiplies the time-outs of Criterion's tests by TIMEOUT_SCALE: checkers are slow. */
#include <criterion/criterion.h>
#include <criterion/hooks.h>
#include <criterion/internal/ordered-set.h>
#include <stdlib.h>

ReportHook(PRE_ALL)(struct criterion_test_set *all) {
    const char *scale = getenv("TIMEOUT_SCALE");
    FOREACH_SET(struct criterion_suite_set * suite, all->suites) {
        FOREACH_SET(struct criterion_test * test, suite->tests) {
            test->data->timeout *= scale ? atof(scale) : 1;
        }
    }
}
