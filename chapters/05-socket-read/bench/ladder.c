/*
 * The same work, done in six ways, for 1 to 10,000 sockets of which a few are
 * active; and what each way costs for a message.
 *
 *   run-bench                  all of it, in less than a minute
 *   run-bench --quick          with a tenth of the messages
 *   run-bench --sockets N      for one number of sockets only
 *   run-bench --messages N     exactly so many, however long it takes
 *   run-bench --rung N         one way only, 1 to 6; 7 is the limit
 *   run-bench --data FILE      writes the figures of all of it there, to be
 *                              drawn
 */
#define _GNU_SOURCE /* sched_setaffinity() */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "descriptors.h"
#include "ways.h"

enum {
    MOST_MESSAGES = 5000,
    /* Where each message costs a look at each socket: so many in all. */
    MOST_LOOKS = 2000000,
    /* What a process needs besides the sockets. */
    SPARE_DESCRIPTORS = 16,
    /* With fewer, a page of memory is too much to be shared out. */
    SOCKETS_FOR_MEMORY = 1000
};

/* What the command line asks for; 0 leaves it open. */
typedef struct Options {
    size_t sockets;
    unsigned long messages;
    unsigned long rung;
    bool quick;
    const char *data;
} Options;

static unsigned long messages_for(const Options *options, const Way *way,
                                  size_t sockets) {
    unsigned long messages = MOST_MESSAGES;
    if (way->looks_at_all && messages > MOST_LOOKS / sockets) {
        messages = MOST_LOOKS / sockets;
    }
    if (options->quick) {
        messages = messages / 10;
    }
    return options->messages != 0 ? options->messages
           : messages != 0        ? messages
                                  : 1;
}

/* --- The table -------------------------------------------------------------- */

static double each(const Figures *figures, Count count) {
    return (double)figures->counts[count] / (double)figures->messages;
}

static double calls(const Figures *figures) {
    return each(figures, COUNT_READ) + each(figures, COUNT_SEND) +
           each(figures, COUNT_WAIT) + each(figures, COUNT_CONTROL);
}

static unsigned long memory_each(const Figures *figures, size_t sockets) {
    return (figures->memory + sockets / 2) / sockets;
}

/* A number in seven places, as exact as there is room. */
static void print_number(double number) {
    printf(" %6.*f", number < 100 ? 2 : number < 1000 ? 1 : 0, number);
}

static void print_legend(void) {
    printf("For each message: system calls, of which read, wait (poll, "
           "epoll_wait) and ctl (epoll_ctl); one\n"
           "more sends the answer. Looks at a socket, or polls of a future; "
           "wake-ups; switches to another\n"
           "thread or process, to sleep or forced; processor time. All in all: "
           "threads. For each socket:\n"
           "bytes of memory (\"-\": too few sockets to tell).\n");
}

static void print_head(size_t sockets) {
    char title[32];
    snprintf(title, sizeof title, "%zu of %zu active",
             sockets < ACTIVE_SOCKETS ? sockets : ACTIVE_SOCKETS, sockets);
    printf("\n%-21s  calls   read   wait    ctl  looks  wakes sleeps forced "
           "threads  bytes     µs\n",
           title);
}

static void print_row(const Way *way, const Figures *figures, size_t sockets) {
    static const Count columns[] = {COUNT_READ,  COUNT_WAIT,    COUNT_CONTROL,
                                    COUNT_LOOK,  COUNT_WAKE_UP, COUNT_SWITCH,
                                    COUNT_FORCED};
    printf("%-21s", way->name);
    if (figures->messages == 0) {
        printf(" %s\n", figures->trouble);
        return;
    }
    print_number(calls(figures));
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        print_number(each(figures, columns[i]));
    }
    printf(" %7lu", figures->threads);
    if (sockets < SOCKETS_FOR_MEMORY) {
        printf("      -");
    } else {
        printf(" %6lu", memory_each(figures, sockets));
    }
    print_number(each(figures, COUNT_CPU_NS) / 1000);
    printf("\n");
}

/* The same for gnuplot: a line for each way and number of sockets. */
static void write_row(FILE *data, size_t way, const Figures *figures,
                      size_t sockets) {
    if (figures->messages == 0) {
        fprintf(data, "# %zu %zu %s\n", way + 1, sockets, figures->trouble);
        return;
    }
    fprintf(data, "%zu %zu %lu %g", way + 1, sockets, figures->messages,
            calls(figures));
    for (int i = 0; i < COUNTS; i++) {
        fprintf(data, " %g", each(figures, (Count)i));
    }
    fprintf(data, " %lu %lu\n", figures->threads,
            memory_each(figures, sockets));
}

