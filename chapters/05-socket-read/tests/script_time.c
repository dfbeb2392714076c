#include "script_time.h"

#include "clock.h"

_Atomic uint64_t script_clock_ns = 1000 * NS_PER_S;
atomic_int script_clock_reads;

static atomic_bool real_time;
static _Atomic clockid_t latest_clock;
static _Thread_local uint64_t told_ns;

int __real_clock_gettime(clockid_t clock, struct timespec *time_out);

int __wrap_clock_gettime(clockid_t clock, struct timespec *time_out) {
    atomic_fetch_add(&script_clock_reads, 1);
    latest_clock = clock;
    script_insist(clock == CLOCK_MONOTONIC,
                  "The time was taken from clock %d, which somebody may set "
                  "while a wait is under way. CLOCK_MONOTONIC never goes back: "
                  "that is clock %d.",
                  (int)clock, (int)CLOCK_MONOTONIC);
    if (real_time) {
        return __real_clock_gettime(clock, time_out);
    }
    told_ns = script_clock_ns;
    time_out->tv_sec = (time_t)(told_ns / NS_PER_S);
    time_out->tv_nsec = (long)(told_ns % NS_PER_S);
    return 0;
}

clockid_t script_latest_clock(void) {
    return latest_clock;
}

void script_use_real_time(void) {
    real_time = true;
}

bool script_time_is_real(void) {
    return real_time;
}

uint64_t script_told_ns(void) {
    return told_ns;
}
