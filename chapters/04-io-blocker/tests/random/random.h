/*
 * Calls in a random order, and what must hold after each of them.
 *
 * random.c deals out sequences of steps from a seed, each of them performed in
 * a process of its own as far as anybody can tell, and makes the first one that
 * fails as short as it can. What a step does, and what must hold, is the
 * chapter's: see the other files of this folder.
 */
#ifndef RANDOM_H
#define RANDOM_H

#include <stdbool.h>
#include <stddef.h>

/* One call: which of the scenario's operations, and on what. */
typedef struct Step {
    unsigned char operation, a, b;
} Step;

/* One of the chapter's calls, or of the other end's. */
typedef struct Operation {
    /* How often it is dealt, compared with the others. */
    unsigned char weight;
    /* Makes the call, and checks it; false if there is nothing to call it on. */
    bool (*perform)(unsigned a, unsigned b);
} Operation;

/* What a chapter brings along. */
typedef struct Scenario {
    const Operation *operations;
    size_t count;
    /* Performs all steps, and checks afterwards that nothing is left. */
    void (*perform)(const Step *steps, size_t count);
} Scenario;

extern const Scenario scenario;

/* Says what is called, as C would write it, when the sequence is shown. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* How many threads run freely: with any, a seed does not say everything. */
extern int free_threads;

/* How deep inside a call we are: what is said is indented by it. */
extern int depth;

/* Ends the sequence: what was seen, in one sentence. */
_Noreturn void fail(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* Counts a call that was really made. */
void count_call(void);

#endif
