/**
 * @file
 * The work that every way of waiting is given, and how it is measured.
 *
 * Each way runs in a process of its own, so that none finds the memory or the
 * threads of another. Its function sets everything up, calls work_begin(),
 * and then serves for ever: the last message ends the process.
 */
#ifndef WORK_H
#define WORK_H

#include "counts.h"
#include "driver.h"

/** What a way of waiting has to do. */
typedef struct Work {
    /** The sockets; borrowed. */
    const Driver *driver;
    /** How many messages will come, after a first one that is not counted. */
    unsigned long messages;
} Work;

/** A way of waiting. It returns only when it cannot go on. */
typedef void WaitFn(const Work *work);

/** What came out. */
typedef struct Figures {
    /** For all messages together. */
    unsigned long counts[COUNTS];
    /** Of the process. */
    unsigned long threads;
    /** Bytes of the process's own, for all sockets together. */
    unsigned long memory;
    /** So many were answered; 0 if it could not be done at all. */
    unsigned long messages;
    /** Why it could not. */
    char trouble[80];
} Figures;

/**
 * Does the work in a process of its own.
 *
 * @param[in] work          borrowed.
 * @param[in] wait          how to wait.
 * @param[out] figures_out  what came out.
 * @return whether there is an answer, be it that it cannot be done; false if
 *         the process failed, which has been said then.
 */
bool work_measure(const Work *work, WaitFn *wait, Figures *figures_out);

/**
 * All sockets are waited for, or will be at once: let the first message come.
 *
 * @param[in] work  borrowed.
 */
void work_begin(const Work *work);

/** A message has been answered. Any thread. Does not return from the last. */
void work_done(void);

/**
 * Ends the process with the reason why the work cannot be done.
 *
 * @param[in] trouble  a few words.
 */
void work_give_up(const char *trouble);

#endif
