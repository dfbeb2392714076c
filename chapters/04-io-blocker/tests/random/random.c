/*
 * A million calls are dealt in sequences of some fifty. A child performs them,
 * one after the other; if it fails, crashes or hangs, the parent knows in which
 * sequence, and tries again with fewer and fewer of its steps.
 *
 * Everything follows from the seed, so the seed is all that must be kept.
 */
#include "random.h"

#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LONGEST = 100, SECONDS = 5, TRIES = 20 };

/* What the child tells the parent, also when it is killed. */
static struct Report {
    unsigned long sequence; /* under way */
    unsigned long calls;    /* made so far */
    char sentence[400];     /* why it failed */
} * report;

int depth;
int free_threads;

static bool shown; /* whether each call is printed */

void say(const char *format, ...) {
    if (shown) {
        va_list values;
        va_start(values, format);
        printf("%*s", 4 + 4 * depth, "");
        vprintf(format, values);
        putchar('\n');
        va_end(values);
        fflush(stdout);
    }
}

void fail(const char *format, ...) {
    va_list values;
    va_start(values, format);
    vsnprintf(report->sentence, sizeof report->sentence, format, values);
    va_end(values);
    _exit(1);
}

void count_call(void) {
    report->calls += 1;
}

/* --- The generator -------------------------------------------------------- */

/* splitmix64: short, and each seed has a sequence of its own. */
static uint64_t next_random(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static unsigned char pick_operation(uint64_t random) {
    unsigned sum = 0;
    for (size_t i = 0; i < scenario.count; i++) {
        sum += scenario.operations[i].weight;
    }
    unsigned left = (unsigned)(random % sum);
    unsigned char operation = 0;
    while (left >= scenario.operations[operation].weight) {
        left -= scenario.operations[operation].weight;
        operation += 1;
    }
    return operation;
}

/* Deals a sequence; returns how many steps it has. */
static size_t deal(unsigned long seed, Step *steps_out) {
    uint64_t state = seed;
    size_t count = 10 + next_random(&state) % (LONGEST - 10);
    for (size_t i = 0; i < count; i++) {
        unsigned char operation = pick_operation(next_random(&state));
        uint64_t random = next_random(&state);
        steps_out[i] = (Step){operation, (unsigned char)random,
                              (unsigned char)(random >> 8)};
    }
    return count;
}

/* --- Running -------------------------------------------------------------- */

/* What a child says besides its sentence: an assertion, a sanitizer. */
static FILE *noise;

/* Waits for a child; returns whether all was well, or leaves the reason. */
static bool ended_well(pid_t child) {
    int status;
    waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        return true;
    }
    if (report->sentence[0] == '\0') {
        bool hung = WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM;
        snprintf(report->sentence, sizeof report->sentence, "%s",
                 hung ? "It hangs: a call did not return in five seconds."
                 : WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT
                     ? "It aborts: an assertion has failed."
                     : "It crashes.");
    }
    return false;
}

static pid_t start_child(void) {
    fflush(stdout);
    report->sentence[0] = '\0';
    rewind(noise);
    if (ftruncate(fileno(noise), 0) != 0) {
        perror("ftruncate");
    }
    pid_t child = fork();
    if (child == 0) {
        dup2(fileno(noise), STDERR_FILENO);
    }
    return child;
}

/* Performs one sequence in a child. Returns whether all was well. */
static bool try_once(const Step *steps, size_t count) {
    pid_t child = start_child();
    if (child == 0) {
        alarm(SECONDS);
        scenario.perform(steps, count);
        _exit(0);
    }
    return ended_well(child);
}

/* With threads that run freely, once more may be what it takes to fail. */
static bool try_steps(const Step *steps, size_t count) {
    int tries = free_threads > 0 ? TRIES : 1;
    bool well = true;
    while (well && tries > 0) {
        well = try_once(steps, count);
        tries -= 1;
    }
    return well;
}

/* Performs sequences until enough calls were made. Returns as try_steps(). */
static bool try_sequences(unsigned long first, unsigned long calls) {
    pid_t child = start_child();
    if (child == 0) {
        Step steps[LONGEST];
        report->sequence = first;
        while (report->calls < calls) {
            alarm(SECONDS);
            scenario.perform(steps, deal(report->sequence, steps));
            report->sequence += 1;
        }
        _exit(0);
    }
    return ended_well(child);
}

