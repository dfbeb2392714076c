#include "probe.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static char trace[4096];
int probe_wakes_a;
int probe_wakes_b;

void trace_clear(void) {
    trace[0] = '\0';
}

const char *trace_text(void) {
    return trace;
}

const char *trace_or_nothing(const char *text) {
    return *text == '\0' ? "nothing" : text;
}

void trace_add(const char *what, const char *who) {
    size_t used = strlen(trace);
    snprintf(trace + used, sizeof trace - used, "%s%s %s",
             used == 0 ? "" : ", ", what, who);
}

void probe_wake_a(void) {
    probe_wakes_a += 1;
    trace_add("wake", "A");
}

void probe_wake_b(void) {
    probe_wakes_b += 1;
    trace_add("wake", "B");
}

void probe_wake_never(void) {
    cr_assert_fail("wake() was called although nothing had happened. A future "
                   "that wakes itself in order to wait is polled for ever: "
                   "leave wake() to whoever knows when there is news.");
}

static Poll probe_future_poll(SimpleFuture *future, WakeFn wake) {
    ProbeFuture *self = (ProbeFuture *)future;
    cr_assert(!self->ready,
              "Future %s was polled again after it had answered POLL_READY: "
              "whoever polls has to remember that it is done.",
              self->name);
    cr_assert(!self->in_poll,
              "Future %s was polled while it was being polled: a wake-up only "
              "leaves word, it never polls by itself.",
              self->name);
    self->in_poll = true;
    trace_add("poll", self->name);
    self->polls += 1;
    self->wake = wake;
    self->ready = self->pending == 0;
    self->pending -= !self->ready;
    trace_add(self->ready ? "ready" : "pending", self->name);
    self->in_poll = false;
    return self->ready ? POLL_READY : POLL_PENDING;
}

void probe_future_init(ProbeFuture *self, const char *name, int pending) {
    *self = (ProbeFuture){
        .future = {probe_future_poll},
        .name = name,
        .pending = pending,
    };
}

void poll_pending(SimpleFuture *future, WakeFn wake, const char *sentence) {
    cr_assert(simple_future_poll(future, wake) == POLL_PENDING, "%s", sentence);
}

void poll_until_ready(SimpleFuture *future, WakeFn wake) {
    for (int polls = 0; polls < 100; polls++) {
        if (simple_future_poll(future, wake) == POLL_READY) {
            return;
        }
    }
    cr_assert_fail("The future was still pending after 100 polls, although "
                   "all that it waits for had happened long before.");
}

void expect_abort(void) {
    cr_assert(freopen("/dev/null", "w", stderr) != NULL,
              "The assertion's text could not be sent to /dev/null.");
}
