/*
 * A test that crashes, or that never comes back, says more than "CRASH!": what
 * its signal means. Time on the processor does not run while others are busy.
 */
#ifndef _WIN32
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { PROCESSOR_S = 10 };

static const char memory[] =
    "The test used memory that is not its own: a pointer was NULL or stale, or "
    "a function called itself without end. `make test SANITIZE=address` shows "
    "where.\n";
static const char endless[] =
    "The test has used the processor for seconds and does not come back: it "
    "goes round without end, in a loop or along a list.\n";

static void say(int signal_number) {
    const char *sentence = signal_number == SIGXCPU ? endless : memory;
    if (write(STDERR_FILENO, sentence, strlen(sentence)) < 0) {
        _exit(1);
    }
    raise(signal_number); /* a second time, with the system's own answer */
}

/* Where a sanitizer has an answer of its own, that one is better. */
static void answer(int signal_number) {
    struct sigaction now, ours = {.sa_handler = say};
    ours.sa_flags = SA_ONSTACK | (int)SA_RESETHAND;
    if (sigaction(signal_number, NULL, &now) == 0 &&
        now.sa_handler == SIG_DFL) {
        sigaction(signal_number, &ours, NULL);
    }
}

static void limit_processor_time(void) {
    const char *scale = getenv("TIMEOUT_SCALE");
    double factor = scale == NULL ? 1 : atof(scale);
    struct rlimit limit;
    if (getrlimit(RLIMIT_CPU, &limit) == 0) {
        limit.rlim_cur = (rlim_t)(PROCESSOR_S * (factor < 1 ? 1 : factor));
        setrlimit(RLIMIT_CPU, &limit);
    }
}

/* The stack itself may be what is used up: the answer has another. */
__attribute__((constructor)) static void answer_signals(void) {
    static char second_stack[64 * 1024];
    stack_t stack = {.ss_sp = second_stack, .ss_size = sizeof second_stack};
    if (sigaltstack(&stack, NULL) == 0) {
        answer(SIGSEGV);
        answer(SIGBUS);
    }
    answer(SIGXCPU);
    limit_processor_time();
}
#else
typedef int crash_says_nothing_here; /* C wants something in a file */
#endif
