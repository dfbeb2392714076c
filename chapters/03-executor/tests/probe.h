/*
 * Futures and wakers that watch what is done to them.
 *
 * They know future.h and waker.h and nothing else, so chapters 3 and 5 test
 * with the same two files. Wakers may be used on any thread; futures fail the
 * test from inside poll and drop, so poll them on the test's own thread.
 */
#ifndef PROBE_H
#define PROBE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "future.h"

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
#define assert_wakes(task, expected, sentence)                                 \
    cr_assert((task)->wakes == (expected),                                     \
              "%s (wake-ups expected: %d; seen: %d)", sentence, expected,      \
              (task)->wakes)

/* A task that counts what is done with its wakers. */
typedef struct ProbeWaker ProbeWaker;

struct ProbeWaker {
    const char *name;
    atomic_int wakes;       /* by wake and by wake_by_ref */
    atomic_int clones;      /* ever made */
    atomic_int held;        /* clones that nobody has given back yet */
    atomic_bool below_zero; /* more were given back than were made */
    /* Called inside each "clone", "wake" and "drop"; may be NULL. */
    void (*hook)(ProbeWaker *self, const char *what);
};

void probe_waker_init(ProbeWaker *self, const char *name);

/* A waker on loan, as a Context has it: not counted, so nothing to drop. */
Waker probe_waker_lend(ProbeWaker *self);

/* A waker that fails the test when it wakes: for when nothing happened. */
Waker probe_waker_never(void);

/* Each reference was given back, and once. */
#define assert_balanced(waker)                                                 \
    do {                                                                       \
        cr_assert(!(waker)->below_zero,                                        \
                  "A waker of %s was given back twice: wake and drop consume " \
                  "it, wake_by_ref and clone do not.",                         \
                  (waker)->name);                                              \
        cr_assert(                                                             \
            (waker)->held == 0,                                                \
            "A waker of %s was leaked (%d in all): each clone is either "      \
            "woken with or dropped.",                                          \
            (waker)->name, (waker)->held);                                     \
    } while (0)

/*
 * A future that is pending so many times, then ready. It keeps the latest
 * waker. It fails the test when it is polled after it was ready or dropped,
 * when it is polled while it is being polled, and when it is dropped twice.
 */
typedef struct ProbeFuture ProbeFuture;

struct ProbeFuture {
    Future future;
    const char *name;
    int pending; /* polls still to be answered with POLL_PENDING */
    int polls;
    int drops;
    int outputs;  /* ready, and neither taken nor released */
    int releases; /* outputs that a drop released */
    bool ready;
    bool in_poll;
    bool silent;       /* leaves no trace: for long loops */
    bool wakes_itself; /* in each poll that it answers with POLL_PENDING */
    Waker kept;        /* the latest waker, while pending */
    /* Called inside each poll, after the waker was kept; may be NULL. */
    void (*hook)(ProbeFuture *self);
};

void probe_future_init(ProbeFuture *self, const char *name, int pending);

/* Takes the output: the drop has nothing to release any more. */
void probe_future_take_output(ProbeFuture *self);

/* What the future waits for has happened: wakes with the waker it kept. */
void probe_future_wake(ProbeFuture *self);

/* Polls once on behalf of the task. */
Poll poll_for(Future *future, ProbeWaker *task);

/* Polls once, while nothing has happened: a wake-up fails the test. */
Poll poll_for_nobody(Future *future);

/* Polls once; fails the test, with the sentence, if that is ready. */
void poll_pending(Future *future, ProbeWaker *task, const char *sentence);

/* Polls until ready; fails the test if 100 polls are not enough. */
void poll_until_ready(Future *future, ProbeWaker *task);

/* For tests in which an assertion of the chapter's is to stop the program. */
void expect_abort(void);

#endif
