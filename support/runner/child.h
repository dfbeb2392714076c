/*
 * A process of its own for each test. child_posix.c has it from fork(),
 * child_windows.c starts this program again with `--run suite/name`.
 */
#ifndef CHILD_H
#define CHILD_H

#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdio.h>

/* How a test's process ended. */
typedef struct Ending {
    int exit_code; /* if no signal ended it */
    int signal;    /* that ended it, or 0 */
    bool timed_out;
} Ending;

/* A test that is being run. */
typedef struct Child {
    RunnerTest *test;
    long long process; /* the system's name for it; 0: none */
    FILE *output;      /* what it prints */
    void *log;         /* the system's handle of that */
} Child;

/* Runs the test of a child's in a new process. */
void child_start(Child *child, void (*run)(const RunnerTest *test));

/* Waits until one of them ends; returns it, and how it went. */
Child *child_wait(Child *children, int count, Ending *ending_out);

/* In the test's process: ends it after so many seconds. */
void child_limit_time(double seconds);

/* How many processors there are. */
int child_processors(void);

#endif
