#include "scripted_kevent.h"

#ifdef HAVE_KEVENT
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "script_waiting.h"

Scripted script_change;

static char text[1024];
static void *udata;
static bool limited;
static struct timespec limit;
static struct kevent report;
static bool reports;

const char *changes_text(void) {
    return text;
}

void changes_clear(void) {
    text[0] = '\0';
}

void *kevent_udata(void) {
    return udata;
}

bool kevent_timeout(struct timespec *timeout_out) {
    *timeout_out = limit;
    return limited;
}

void kevent_reports(const struct kevent *event) {
    report = *event;
    reports = true;
}

static void note(const struct kevent *change) {
    udata = change->udata;
    size_t length = strlen(text);
    snprintf(text + length, sizeof text - length, "%s%s%s",
             length == 0 ? "" : " ",
             (change->flags & EV_ADD) != 0      ? "+"
             : (change->flags & EV_DELETE) != 0 ? "-"
                                                : "!",
             change->filter == EVFILT_READ    ? "READ"
             : change->filter == EVFILT_WRITE ? "WRITE"
                                              : "USER");
}

int __real_kqueue(void);
int __real_kevent(int queue, const struct kevent *changes, int change_count,
                  struct kevent *events, int capacity,
                  const struct timespec *timeout);

int __wrap_kqueue(void) {
    return script_fails(&script_kqueue) ? -1 : __real_kqueue();
}

/* Makes one change. Returns 0, or -1 and errno. */
static int make(int queue, const struct kevent *change) {
    struct kevent answer = {.flags = 0};
    note(change);
    if (script_fails(&script_change)) {
        return -1;
    }
    bool receipt = (change->flags & EV_RECEIPT) != 0;
    int result = __real_kevent(queue, change, 1, &answer, receipt, NULL);
    errno = receipt && result == 1 ? (int)answer.data : errno;
    return result < 0 || (receipt && answer.data != 0) ? -1 : 0;
}

/* What it answers to a list, one by one, so that any of them can fail. */
static int make_all(int queue, const struct kevent *changes, int count,
                    struct kevent *answers, int capacity) {
    int answered = 0;
    for (int i = 0; i < count; i++) {
        struct kevent answer = changes[i];
        int error = make(queue, &changes[i]) < 0 ? errno : 0;
        if (error == 0 && (answer.flags & EV_RECEIPT) == 0) {
            continue;
        }
        if (answered == capacity) {
            errno = error;
            return error != 0 ? -1 : answered;
        }
        answer.flags = EV_ERROR;
        answer.data = error;
        answers[answered++] = answer;
    }
    return answered;
}

/* Rounded up, as a deadline is. */
static int milliseconds(const struct timespec *timeout) {
    if (timeout == NULL) {
        return -1;
    }
    uint64_t ns = (uint64_t)timeout->tv_sec * NS_PER_S +
                  (uint64_t)timeout->tv_nsec + NS_PER_MS - 1;
    return (int)(ns / NS_PER_MS);
}

static int wait_for(int queue, struct kevent *events, int capacity,
                    const struct timespec *timeout) {
    int timeout_ms = milliseconds(timeout);
    limited = timeout != NULL;
    limit = limited ? *timeout : (struct timespec){0, 0};
    if (script_wait_begins(&script_kevent, timeout_ms)) {
        return -1;
    }
    if (reports) {
        reports = false;
        *events = report;
        return 1;
    }
    int real_ms = script_real_timeout_ms(timeout_ms);
    struct timespec time =
        clock_timespec(real_ms < 0 ? 0 : (uint64_t)real_ms * NS_PER_MS);
    int ready = __real_kevent(queue, NULL, 0, events, capacity,
                              real_ms < 0 ? NULL : &time);
    script_wait_ends(ready, timeout_ms);
    return ready;
}

/* A trigger may come from any thread, and from a signal handler. */
int __wrap_kevent(int queue, const struct kevent *changes, int change_count,
                  struct kevent *events, int capacity,
                  const struct timespec *timeout) {
    if (change_count == 0) {
        return wait_for(queue, events, capacity, timeout);
    }
    if (changes->filter == EVFILT_USER && (changes->flags & EV_ADD) == 0 &&
        (changes->fflags & NOTE_TRIGGER) != 0) {
        return __real_kevent(queue, changes, change_count, events, capacity,
                             timeout);
    }
    if (script_fails(&script_kevent_changes)) {
        return -1;
    }
    return make_all(queue, changes, change_count, events, capacity);
}
#else
typedef int NoKevent; /* a file must declare something */
#endif
