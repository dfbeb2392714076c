/**
 * @file
 * What a server says while it serves: whole lines, which it never waits for.
 */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>

/** Where lines go. */
typedef struct Log {
    /** Borrowed. */
    int descriptor;
    /** Whether a line waits for room, instead of being dropped. */
    bool waits;
    /** Lines that were dropped, and of which the log has not told yet. */
    unsigned long dropped;
    /** Whether only a part of the last one was written. */
    bool cut;
    /** Why a line could not be written, the last time: a `-errno`, or 0. */
    int error;
} Log;

/**
 * Drops what finds no room, from now on.
 *
 * @param[in,out] log  if its descriptor is a terminal, that is opened anew, for
 *                     this process alone.
 */
void log_stop_waiting(Log *log);

/**
 * Writes one line, or drops and counts it. If lines have been dropped, it says
 * how many before.
 *
 * @param[in,out] log  or `NULL`: then nothing happens.
 * @param[in] format   as of printf(3), without the end of the line. What is
 *                     longer than 511 bytes is cut.
 */
void log_line(Log *log, const char *format, ...);

/**
 * Tells of the lines that were dropped, if there is room now; else they stay
 * counted.
 *
 * @param[in,out] log  may be used on.
 * @return 0, or `error`.
 */
int log_end(Log *log);

#endif
