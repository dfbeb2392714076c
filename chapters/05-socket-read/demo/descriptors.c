#include "descriptors.h"

#include "platform.h"

#include <limits.h>

enum { COUNTED = 1 << 20, AT_ONCE = 256 };

long descriptors_raise_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) {
        return 0;
    }
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
#ifdef __APPLE__ /* takes no more than that, whatever the maximum says */
    limit.rlim_cur = limit.rlim_max < OPEN_MAX ? limit.rlim_max : OPEN_MAX;
#endif
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0) {
        return (long)before;
    }
    return limit.rlim_cur == RLIM_INFINITY ? 65536 : (long)limit.rlim_cur;
}

/* Counts the ones among `count` numbers from `first` that are open. */
static int count_open(int first, int count) {
    struct pollfd numbers[AT_ONCE];
    for (int i = 0; i < count; i++) {
        numbers[i] = (struct pollfd){.fd = first + i};
    }
    int open = poll(numbers, (nfds_t)count, 0) < 0 ? 0 : count;
    for (int i = 0; i < count && open > 0; i++) {
        open -= (numbers[i].revents & POLLNVAL) != 0;
    }
    return open;
}

/*
 * A new descriptor gets a number below the limit, which may have been higher,
 * but never above the maximum. A maximum of more than a million is taken for
 * one of a million: that many are counted in a hundredth of a second. poll(2)
 * takes no more entries at once than the limit allows now.
 */
int descriptors_open(void) {
    struct rlimit limit = {.rlim_cur = AT_ONCE, .rlim_max = AT_ONCE};
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    int most = limit.rlim_max < COUNTED ? (int)limit.rlim_max : COUNTED;
    int at_once = limit.rlim_cur < AT_ONCE ? (int)limit.rlim_cur : AT_ONCE;
    int open = 0;
    for (int first = 0; first < most && at_once > 0; first += at_once) {
        int left = most - first;
        open += count_open(first, left < at_once ? left : at_once);
    }
    return open;
}
