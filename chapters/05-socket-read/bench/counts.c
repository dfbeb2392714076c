/*
 * The linker leads each call of read() in this program, and in the chapter's
 * src/ that it is linked with, to __wrap_read() (-Wl,--wrap=read, which the
 * Makefile adds for each function of that name). So every way of waiting is
 * counted by the same few lines, and src/ is the same as in the demonstration.
 *
 * That no call is forgotten can be seen from outside. The difference between
 * two runs is what the messages cost; the driver's share of it is one write
 * and one read for each:
 *
 *   run=build/cc-O2-epoll/run-bench
 *   for n in 1000 2000; do
 *       strace -c -f $run --sockets 100 --rung 6 --messages $n
 *   done
 *
 * Context switches and processor time are the kernel's own figures, from
 * getrusage(2).
 */
#include "counts.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static atomic_ulong counted[COUNTS];

void count(Count what, unsigned long times) {
    atomic_fetch_add_explicit(&counted[what], times, memory_order_relaxed);
}

/* --- System calls --------------------------------------------------------- */

/*
 * What waits is counted when it ends, and the answer when it begins: so all
 * that a message costs is counted before its answer is on its way.
 */

ssize_t __real_read(int, void *, size_t);
ssize_t __real_write(int, const void *, size_t);
ssize_t __real_send(int, const void *, size_t, int);
int __real_poll(struct pollfd *, nfds_t, int);
int __real_epoll_wait(int, struct epoll_event *, int, int);
int __real_epoll_ctl(int, int, int, struct epoll_event *);

ssize_t __wrap_read(int object, void *bytes, size_t length) {
    ssize_t result = __real_read(object, bytes, length);
    count(COUNT_READ, 1);
    return result;
}

ssize_t __wrap_write(int object, const void *bytes, size_t length) {
    count(COUNT_SEND, 1);
    return __real_write(object, bytes, length);
}

ssize_t __wrap_send(int object, const void *bytes, size_t length, int flags) {
    count(COUNT_SEND, 1);
    return __real_send(object, bytes, length, flags);
}

int __wrap_poll(struct pollfd *list, nfds_t length, int milliseconds) {
    int result = __real_poll(list, length, milliseconds);
    count(COUNT_WAIT, 1);
    count(COUNT_WAKE_UP, milliseconds != 0);
    return result;
}

int __wrap_epoll_wait(int epoll, struct epoll_event *events, int capacity,
                      int milliseconds) {
    int result = __real_epoll_wait(epoll, events, capacity, milliseconds);
    count(COUNT_WAIT, 1);
    count(COUNT_WAKE_UP, milliseconds != 0);
    return result;
}

int __wrap_epoll_ctl(int epoll, int operation, int object,
                     struct epoll_event *event) {
    count(COUNT_CONTROL, 1);
    return __real_epoll_ctl(epoll, operation, object, event);
}

/* --- What the kernel counts ----------------------------------------------- */

static unsigned long nanoseconds(struct timeval time) {
    return (unsigned long)time.tv_sec * 1000000000 +
           (unsigned long)time.tv_usec * 1000;
}

void counts_take(unsigned long counts_out[COUNTS]) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    for (int i = 0; i < COUNTS; i++) {
        counts_out[i] = atomic_load(&counted[i]);
    }
    counts_out[COUNT_SWITCH] = (unsigned long)usage.ru_nvcsw;
    counts_out[COUNT_FORCED] = (unsigned long)usage.ru_nivcsw;
    counts_out[COUNT_CPU_NS] =
        nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime);
}

/* The number behind `name` in a file of /proc; 0 if it is not there. */
static unsigned long number_in(const char *path, const char *name) {
    FILE *file = fopen(path, "r");
    unsigned long number = 0;
    char line[256];
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0) {
            sscanf(line + strlen(name), "%lu", &number);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return number;
}

unsigned long counts_threads(void) {
    return number_in("/proc/self/status", "Threads:");
}

unsigned long counts_memory(void) {
    return number_in("/proc/self/smaps_rollup", "Anonymous:") * 1024;
}
