#include "script_leaks.h"

#include <criterion/criterion.h>

#include "script_conditions.h"
#include "script_locks.h"
#include "script_memory.h"
#include "script_threads.h"

static void assert_balanced(int left, const char *what) {
    cr_assert(left <= 0,
              "A %s: what was acquired has to be released on every way "
              "out, also when something failed.",
              what);
    cr_assert(left >= 0,
              "More was released than acquired (a %s, so to speak: it "
              "happened %d times too often).",
              what, -left);
}

void script_assert_nothing_left(void) {
    if (script_threads_kept == 0) { /* a detached one may still wake */
        script_await_threads();
    }
    assert_balanced(script_blocks, "block of memory was not freed");
    assert_balanced(script_locks, "lock was not destroyed");
    assert_balanced(script_conditions, "condition was not destroyed");
    assert_balanced(script_condattrs,
                    "condition's attributes were not destroyed");
    assert_balanced(script_threads_kept,
                    "thread was neither joined nor detached");
}
