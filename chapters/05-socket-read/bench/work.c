/*
 * The first message is a rehearsal. Once it has been answered, everything
 * that is done only once has been done: then memory and threads are looked
 * at, counting begins, and the driver is told to send the others.
 */
#include "work.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SECONDS_TO_END = 60 };

/* Of the process that does the work: of the child, in work_measure(). */
static Work current;
static Figures figures;
static int report;
static atomic_ulong answered;

static void end_of_process(void) {
    ssize_t written = write(report, &figures, sizeof figures);
    _exit(written == sizeof figures ? 0 : 1);
}

void work_give_up(const char *trouble) {
    snprintf(figures.trouble, sizeof figures.trouble, "%s", trouble);
    end_of_process();
}

void work_begin(const Work *work) {
    driver_go(work->driver, 1);
}

static void begin_to_count(void) {
    figures.threads = counts_threads();
    unsigned long memory = counts_memory();
    figures.memory = memory > figures.memory ? memory - figures.memory : 0;
    driver_go(current.driver, current.messages);
    counts_take(figures.counts);
}

static void end_of_work(void) {
    unsigned long end[COUNTS];
    counts_take(end);
    for (int i = 0; i < COUNTS; i++) {
        figures.counts[i] = end[i] - figures.counts[i];
    }
    figures.messages = current.messages;
    end_of_process();
}

/* Whoever counts to the last one ends it: it need not be who answered it. */
void work_done(void) {
    unsigned long done = atomic_fetch_add(&answered, 1) + 1;
    if (done == 1) {
        begin_to_count();
    } else if (done == current.messages + 1) {
        end_of_work();
    }
}

static void do_the_work(const Work *work, WaitFn *wait) {
    current = *work;
    figures.memory = counts_memory();
    alarm(SECONDS_TO_END); /* a lost wake-up would never end */
    wait(work);
    work_give_up(strerror(errno));
}

static bool ended_well(pid_t child) {
    int status;
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
        fprintf(stderr,
                "It did not end within %d s: a wake-up was lost, or there are "
                "too many messages.\n",
                SECONDS_TO_END);
    } else if (WIFSIGNALED(status)) {
        fprintf(stderr, "It was ended by a signal: %s.\n",
                strsignal(WTERMSIG(status)));
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool work_measure(const Work *work, WaitFn *wait, Figures *figures_out) {
    int ends[2];
    if (pipe(ends) < 0) {
        perror("No pipe");
        return false;
    }
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        report = ends[1];
        do_the_work(work, wait);
    }
    if (child < 0) {
        perror("No process");
    }
    close(ends[1]);
    ssize_t length = read(ends[0], figures_out, sizeof *figures_out);
    close(ends[0]);
    return child > 0 && ended_well(child) && length == sizeof *figures_out;
}
