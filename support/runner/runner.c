/*
 * A small test runner: what `make test` uses where Criterion is not to be had
 * (Windows, for one), and with RUNNER=portable. It prints what Criterion
 * prints.
 *
 *   run-tests [--filter suite/name] [--skips FILE] [--absent FILE] [-jN]
 *
 * Each test runs in a process of its own, a few at a time. A file of skips has
 * a line for each test that cannot run here: its name and, after two spaces,
 * why. A file of absent tests names those that are not even compiled. Each is
 * printed and counted; one that is to be skipped but does not exist is an
 * error.
 */
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>

#include "child.h"

/* What a test's process exits with; nothing else has these. */
enum { PASSED = 40, FAILED = 41, SKIPPED = 42 };

enum { MOST_SKIPS = 400, MOST_CHILDREN = 16 };

typedef struct Skip {
    char name[512];
    char reason[512];
    bool absent; /* there is no such test in this program */
    bool used;
} Skip;

static RunnerTest *tests;
static RunnerTest *suites;
static Skip skips[MOST_SKIPS];
static int skip_count;
static const char *filter = "*";
static int jobs;

static struct { int tested, passing, failing, crashing, skipped; } count;

/* --- The list of tests ---------------------------------------------------- */

static int compare(const RunnerTest *a, const RunnerTest *b) {
    int order = strcmp(a->suite, b->suite);
    return order != 0 || a->name == NULL ? order : strcmp(a->name, b->name);
}

void runner_add(RunnerTest *test) {
    RunnerTest **place = test->run == NULL ? &suites : &tests;
    while (*place != NULL && compare(*place, test) < 0) {
        place = &(*place)->next;
    }
    test->next = *place;
    *place = test;
}

static const RunnerTest *suite_of(const RunnerTest *test) {
    static const RunnerTest none;
    const RunnerTest *suite = suites;
    while (suite != NULL && strcmp(suite->suite, test->suite) != 0) {
        suite = suite->next;
    }
    return suite == NULL ? &none : suite;
}

/* `*` stands for any letters, `?` for one. */
static bool matches(const char *pattern, const char *name) {
    if (*pattern == '*') {
        return matches(pattern + 1, name) ||
               (*name != '\0' && matches(pattern, name + 1));
    }
    if (*pattern == '\0' || *name == '\0') {
        return *pattern == *name;
    }
    return (*pattern == '?' || *pattern == *name) &&
           matches(pattern + 1, name + 1);
}

static bool test_matches(const char *pattern, const RunnerTest *test) {
    char name[256];
    snprintf(name, sizeof name, "%s/%s", test->suite, test->name);
    return matches(pattern, name);
}

/* --- In the test's process ------------------------------------------------ */

static double time_limit(const RunnerTest *test) {
    const char *scale = getenv("TIMEOUT_SCALE");
    double limit = test->timeout > 0 ? test->timeout : suite_of(test)->timeout;
    return scale == NULL ? limit : limit * atof(scale);
}

/* Flushes by itself, so that a sanitizer may look at what is left. */
static void run(const RunnerTest *test) {
    void (*init)(void) = test->init != NULL ? test->init : suite_of(test)->init;
    void (*fini)(void) = test->fini != NULL ? test->fini : suite_of(test)->fini;
    child_limit_time(time_limit(test));
    if (init != NULL) {
        init();
    }
    test->run();
    if (fini != NULL) {
        fini();
    }
    exit(PASSED);
}

void runner_fail(const char *file, int line, const char *expression,
                 const char *message, ...) {
    va_list arguments;
    fprintf(stderr, "[----] %s:%d: Assertion Failed\n[----]   \n[----]   ",
            file, line);
    if (*message == '\0') {
        fprintf(stderr, "The expression %s is false.", expression);
    } else {
        va_start(arguments, message);
        vfprintf(stderr, message, arguments);
        va_end(arguments);
    }
    fprintf(stderr, "\n[----]   \n");
    fflush(stdout);
    fflush(stderr);
    _Exit(FAILED);
}

void runner_skip(const char *message, ...) {
    va_list arguments;
    va_start(arguments, message);
    vfprintf(stderr, message, arguments);
    va_end(arguments);
    fflush(stderr);
    _Exit(SKIPPED);
}

/* --- Reporting ------------------------------------------------------------ */

static void print_skip(const char *suite, const char *name,
                       const char *reason) {
    printf("[SKIP] %s::%s: %s\n", suite, name, reason);
    count.skipped += 1;
}

static void print_output(FILE *output) {
    char line[1024];
    while (fgets(line, sizeof line, output) != NULL) {
        fputs(line, stdout);
    }
}

static bool passed(const RunnerTest *test, const Ending *ending) {
    if (ending->timed_out) {
        return false;
    }
    if (test->signal != 0) {
        return ending->signal == test->signal;
    }
    int expected = test->exit_code != 0 ? test->exit_code : PASSED;
    return ending->signal == 0 && ending->exit_code == expected;
}

static const char *what_failed(const RunnerTest *test, const Ending *ending) {
    if (ending->timed_out) {
        return "Timed out: it waits, or goes round, without end.";
    }
    if (ending->signal != 0) {
        return "CRASH!";
    }
    if (ending->exit_code == FAILED) {
        return "See above.";
    }
    return test->signal != 0 ? "It was to be ended by a signal."
                             : "It exited before its end.";
}

