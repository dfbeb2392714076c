/*
 * What a test lets the system say. The linker's --wrap puts functions of ours
 * between the chapter's code and the system's, and before a few of its own. Each
 * does what the real one does, unless a test has written something else.
 *
 * They lie in script_*.c, a file a subject, and a test includes what it uses.
 * Each test is a process of its own: everything starts at zero, and nothing
 * has to be put back.
 */
#ifndef SCRIPT_H
#define SCRIPT_H

#include <stdatomic.h>
#include <stdbool.h>

/* A function that can be made to fail. */
typedef struct Scripted {
    atomic_int calls; /* so far */
    int fail_in; /* the call that fails, counted from now; 0 none, -1 all */
    int more;    /* so many fail after that one */
    int error;   /* what it says then */
} Scripted;

/* Lets the nth call from now fail, that one only. */
void script_fail(Scripted *call, int nth, int error);

/* Lets the next calls fail, so many. */
void script_fail_next(Scripted *call, int times, int error);

/* Lets all calls fail, until `fail_in` is 0 again. */
void script_fail_always(Scripted *call, int error);

/* Something to do at a certain place, once. */
typedef struct Cue {
    void (*act)(void *argument); /* NULL: nothing */
    void *argument;
    int skip; /* so often the place is passed before */
} Cue;

/* --- For the files that stand before the calls --------------------------- */

/* Counts a call. True says that it fails; errno says how. */
bool script_fails(Scripted *call);

/* The place of this cue is passed. */
void script_fire(Cue *cue);

/* This thread is not the one that runs the test. */
extern _Thread_local bool script_second_thread;

/* Fails the test on any thread: an assertion would leave the wrong one. */
void script_insist(bool fine, const char *sentence, ...);

#endif
