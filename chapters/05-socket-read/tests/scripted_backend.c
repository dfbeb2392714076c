#include "scripted_backend.h"

#include <stdio.h>
#include <string.h>

static char text[1024];
static uint32_t generation;
static int arm_result;

static Readiness reports[16];
static int report_count = -1; /* the back end is asked */
static bool report_woken;

const char *armed_text(void) {
    return text;
}

void armed_clear(void) {
    text[0] = '\0';
}

uint32_t armed_generation(void) {
    return generation;
}

void scripted_arm_fails(int result) {
    arm_result = result;
}

void scripted_reports(const Readiness *these, int count, bool woken) {
    for (int i = 0; i < count; i++) {
        reports[i] = these[i];
    }
    report_count = count;
    report_woken = woken;
}

int __real_backend_arm(Backend *backend, IoObject object,
                       uint32_t with_generation, Signals before, Signals after);
int __real_backend_wait(Backend *backend, uint64_t deadline_ns,
                        Readiness *readiness_out, size_t capacity, bool *woken);

int __wrap_backend_arm(Backend *backend, IoObject object,
                       uint32_t with_generation, Signals before,
                       Signals after) {
    size_t length = strlen(text);
    snprintf(text + length, sizeof text - length, "%s%s -> %s",
             length == 0 ? "" : ", ", signals_name(before),
             signals_name(after));
    generation = with_generation;
    int result = arm_result;
    arm_result = 0;
    return result != 0 ? result
                       : __real_backend_arm(backend, object, with_generation,
                                            before, after);
}

int __wrap_backend_wait(Backend *backend, uint64_t deadline_ns,
                        Readiness *readiness_out, size_t capacity,
                        bool *woken) {
    if (report_count < 0) {
        return __real_backend_wait(backend, deadline_ns, readiness_out,
                                   capacity, woken);
    }
    int count = report_count;
    memcpy(readiness_out, reports, (size_t)count * sizeof *reports);
    *woken = *woken || report_woken;
    report_count = -1;
    return count;
}
