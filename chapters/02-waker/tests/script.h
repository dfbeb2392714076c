/*
 * The system, as the test writes it. The linker's --wrap puts these functions
 * between the chapter's code and the C library: the clock stands where the
 * test put it, sleepers sleep until the test moves it, calls fail when the
 * test says so, and what was acquired is counted.
 *
 * Nothing is scripted before script_begin(), which also says which thread is
 * the test's own. What has to come from another thread is waited for; if it
 * does not come, the test fails with a sentence.
 */
#ifndef SCRIPT_H
#define SCRIPT_H

#include <stdint.h>
#include <time.h>

/* Calls that can be made to fail, and are counted. */
typedef enum ScriptCall {
    SCRIPT_MALLOC,
    SCRIPT_MUTEX_INIT,
    SCRIPT_COND_INIT,
    SCRIPT_CONDATTR_INIT,
    SCRIPT_THREAD_CREATE,
    SCRIPT_CALLS
} ScriptCall;

void script_begin(uint64_t now_ns);

/* The next such call fails with this error number (memory: whatever it is). */
void script_fail_next(ScriptCall call, int error);

/* How often it was called since script_begin(). */
int script_count(ScriptCall call);

/* Fails unless all memory, locks, conditions and threads were given back. */
void script_assert_nothing_left(void);

/* Moves the clock; who sleeps looks again, also if its time has not come. */
void script_advance_to(uint64_t now_ns);

/* Waits until there were so many sleeps with a deadline; the last one lasts. */
void script_await_timed_sleeps(int count, const char *sentence);

/* Waits until so many threads started by the chapter's code have ended. */
void script_await_ended(int count, const char *sentence);

/* The deadline of the latest sleep, and the clock that it was meant for. */
uint64_t script_latest_deadline_ns(void);
clockid_t script_latest_condition_clock(void);

/* The clock that clock_gettime() was last asked for. */
clockid_t script_latest_clock(void);

/* How often the test's own thread went to sleep on a condition. */
int script_sleeps(void);

/* From now on it fails the test if it does. */
void script_forbid_sleep(const char *sentence);

/* The next sleeps end at once, though nobody called. */
void script_end_sleeps_early(int count);

/* Called once, when the test's own thread is about to sleep, lock in hand. */
void script_before_sleep(void (*hook)(void));

/* Called once, when the test's own thread has next released a lock. */
void script_after_unlock(void (*hook)(void));

#endif
