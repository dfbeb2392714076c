/*
 * How many descriptors there are, and may be.
 */
#include "descriptors.h"
#include "platform.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "script_sockets.h"
#include "script_waiting.h"
#include "wire.h"

Test(descriptors, counts_those_that_are_open, .timeout = 60) {
    int before = descriptors_open();
    int low = fcntl(0, F_DUPFD, 0), high = fcntl(0, F_DUPFD, 700);
    cr_assert_eq(descriptors_open() - before, 2, "Two were opened.");
    close(low);
    close(high);
    cr_assert_eq(descriptors_open(), before, "Both were closed.");
}

Test(descriptors, counts_the_highest_one_that_the_limit_allows, .timeout = 60) {
    int highest = (int)descriptors_raise_limit() - 1;
    int before = descriptors_open();
    int high = fcntl(0, F_DUPFD, highest);
    cr_assert_geq(high, 0, "This test cannot open descriptor %d: %s.", highest,
                  strerror(errno));
    cr_assert_eq(descriptors_open() - before, 1,
                 "Descriptor %d is open, and is not counted.", high);
    close(high);
}

Test(descriptors, limit_is_raised_as_far_as_it_goes, .timeout = 60) {
    struct rlimit limit;
    limit_descriptors(64);
    long raised = descriptors_raise_limit();
    getrlimit(RLIMIT_NOFILE, &limit);
#ifdef __APPLE__
    limit.rlim_max = limit.rlim_max < OPEN_MAX ? limit.rlim_max : OPEN_MAX;
#endif
    cr_assert_eq(limit.rlim_cur, limit.rlim_max, "The limit can be raised.");
    cr_assert(raised > 64 && (raised == (long)limit.rlim_max ||
                              limit.rlim_max == RLIM_INFINITY),
              "It is said to be %ld.", raised);
}

Test(descriptors, limit_that_cannot_be_raised_stays, .timeout = 60) {
    limit_descriptors(512);
    script_fail(&script_setrlimit, 1, EPERM);
    cr_assert_eq(descriptors_raise_limit(), 512, "It stays what it was.");
    script_fail(&script_getrlimit, 1, EINVAL);
    cr_assert_eq(descriptors_raise_limit(), 0, "Nothing is known: 0.");
}

Test(descriptors, are_counted_under_a_low_limit_as_well, .timeout = 60) {
    int before = descriptors_open();
    limit_descriptors(100); /* fewer than poll(2) is asked about at once */
    cr_assert_eq(descriptors_open(), before,
                 "poll(2) refuses more entries than the limit allows: ask it "
                 "about fewer at once.");
}

Test(descriptors, cannot_be_counted_if_the_limit_is_unknown, .timeout = 60) {
    limit_descriptors(100);
    script_fail(&script_getrlimit, 1, EINVAL);
    script_fail_always(&script_poll, EINVAL); /* too many at once */
    cr_assert_eq(descriptors_open(), 0, "Nothing can be told: 0.");
}
