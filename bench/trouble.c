#include "workload.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

void give_up(const char *what, int error) {
    fprintf(stderr, "%s%s%s.\n", what, error != 0 ? ": " : "",
            error != 0 ? strerror(error) : "");
    exit(EXIT_FAILURE);
}

void must(bool good, const char *what) {
    if (!good) {
        give_up(what, errno);
    }
}

void pin(int nth) {
    cpu_set_t allowed, one;
    must(sched_getaffinity(0, sizeof allowed, &allowed) == 0,
         "The processors of this program cannot be asked for");
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, &allowed) && nth-- == 0) {
            CPU_ZERO(&one);
            CPU_SET(cpu, &one);
            must(sched_setaffinity(0, sizeof one, &one) == 0,
                 "A thread cannot be kept on one processor");
            return;
        }
    }
    give_up("This work needs one more processor than the program may use", 0);
}

void raise_descriptor_limit(void) {
    struct rlimit limit;
    must(getrlimit(RLIMIT_NOFILE, &limit) == 0,
         "The limit of descriptors cannot be asked for");
    limit.rlim_cur = limit.rlim_max;
    must(setrlimit(RLIMIT_NOFILE, &limit) == 0,
         "The limit of descriptors cannot be raised");
}

static void too_long(int signal) {
    static const char sentence[] =
        "The work did not end within its time: is the other end still "
        "there, or is this machine very busy?\n";
    (void)signal;
    (void)!write(STDERR_FILENO, sentence, sizeof sentence - 1);
    _exit(EXIT_FAILURE);
}

void limit_time(unsigned seconds) {
    const char *other = getenv("BENCH_SECONDS");
    if (other != NULL) {
        seconds = (unsigned)strtoul(other, NULL, 10);
    }
    struct sigaction action = {.sa_handler = too_long};
    must(sigaction(SIGALRM, &action, NULL) == 0, "No time limit can be set");
    alarm(seconds);
}
