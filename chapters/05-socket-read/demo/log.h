/** @file
 * What a server says while it serves: whole lines, which it never waits for.
 * Pointers are borrowed, unless said to be owned. Rules: docs/headers.md. */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>

/** Where lines go. */
typedef struct Log {
    int descriptor;
    bool waits; /**< A line waits for room, instead of being dropped. */
    unsigned long dropped; /**< Lines of which the log has not told yet. */
    bool cut;              /**< Only a part of the last one was written. */
    int error; /**< Why a line could not be written, the last time, or 0. */
} Log;

/** From now on drops what finds no room. Opens a terminal anew for that. */
void log_stop_waiting(Log *log);

/** Writes one line as of printf(3), without the end of the line, or drops and
 * counts it. If lines have been dropped, it says how many before. More than 511
 * bytes are cut. `NULL` writes nothing. */
void log_line(Log *log, const char *format, ...);

/** Tells of lines that were dropped, if there is room. Returns `error`. */
int log_end(Log *log);

#endif