static void report_skip(const RunnerTest *test, FILE *output) {
    char reason[256] = "";
    (void)!fgets(reason, sizeof reason, output);
    print_skip(test->suite, test->name, reason);
}

static void report(const RunnerTest *test, const Ending *ending, FILE *output) {
    if (ending->signal == 0 && ending->exit_code == SKIPPED) {
        report_skip(test, output);
        return;
    }
    count.tested += 1;
    if (passed(test, ending)) {
        count.passing += 1;
        return;
    }
    bool crashed = ending->signal != 0 && !ending->timed_out;
    count.failing += 1;
    count.crashing += crashed;
    print_output(output);
    printf("[FAIL] %s::%s: %s\n", test->suite, test->name,
           what_failed(test, ending));
}

static void summarize(void) {
    printf("[====] Synthesis: Tested: %d | Passing: %d | Failing: %d | "
           "Crashing: %d ",
           count.tested, count.passing, count.failing, count.crashing);
    if (count.skipped > 0) {
        printf("| Skipped: %d ", count.skipped);
    }
    printf("\n");
}

/* --- Skips ---------------------------------------------------------------- */

static _Noreturn void give_up(const char *what, const char *about) {
    fprintf(stderr, "%s: '%s'.\n", what, about);
    exit(2);
}

static void read_skip(char *line, const char *path, bool absent) {
    char *reason = strstr(line, "  ");
    if (reason == NULL || strchr(line, '/') == NULL ||
        skip_count == MOST_SKIPS) {
        give_up("A line is no 'suite/test  reason', or one too many", path);
    }
    *reason = '\0';
    reason += strspn(reason + 1, " ") + 1;
    reason[strcspn(reason, "\r\n")] = '\0';
    Skip *skip = &skips[skip_count++];
    skip->absent = absent;
    snprintf(skip->name, sizeof skip->name, "%s", line);
    snprintf(skip->reason, sizeof skip->reason, "%s", reason);
}

static void read_skips(const char *path, bool absent) {
    char line[512];
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        give_up("The list of skips cannot be read", path);
    }
    while (fgets(line, sizeof line, file) != NULL) {
        if (line[0] != '#' && line[0] != '\n' && line[0] != '\r') {
            read_skip(line, path, absent);
        }
    }
    fclose(file);
}

static const char *reason_to_skip(const RunnerTest *test) {
    const char *reason = NULL;
    for (int i = 0; i < skip_count; i++) {
        if (test_matches(skips[i].name, test)) {
            skips[i].used = true;
            reason = skips[i].reason;
        }
    }
    return reason;
}

static void print_absent(void) {
    for (int i = 0; i < skip_count; i++) {
        char *test = strchr(skips[i].name, '/');
        if (skips[i].absent && matches(filter, skips[i].name)) {
            *test = '\0';
            print_skip(skips[i].name, test + 1, skips[i].reason);
            *test = '/';
        }
    }
}

/* A name that no test has any more would hide the next one that gets it. */
static void insist_on_skips(void) {
    for (int i = 0; i < skip_count; i++) {
        if (!skips[i].used && !skips[i].absent) {
            give_up("No test has the name that is to be skipped",
                    skips[i].name);
        }
    }
}

/* --- Running -------------------------------------------------------------- */

static RunnerTest *next_to_run(RunnerTest *test) {
    while (test != NULL) {
        const char *reason = reason_to_skip(test);
        if (test_matches(filter, test)) {
            if (reason == NULL) {
                return test;
            }
            print_skip(test->suite, test->name, reason);
        }
        test = test->next;
    }
    return NULL;
}

static void run_all(void) {
    static Child children[MOST_CHILDREN];
    RunnerTest *next = next_to_run(tests);
    int running = 0;
    while (next != NULL || running > 0) {
        for (int i = 0; i < jobs && next != NULL; i++) {
            if (children[i].test == NULL) {
                children[i].test = next;
                child_start(&children[i], run);
                running += 1;
                next = next_to_run(next->next);
            }
        }
        Ending ending = {0};
        Child *ended = child_wait(children, jobs, &ending);
        report(ended->test, &ending, ended->output);
        fclose(ended->output);
        ended->test = NULL;
        running -= 1;
    }
}

static _Noreturn void run_one(const char *name) {
    for (RunnerTest *test = tests; test != NULL; test = test->next) {
        if (test_matches(name, test)) {
            run(test);
        }
    }
    give_up("No test has this name", name);
}

int main(int argument_count, char **arguments) {
    jobs = child_processors();
    for (int i = 1; i < argument_count; i++) {
        const char *value = i + 1 < argument_count ? arguments[i + 1] : "";
        if (strcmp(arguments[i], "--run") == 0) {
            run_one(value);
        } else if (strcmp(arguments[i], "--filter") == 0) {
            filter = value;
            i += 1;
        } else if (strcmp(arguments[i], "--skips") == 0) {
            read_skips(value, false);
            i += 1;
        } else if (strcmp(arguments[i], "--absent") == 0) {
            read_skips(value, true);
            i += 1;
        } else if (strncmp(arguments[i], "-j", 2) == 0) {
            jobs = atoi(arguments[i] + 2);
        } else if (strncmp(arguments[i], "--color", 7) != 0) {
            give_up("This is not understood", arguments[i]);
        }
    }
    jobs = jobs < 1 ? 1 : jobs > MOST_CHILDREN ? MOST_CHILDREN : jobs;
    run_all();
    print_absent();
    insist_on_skips();
    summarize();
    return count.failing > 0;
}
