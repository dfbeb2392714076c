/*
 * Descriptors: calls that fail, that give less than was asked for, and that
 * could have slept.
 */
#ifndef SCRIPT_DESCRIPTORS_H
#define SCRIPT_DESCRIPTORS_H

#include "script.h"

extern Scripted script_read, script_pipe, script_fcntl;

/* At most so many bytes each; 0: no limit. */
extern int script_reads_give;

/* Reads and writes that could have slept: they were not let through. */
extern int script_blocking_calls;

/* --- For the files that stand before the calls --------------------------- */

/* A call on such a descriptor would put its thread to sleep; errno is set. */
bool script_would_block(int descriptor);

#endif