/* --- All of it --------------------------------------------------------------- */

/* All ways, with the same sockets. Returns whether they came to an end. */
static bool climb(const Options *options, const Driver *driver, FILE *data) {
    print_head(driver->count);
    for (size_t i = 0; i < WAYS; i++) {
        if (options->rung != 0 && options->rung != i + 1) {
            continue;
        }
        Work work = {driver, messages_for(options, &ways[i], driver->count)};
        Figures figures;
        if (!work_measure(&work, ways[i].wait, &figures)) {
            fprintf(stderr, "'%s' with %zu sockets failed.\n", ways[i].name,
                    driver->count);
            return false;
        }
        print_row(&ways[i], &figures, driver->count);
        if (data != NULL) {
            write_row(data, i, &figures, driver->count);
        }
    }
    return true;
}

static bool climb_with(const Options *options, size_t sockets, FILE *data) {
    long limit = descriptors_raise_limit();
    if ((long)sockets + SPARE_DESCRIPTORS > limit) {
        printf("\n%zu sockets: left out, since a process may open %ld "
               "descriptors here;\nraise the limit with 'ulimit -n'.\n",
               sockets, limit);
        return true;
    }
    Driver driver;
    int result = driver_start(&driver, sockets);
    if (result != 0) {
        fprintf(stderr, "No sockets: %s. Try fewer: --sockets N.\n",
                strerror(-result));
        return false;
    }
    bool ended = climb(options, &driver, data);
    bool answered = driver_stop(&driver);
    if (ended && !answered) {
        fprintf(stderr, "The driver met an answer that is wrong.\n");
    }
    return ended && answered;
}

static bool climb_all(const Options *options, FILE *data) {
    static const size_t sizes[] = {1, 10, 100, 1000, 10000};
    if (options->sockets != 0) {
        return climb_with(options, options->sockets, data);
    }
    bool ended = true;
    for (size_t i = 0; ended && i < sizeof sizes / sizeof *sizes; i++) {
        ended = climb_with(options, sizes[i], data);
    }
    return ended;
}

/* Reads a number from 1 to `most`, all of the text. Returns 0 if it is none. */
static unsigned long parse_number(const char *text, unsigned long most) {
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    bool plain = text[0] >= '0' && text[0] <= '9' && *end == '\0';
    return plain && number <= most ? number : 0;
}

/* Returns whether the command line was understood; says so if not. */
static bool parse(int count, char **arguments, Options *options) {
    for (int i = 1; i < count; i++) {
        const char *name = arguments[i];
        if (strcmp(name, "--quick") == 0) {
            options->quick = true;
            continue;
        }
        const char *value = i + 1 < count ? arguments[++i] : "";
        unsigned long number = parse_number(value, 100000000);
        if (strcmp(name, "--data") == 0 && value[0] != '\0') {
            options->data = value;
        } else if (strcmp(name, "--sockets") == 0 && number > 0) {
            options->sockets = number;
        } else if (strcmp(name, "--messages") == 0 && number > 0) {
            options->messages = number;
        } else if (strcmp(name, "--rung") == 0 && number > 0 &&
                   number <= WAYS) {
            options->rung = number;
        } else {
            fprintf(stderr,
                    "'%s %s' is not understood: use --quick, --sockets N, "
                    "--messages N, --rung N (1 to 7) or --data FILE.\n",
                    name, value);
            return false;
        }
    }
    return true;
}

/*
 * The driver as well. Apart, each would have to call the other's core out of
 * its sleep: in a virtual machine that costs more than all else, some times
 * and not others. Together, the figures of two runs can be compared.
 */
static void share_one_core(void) {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET((size_t)sched_getcpu(), &cores);
    if (sched_setaffinity(0, sizeof cores, &cores) < 0) {
        perror("The processes stay on several cores");
    }
}

int main(int count, char **arguments) {
    Options options = {0};
    if (!parse(count, arguments, &options)) {
        return 2;
    }
    signal(SIGPIPE, SIG_IGN); /* if the driver has failed, it says why */
    FILE *data = NULL;
    if (options.data != NULL && options.sockets == 0) {
        data = fopen(options.data, "w");
        if (data == NULL) {
            perror(options.data);
            return 1;
        }
        fprintf(data, "rung sockets messages calls read send wait ctl looks "
                      "wake-ups own forced cpu-ns threads bytes\n");
    }
    share_one_core();
    print_legend();
    bool ended = climb_all(&options, data);
    if (data != NULL && fclose(data) != 0) {
        perror(options.data);
        return 1;
    }
    return ended ? 0 : 1;
}
