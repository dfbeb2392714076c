/*
 * Memory: allocations that fail, and blocks that are counted. Fresh memory is
 * not zero. What is written behind a block's end is found out, and what is
 * written to a freed one, if that is kept.
 */
#ifndef SCRIPT_MEMORY_H
#define SCRIPT_MEMORY_H

#include "script.h"

extern Scripted script_malloc, script_calloc, script_realloc;

/* Lets the nth allocation from now fail, of whatever kind; 0: none. */
extern int script_refuse_allocation;

/* How often memory has been asked for. */
int script_allocations(void);

/* Allocated and not freed yet: blocks, and the bytes in them. */
extern atomic_int script_blocks;
extern atomic_long script_bytes;

/* Blocks that were freed a second time. */
extern atomic_int script_freed_twice;

/* Freed memory is kept and painted: a later touch shows. */
extern bool script_keep_freed;

/* How many freed blocks, and calls that were given one, came to light. */
int script_used_after_free(void);

/* The second of these by itself. */
extern atomic_int script_calls_into_freed;

/* --- For the files that stand before the calls --------------------------- */

/* Notes a call that was given freed memory; the real one would run amok. */
bool script_was_freed(const void *place);

/* Called before a block is freed; NULL: nothing is. */
extern void (*script_before_free)(const void *memory);

#endif
