/*
 * What these tests use of Criterion, for machines where Criterion is not to
 * be had: the same names, so that a test file need not know. `make test
 * RUNNER=portable` takes this in its place; runner.c is the rest of it.
 *
 * A test's options stand in the same struct as its name: .init, .fini,
 * .timeout, .signal, .exit_code.
 */
#ifndef PORTABLE_CRITERION_H
#define PORTABLE_CRITERION_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* A test, or a whole suite, for which `name` and `run` are NULL. */
typedef struct RunnerTest {
    const char *suite;
    const char *name;
    void (*run)(void);
    void (*init)(void); /* before it, in its process */
    void (*fini)(void); /* after it */
    double timeout;     /* in seconds; 0 for none */
    int signal;         /* that has to end it */
    int exit_code;      /* with which it has to exit */
    struct RunnerTest *next;
} RunnerTest;

void runner_add(RunnerTest *test);

/* C11 has it, Windows' older C library has not. */
#ifdef _WIN32
#include <time.h>
#ifndef TIME_UTC
#define RUNNER_HAS_TIMESPEC_GET
#define TIME_UTC 1
int timespec_get(struct timespec *now_out, int base);
#endif
#endif

/* Nothing after an assertion's last comma, not even the comma, is fine here. */
#ifdef __clang__
#pragma clang diagnostic ignored "-Wgnu-zero-variadic-macro-arguments"
#endif

/* Printf's own attribute, whichever library it comes from. */
#ifdef __MINGW_PRINTF_FORMAT
#define RUNNER_FORMAT(at)                                                      \
    __attribute__((format(__MINGW_PRINTF_FORMAT, at, at + 1)))
#else
#define RUNNER_FORMAT(at) __attribute__((format(printf, at, at + 1)))
#endif

/* Ends the test: it has failed, or it does not apply here. */
_Noreturn void runner_fail(const char *file, int line, const char *expression,
                           const char *message, ...) RUNNER_FORMAT(4);
_Noreturn void runner_skip(const char *message, ...) RUNNER_FORMAT(1);

/* The list of tests is made before main(), by a constructor for each. */
#define RUNNER_ADD(test)                                                       \
    __attribute__((constructor)) static void test##_add(void) {                \
        runner_add(&test);                                                     \
    }

#define Test(a_suite, a_name, ...)                                             \
    static void a_suite##_##a_name##_run(void);                                \
    static RunnerTest a_suite##_##a_name##_test = {                            \
        .suite = #a_suite,                                                     \
        .name = #a_name,                                                       \
        .run = a_suite##_##a_name##_run,                                       \
        __VA_ARGS__};                                                          \
    RUNNER_ADD(a_suite##_##a_name##_test)                                      \
    static void a_suite##_##a_name##_run(void)

/* Ends with a declaration, to take the semicolon that follows. */
#define TestSuite(a_suite, ...)                                                \
    static RunnerTest a_suite##_suite = {.suite = #a_suite, __VA_ARGS__};      \
    RUNNER_ADD(a_suite##_suite)                                                \
    extern void runner_add(RunnerTest *test)

#define RUNNER_CHECK(holds, expression, ...)                                   \
    do {                                                                       \
        if (!(holds)) {                                                        \
            runner_fail(__FILE__, __LINE__, expression, "" __VA_ARGS__);       \
        }                                                                      \
    } while (0)

#define RUNNER_COMPARE(a, operator, b, ...)                                    \
    RUNNER_CHECK((a) operator(b), "(" #a ") " #operator" (" #b ")", __VA_ARGS__)

#define cr_assert(condition, ...)                                              \
    RUNNER_CHECK(condition, #condition, __VA_ARGS__)
#define cr_assert_eq(a, b, ...) RUNNER_COMPARE(a, ==, b, __VA_ARGS__)
#define cr_assert_neq(a, b, ...) RUNNER_COMPARE(a, !=, b, __VA_ARGS__)
#define cr_assert_lt(a, b, ...) RUNNER_COMPARE(a, <, b, __VA_ARGS__)
#define cr_assert_gt(a, b, ...) RUNNER_COMPARE(a, >, b, __VA_ARGS__)
#define cr_assert_leq(a, b, ...) RUNNER_COMPARE(a, <=, b, __VA_ARGS__)
#define cr_assert_geq(a, b, ...) RUNNER_COMPARE(a, >=, b, __VA_ARGS__)
#define cr_assert_null(a, ...) RUNNER_COMPARE(a, ==, NULL, __VA_ARGS__)
#define cr_assert_not_null(a, ...) RUNNER_COMPARE(a, !=, NULL, __VA_ARGS__)
#define cr_assert_str_eq(a, b, ...)                                            \
    RUNNER_CHECK(strcmp(a, b) == 0, "(" #a ") is the text (" #b ")",           \
                 __VA_ARGS__)
#define cr_assert_arr_eq(a, b, length, ...)                                    \
    RUNNER_CHECK(memcmp(a, b, length) == 0,                                    \
                 "(" #a ") holds the bytes of (" #b ")", __VA_ARGS__)
#define cr_assert_fail(...)                                                    \
    runner_fail(__FILE__, __LINE__, "false", "" __VA_ARGS__)
#define cr_skip_test(...) runner_skip("" __VA_ARGS__)

#endif
