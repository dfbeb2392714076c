#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"

static _Noreturn void give_up(const char *what) {
    perror(what);
    exit(2);
}

/* The child has no more descriptors than a program has anyway. */
static void print_into(FILE *output) {
    if (dup2(fileno(output), 1) < 0 || dup2(fileno(output), 2) < 0) {
        give_up("A test's output goes nowhere");
    }
    for (int number = 3; number < 64; number++) {
        close(number);
    }
}

void child_start(Child *child, void (*run)(const RunnerTest *test)) {
    child->output = tmpfile();
    if (child->output == NULL) {
        give_up("A test's output has no file");
    }
    fflush(stdout);
    pid_t process = fork();
    if (process < 0) {
        give_up("A test has no process");
    }
    if (process == 0) {
        print_into(child->output);
        run(child->test);
    }
    child->process = process;
}

Child *child_wait(Child *children, int count, Ending *ending_out) {
    int status = 0;
    pid_t process = waitpid(-1, &status, 0);
    for (int i = 0; i < count; i++) {
        if (children[i].test != NULL && children[i].process == process) {
            ending_out->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
            ending_out->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
            ending_out->timed_out = ending_out->signal == SIGALRM;
            rewind(children[i].output);
            return &children[i];
        }
    }
    give_up("A test's process is lost");
}

/* Whole seconds are what there is; a limit of less than one is one. */
void child_limit_time(double seconds) {
    signal(SIGALRM, SIG_DFL);
    alarm(seconds > 0 && seconds < 1 ? 1 : (unsigned)seconds);
}

int child_processors(void) {
    return (int)sysconf(_SC_NPROCESSORS_ONLN);
}