/* --- Making it shorter ---------------------------------------------------- */

static size_t without(const Step *steps, size_t count, size_t from, size_t to,
                      Step *steps_out) {
    memcpy(steps_out, steps, from * sizeof *steps);
    memcpy(steps_out + from, steps + to, (count - to) * sizeof *steps);
    return count - (to - from);
}

/* Leaves out a half, a quarter, …, one step, as long as it still fails. */
static size_t leave_out(Step *steps, size_t count) {
    Step fewer[LONGEST];
    size_t size = count / 2;
    while (size > 0) {
        bool shorter = false;
        for (size_t from = 0; from + size <= count;) {
            size_t left = without(steps, count, from, from + size, fewer);
            if (!try_steps(fewer, left)) {
                memcpy(steps, fewer, left * sizeof *steps);
                count = left;
                shorter = true;
            } else {
                from += size;
            }
        }
        size = size > 1 ? size / 2 : shorter ? 1 : 0;
    }
    return count;
}

/* Tries another number; returns whether it still fails with it. */
static bool still_fails_with(Step *steps, size_t count, unsigned char *number,
                             unsigned char other) {
    unsigned char before = *number;
    if (before <= other) {
        return false;
    }
    *number = other;
    if (try_steps(steps, count)) {
        *number = before;
        return false;
    }
    return true;
}

/* Makes numbers small; returns whether one of them was not. */
static bool make_small(Step *steps, size_t count) {
    bool changed = false;
    for (size_t i = 0; i < count; i++) {
        for (unsigned char other = 0; other < 3; other++) {
            changed |= still_fails_with(steps, count, &steps[i].a, other);
            changed |= still_fails_with(steps, count, &steps[i].b, other);
        }
    }
    return changed;
}

static size_t shorten(Step *steps, size_t count) {
    do {
        count = leave_out(steps, count);
    } while (make_small(steps, count));
    return count;
}

/* Prints what the child said besides: the lines that a reader needs. */
static void show_noise(void) {
    char line[400];
    rewind(noise);
    for (int lines = 0; lines < 12 && fgets(line, sizeof line, noise);) {
        if (strspn(line, " \n=") != strlen(line)) {
            printf("    %.200s", line);
            lines += 1;
        }
    }
}

/* Prints the calls, and what is seen; `seen` if it is not seen this time. */
static void show(const Step *steps, size_t count, const char *seen) {
    shown = true;
    if (try_once(steps, count)) {
        puts("    (but not each time)");
    } else {
        seen = report->sentence;
    }
    shown = false;
    printf("Seen: %s\n", seen);
    show_noise();
}

/* Says what was found in the sequence that the report names. */
static void show_failure(const char *program) {
    Step steps[LONGEST];
    unsigned long seed = report->sequence;
    size_t count = deal(seed, steps);
    char seen[sizeof report->sentence];
    memcpy(seen, report->sentence, sizeof seen);
    printf("Seed %lu fails: %s\n", seed, seen);
    if (!try_steps(steps, count)) {
        count = shorten(steps, count);
    }
    printf("The shortest sequence that does:\n");
    show(steps, count, seen);
    printf("Again: make random SEED=%lu STEPS=1 (%s)\n", seed, program);
}

static bool open_report(void) {
    FILE *shared = tmpfile();
    noise = tmpfile();
    if (noise == NULL || shared == NULL ||
        ftruncate(fileno(shared), sizeof *report) != 0) {
        return false;
    }
    report = mmap(NULL, sizeof *report, PROT_READ | PROT_WRITE, MAP_SHARED,
                  fileno(shared), 0);
    return report != MAP_FAILED;
}

int main(int count, char **arguments) {
    unsigned long seed = count > 1 ? strtoul(arguments[1], NULL, 10) : 1;
    unsigned long calls = count > 2 ? strtoul(arguments[2], NULL, 10) : 100000;
    free_threads = count > 3 ? atoi(arguments[3]) : 0;
    if (!open_report()) {
        fprintf(stderr, "There is no temporary file to report in.\n");
        return 2;
    }
    if (!try_sequences(seed, calls)) {
        show_failure(arguments[0]);
        return 1;
    }
    printf("random: %lu calls in %lu sequences from seed %lu, all as they "
           "should be\n",
           report->calls, report->sequence - seed, seed);
    return 0;
}
