#include "script_waiting.h"

#include <errno.h>
#include <stddef.h>

#include "clock.h"
#include "platform.h"

/* Twice what any test here needs. */
enum { WAIT_BUDGET = 250000 };

Scripted script_poll;
Scripted script_eventfd, script_epoll_create1, script_epoll_ctl,
    script_epoll_wait;
Scripted script_kqueue, script_kevent, script_kevent_changes;
Scripted script_dequeue;
int script_reports;
int script_timeouts[SCRIPT_TIMEOUTS];
uint64_t script_wait_takes_ns;
void (*script_before_wait)(void);
void (*script_at_wait)(int timeout_ms);
void (*script_at_endless_wait)(void);
bool script_poll_is_no_wait;

static int interruptions;
static uint64_t interrupted_after_ns;

int script_waits(void) {
    return script_epoll_wait.calls + script_poll.calls + script_kevent.calls +
           script_dequeue.calls;
}

void script_fail_wait(int nth, int error) {
    script_fail(&script_epoll_wait, nth, error);
    script_fail(&script_poll, nth, error);
    script_fail(&script_kevent, nth, error);
    script_fail(&script_dequeue, nth, error);
}

int script_controls(void) {
    return script_epoll_ctl.calls + script_kevent_changes.calls;
}

void script_interrupt(int times, uint64_t after_ns) {
    interruptions = times;
    interrupted_after_ns = after_ns;
}

bool script_wait_begins(Scripted *call, int timeout_ms) {
    int before = script_waits();
    script_insist(before < WAIT_BUDGET,
                  "The system has been asked to wait %d times, and the test "
                  "has not come to an end. Perhaps something is reported at "
                  "once, by every wait, to nobody.",
                  before);
    if (before < SCRIPT_TIMEOUTS) {
        script_timeouts[before] = timeout_ms;
    }
    if (script_before_wait != NULL) {
        void (*hook)(void) = script_before_wait;
        script_before_wait = NULL;
        hook();
    }
    if (script_at_wait != NULL) {
        script_at_wait(timeout_ms);
    }
    script_clock_ns += script_wait_takes_ns;
    bool failed = script_fails(call);
    if (!failed && interruptions > 0) {
        interruptions -= 1;
        script_clock_ns += interrupted_after_ns;
        errno = EINTR;
        failed = true;
    }
    return failed;
}

/*
 * What has been sent over TCP may be under way for a moment; so a wait without
 * an end gets a second of it.
 */
int script_real_timeout_ms(int timeout_ms) {
    if (script_time_is_real()) {
        return timeout_ms;
    }
    return timeout_ms < 0 ? 1000 : 0;
}

void script_wait_ends(int ready, int timeout_ms) {
    script_reports += ready;
    if (ready != 0) {
        return;
    }
    if (timeout_ms < 0 && script_at_endless_wait != NULL) {
        script_at_endless_wait();
    }
    script_insist(timeout_ms >= 0,
                  "It sleeps for ever: the system has nothing to report, and "
                  "nobody is there who could change that. Either an event was "
                  "lost, or the system was not told to report it.");
    script_clock_ns += (uint64_t)timeout_ms * NS_PER_MS;
}

int __real_poll(struct pollfd *entries, nfds_t count, int timeout_ms);

int __wrap_poll(struct pollfd *entries, nfds_t count, int timeout_ms) {
    if (script_poll_is_no_wait) {
        return script_poll.fail_in < 0
                   ? -1
                   : __real_poll(entries, count, timeout_ms);
    }
    if (script_wait_begins(&script_poll, timeout_ms)) {
        return -1;
    }
    int ready = __real_poll(entries, count, script_real_timeout_ms(timeout_ms));
    script_wait_ends(ready, timeout_ms);
    return ready;
}

/* --- Linux -------------------------------------------------------------- */

#ifdef __linux__
#include <sys/epoll.h>
#include <sys/eventfd.h>

int __real_epoll_wait(int epoll, struct epoll_event *events, int capacity,
                      int timeout_ms);
int __real_epoll_ctl(int epoll, int operation, int descriptor,
                     struct epoll_event *event);
int __real_epoll_create1(int flags);
int __real_eventfd(unsigned count, int flags);

int __wrap_epoll_wait(int epoll, struct epoll_event *events, int capacity,
                      int timeout_ms) {
    if (script_wait_begins(&script_epoll_wait, timeout_ms)) {
        return -1;
    }
    int ready = __real_epoll_wait(epoll, events, capacity,
                                  script_real_timeout_ms(timeout_ms));
    script_wait_ends(ready, timeout_ms);
    return ready;
}

int __wrap_epoll_ctl(int epoll, int operation, int descriptor,
                     struct epoll_event *event) {
    return script_fails(&script_epoll_ctl)
               ? -1
               : __real_epoll_ctl(epoll, operation, descriptor, event);
}

int __wrap_epoll_create1(int flags) {
    return script_fails(&script_epoll_create1) ? -1
                                               : __real_epoll_create1(flags);
}

int __wrap_eventfd(unsigned count, int flags) {
    return script_fails(&script_eventfd) ? -1 : __real_eventfd(count, flags);
}
#endif
