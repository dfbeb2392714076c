#include "script_memory.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

Scripted script_malloc, script_calloc, script_realloc;
int script_refuse_allocation;
atomic_int script_blocks;
atomic_long script_bytes;
atomic_int script_freed_twice;
bool script_keep_freed;
atomic_int script_calls_into_freed;
void (*script_before_free)(const void *memory);

void *__real_malloc(size_t size);
void *__real_realloc(void *memory, size_t size);
void __real_free(void *memory);

/*
 * A block has a header, and a guard behind its end; when it is freed it may be
 * kept in a list. The paint is chosen so that a late wake-up of a painted task
 * shows, because whatever counts, sets a bit or writes a link changes it.
 */
enum { PAINT = 0xDA, FRESH = 0xA5, GUARD = 64 };

typedef union Block {
    struct {
        size_t size;
        bool freed;
        union Block *next;
    } is;
    max_align_t align;
} Block;

static _Atomic(Block *) freed_blocks; /* to this list blocks are only added */

int script_allocations(void) {
    return script_malloc.calls + script_calloc.calls + script_realloc.calls;
}

/* Whether the allocation that begins now is refused. */
static bool refused(Scripted *call) {
    bool failed = script_fails(call);
    if (script_refuse_allocation > 0 && --script_refuse_allocation == 0) {
        failed = true;
    }
    if (failed) {
        errno = ENOMEM;
    }
    return failed;
}

static Block *block_of(void *memory) {
    return (Block *)memory - 1;
}

static void assert_guard(const Block *block) {
    const unsigned char *end =
        (const unsigned char *)(block + 1) + block->is.size;
    for (int i = 0; i < GUARD; i++) {
        script_insist(end[i] == FRESH,
                      "A block of memory was written to %d bytes behind its "
                      "end.",
                      i);
    }
}

static void *allocate(size_t size) {
    Block *block = __real_malloc(sizeof *block + size + GUARD);
    if (block == NULL) {
        return NULL;
    }
    *block = (Block){.is = {.size = size}};
    memset(block + 1, FRESH, size + GUARD);
    atomic_fetch_add(&script_blocks, 1);
    atomic_fetch_add(&script_bytes, (long)size);
    return block + 1;
}

void *__wrap_malloc(size_t size) {
    return refused(&script_malloc) ? NULL : allocate(size);
}

void *__wrap_calloc(size_t count, size_t size) {
    void *memory = refused(&script_calloc) ? NULL : allocate(count * size);
    return memory == NULL ? NULL : memset(memory, 0, count * size);
}

void *__wrap_realloc(void *memory, size_t size) {
    if (refused(&script_realloc)) {
        return NULL;
    }
    if (memory == NULL) {
        return allocate(size);
    }
    Block *block = block_of(memory);
    size_t before = block->is.size;
    assert_guard(block);
    block = __real_realloc(block, sizeof *block + size + GUARD);
    if (block == NULL) {
        return NULL;
    }
    size_t kept = size < before ? size : before;
    memset((char *)(block + 1) + kept, FRESH, size - kept + GUARD);
    block->is.size = size;
    atomic_fetch_add(&script_bytes, (long)size - (long)before);
    return block + 1;
}

static void keep(Block *block) {
    memset(block + 1, PAINT, block->is.size);
    block->is.freed = true;
    block->is.next = atomic_load(&freed_blocks);
    while (
        !atomic_compare_exchange_weak(&freed_blocks, &block->is.next, block)) {
    }
}

void __wrap_free(void *memory) {
    if (memory == NULL) {
        return;
    }
    if (script_before_free != NULL) {
        script_before_free(memory);
    }
    Block *block = block_of(memory);
    if (block->is.freed) {
        atomic_fetch_add(&script_freed_twice, 1);
        return;
    }
    assert_guard(block);
    atomic_fetch_sub(&script_blocks, 1);
    atomic_fetch_sub(&script_bytes, (long)block->is.size);
    if (script_keep_freed) {
        keep(block);
    } else {
        __real_free(block);
    }
}

static bool paint_is_whole(const Block *block) {
    const unsigned char *bytes = (const unsigned char *)(block + 1);
    for (size_t i = 0; i < block->is.size; i++) {
        if (bytes[i] != PAINT) {
            return false;
        }
    }
    return true;
}

int script_used_after_free(void) {
    int used = script_calls_into_freed;
    const Block *block = atomic_load(&freed_blocks);
    for (; block != NULL; block = block->is.next) {
        used += !paint_is_whole(block);
    }
    return used;
}

static bool is_in(const Block *block, const void *place) {
    uintptr_t from = (uintptr_t)(block + 1);
    uintptr_t at = (uintptr_t)place;
    return at >= from && at < from + block->is.size;
}

bool script_was_freed(const void *place) {
    const Block *block = atomic_load(&freed_blocks);
    while (block != NULL && !is_in(block, place)) {
        block = block->is.next;
    }
    atomic_fetch_add(&script_calls_into_freed, block != NULL);
    return block != NULL;
}
