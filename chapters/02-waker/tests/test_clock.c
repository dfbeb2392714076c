#include <criterion/criterion.h>

#include "clock.h"
#include "script_time.h"

Test(clock, says_seconds_and_nanoseconds_in_nanoseconds, .timeout = 60) {
    script_clock_ns = 7 * NS_PER_S + 123456789;
    cr_assert(clock_now_ns() == UINT64_C(7123456789),
              "7 seconds and 123456789 nanoseconds are not what clock_now_ns() "
              "says: it has to add both parts, in nanoseconds.");
}

Test(clock, is_one_that_nobody_sets, .timeout = 60) {
    script_clock_ns = 0;
    clock_now_ns();
    cr_assert(script_latest_clock() == CLOCK_MONOTONIC,
              "The time comes from a clock that can be set: when somebody "
              "does, every deadline moves. CLOCK_MONOTONIC never goes back.");
}

Test(clock, counts_in_64_bits, .timeout = 60) {
    script_clock_ns = UINT64_C(0x7fffffff) * NS_PER_S + 5;
    cr_assert(clock_now_ns() == UINT64_C(0x7fffffff) * NS_PER_S + 5,
              "After 68 years the clock overflows: multiply as uint64_t.");
}

Test(clock, timespec_is_the_same_moment, .timeout = 60) {
    struct timespec time = clock_timespec(7 * NS_PER_S + 123456789);
    cr_assert(time.tv_sec == 7 && time.tv_nsec == 123456789,
              "A struct timespec has whole seconds in tv_sec and the rest, "
              "less than a second, in tv_nsec.");
    time = clock_timespec(NS_PER_S - 1);
    cr_assert(time.tv_sec == 0 && time.tv_nsec == 999999999,
              "One nanosecond less than a second is 0 s and 999999999 ns.");
}
