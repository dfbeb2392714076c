#include "probe.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The trace: written by any thread, one at a time. */
static atomic_flag trace_busy = ATOMIC_FLAG_INIT;
static char trace[4096];

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
    while (atomic_flag_test_and_set(&trace_busy)) {
    }
    size_t used = strlen(trace);
    snprintf(trace + used, sizeof trace - used, "%s%s %s",
             used == 0 ? "" : ", ", what, who);
    atomic_flag_clear(&trace_busy);
}

/* The counting waker. */

static void call_hook(ProbeWaker *self, const char *what) {
    if (self->hook != NULL) {
        self->hook(self, what);
    }
}

static void give_back(ProbeWaker *self) {
    if (atomic_fetch_sub(&self->held, 1) <= 0) {
        self->below_zero = true;
    }
}

static void *probe_waker_clone(void *data) {
    ProbeWaker *self = data;
    self->clones += 1;
    self->held += 1;
    call_hook(self, "clone");
    return self;
}

static void probe_waker_wake_by_ref(void *data) {
    ProbeWaker *self = data;
    self->wakes += 1;
    trace_add("wake", self->name);
    call_hook(self, "wake");
}

static void probe_waker_wake(void *data) {
    ProbeWaker *self = data;
    give_back(self);
    probe_waker_wake_by_ref(data);
}

static void probe_waker_drop(void *data) {
    ProbeWaker *self = data;
    give_back(self);
    call_hook(self, "drop");
}

static const WakerVtable probe_waker_vtable = {
    .clone = probe_waker_clone,
    .wake = probe_waker_wake,
    .wake_by_ref = probe_waker_wake_by_ref,
    .drop = probe_waker_drop,
};

void probe_waker_init(ProbeWaker *self, const char *name) {
    memset(self, 0, sizeof *self);
    self->name = name;
}

Waker probe_waker_lend(ProbeWaker *self) {
    return (Waker){self, &probe_waker_vtable};
}

/* The waker that aborts. */

static pthread_t test_thread;

static void *never_clone(void *data) {
    return data;
}

static void never_wake(void *data) {
    static const char sentence[] =
        "The task was woken although nothing had happened. A future that "
        "wakes itself in order to wait is polled for ever: leave the waker "
        "with whoever knows when there is news.";
    (void)data;
    if (!pthread_equal(pthread_self(), test_thread)) {
        fprintf(stderr, "%s\n", sentence);
        abort();
    }
    cr_assert_fail("%s", sentence);
}

static void never_drop(void *data) {
    (void)data;
}

static const WakerVtable never_vtable = {
    .clone = never_clone,
    .wake = never_wake,
    .wake_by_ref = never_wake,
    .drop = never_drop,
};

Waker probe_waker_never(void) {
    test_thread = pthread_self();
    return (Waker){NULL, &never_vtable};
}

/* The future. */

static void trace_future(const ProbeFuture *self, const char *what) {
    if (!self->silent) {
        trace_add(what, self->name);
    }
}

static Poll probe_future_poll(Future *future, Context *context) {
    ProbeFuture *self = (ProbeFuture *)future;
    cr_assert(self->drops == 0, "Future %s was polled after it was dropped.",
              self->name);
    cr_assert(!self->ready,
              "Future %s was polled again after it had answered POLL_READY: "
              "whoever polls has to remember that it is done.",
              self->name);
    cr_assert(!self->in_poll,
              "Future %s was polled while it was being polled: waking only "
              "leaves word, it never polls by itself.",
              self->name);
    self->in_poll = true;
    trace_future(self, "poll");
    self->polls += 1;
    self->ready = self->pending == 0;
    if (self->ready) {
        self->outputs = 1;
        waker_drop(&self->kept);
    } else {
        self->pending -= 1;
        waker_clone_from(&self->kept, context->waker);
    }
    if (!self->ready && self->wakes_itself) {
        waker_wake_by_ref(context->waker);
    }
    if (self->hook != NULL) {
        self->hook(self);
    }
    trace_future(self, self->ready ? "ready" : "pending");
    self->in_poll = false;
    return self->ready ? POLL_READY : POLL_PENDING;
}

static void probe_future_drop(Future *future) {
    ProbeFuture *self = (ProbeFuture *)future;
    cr_assert(self->drops == 0, "Future %s was dropped twice.", self->name);
    self->drops += 1;
    self->releases += self->outputs;
    self->outputs = 0;
    trace_future(self, "drop");
    waker_drop(&self->kept);
}

void probe_future_init(ProbeFuture *self, const char *name, int pending) {
    static const FutureVtable vtable = {probe_future_poll, probe_future_drop};
    *self = (ProbeFuture){
        .future = {&vtable},
        .name = name,
        .pending = pending,
    };
}

void probe_future_take_output(ProbeFuture *self) {
    cr_assert(self->outputs == 1, "Future %s has no output to take: %s.",
              self->name,
              self->drops > 0 ? "it was dropped, and its output with it"
              : self->ready   ? "it was taken already"
                              : "it is not ready");
    self->outputs = 0;
}

void probe_future_wake(ProbeFuture *self) {
    waker_wake(&self->kept);
}

/* Polling. */

static Poll poll_with(Future *future, Waker waker) {
    Context context = {&waker};
    return future_poll(future, &context);
}

Poll poll_for(Future *future, ProbeWaker *task) {
    return poll_with(future, probe_waker_lend(task));
}

Poll poll_for_nobody(Future *future) {
    return poll_with(future, probe_waker_never());
}

void poll_pending(Future *future, ProbeWaker *task, const char *sentence) {
    cr_assert(poll_for(future, task) == POLL_PENDING, "%s", sentence);
}

void poll_until_ready(Future *future, ProbeWaker *task) {
    for (int polls = 0; polls < 100; polls++) {
        if (poll_for(future, task) == POLL_READY) {
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
