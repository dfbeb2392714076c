/*
 * Futures and wake functions that watch what is done to them.
 *
 * In chapter 1 a wake-up is a bare function, so what it counts is global. Each
 * test is a process of its own: everything starts at zero.
 */
#ifndef PROBE_H
#define PROBE_H

#include <stdbool.h>

#include "simple_future.h"

/* What happened, in order: "poll A, pending A, wake A, poll A, ready A". */
void trace_add(const char *what, const char *who);
void trace_clear(void);
const char *trace_text(void);

/* The same, or the word "nothing" for an empty one. */
const char *trace_or_nothing(const char *text);

/* Compares the whole sequence; the sentence says what went wrong. */
#define assert_trace(expected, sentence)                                       \
    cr_assert_str_eq(                                                          \
        trace_text(), expected, "%s (expected: %s; happened: %s)", sentence,   \
        trace_or_nothing(expected), trace_or_nothing(trace_text()))

/* Compares how often it was woken; the sentence says what had happened. */
#define assert_wakes(wakes, expected, sentence)                                \
    cr_assert((wakes) == (expected), "%s (wake-ups expected: %d; seen: %d)",   \
              sentence, expected, wakes)

/* Two wake functions, and how often each was called. */
void probe_wake_a(void);
void probe_wake_b(void);
extern int probe_wakes_a;
extern int probe_wakes_b;

/* Fails the test when called: for moments at which nothing happened. */
void probe_wake_never(void);

/*
 * A future that is pending so many times, then ready. It fails the test when
 * it is polled after it was ready, or while it is being polled.
 */
typedef struct ProbeFuture {
    SimpleFuture future;
    const char *name;
    int pending; /* polls still to be answered with POLL_PENDING */
    int polls;
    bool ready;
    bool in_poll;
    WakeFn wake; /* what the latest poll brought */
} ProbeFuture;

void probe_future_init(ProbeFuture *self, const char *name, int pending);

/* Polls once; fails the test, with the sentence, if that is ready. */
void poll_pending(SimpleFuture *future, WakeFn wake, const char *sentence);

/* Polls until ready; fails the test if 100 polls are not enough. */
void poll_until_ready(SimpleFuture *future, WakeFn wake);

/* For tests in which an assertion of the chapter's is to stop the program. */
void expect_abort(void);

#endif
