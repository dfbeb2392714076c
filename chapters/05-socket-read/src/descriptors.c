#include "descriptors.h"

#include "platform.h"

#include <limits.h>

enum { COUNTED = 16384, AT_ONCE = 256 };

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

/* poll(2) takes no more entries at once than a process may have open. */
int descriptors_open(void) {
    struct rlimit limit = {.rlim_cur = AT_ONCE};
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    int at_once = limit.rlim_cur < AT_ONCE ? (int)limit.rlim_cur : AT_ONCE;
    int open = 0;
    for (int first = 0; first < COUNTED && at_once > 0; first += at_once) {
        open += count_open(first, at_once);
    }
    return open;
}
