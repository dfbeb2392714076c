/*
 * What it costs to give each waiting read a thread of its own.
 *
 * For 1, 10, 100 and 1,000 sockets: as many tasks read, each from its own
 * socket, and all go to sleep. One more task, polled after them, counts the
 * threads, and then writes to each socket. `main N` does it for N sockets.
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "executor.h"
#include "platform.h"
#include "socket.h"
#include "socket_read.h"

/* One pair of connected sockets, and the task that reads from the near one. */
typedef struct Line {
    Socket near;
    int far;
    SocketRead read;
    char buffer[16];
} Line;

/* The task that is polled last: all others are asleep by then. */
//! [teller]
typedef struct Teller {
    Future future;
    Line *lines;
    int count;
    int threads; /* output: how many there were before any was woken */
} Teller;

static Poll teller_poll(Future *future, Context *context) {
    (void)context;
    Teller *self = (Teller *)future;
    self->threads = socket_watching_threads();
    for (int i = 0; i < self->count; i++) {
        if (write(self->lines[i].far, "hello", 5) != 5) {
            perror("A socket refused five bytes");
        }
    }
    return POLL_READY;
}

static void teller_drop(Future *future) {
    (void)future;
}
//! [teller]

static void explain(const char *what, int result) {
    const char *advice =
        result == -EDEADLK
            ? "No waker of the tasks is left: find out where it was lost."
            : "Try it with fewer sockets: ARGS=100.";
    fprintf(stderr, "%s: %s. %s\n", what, strerror(-result), advice);
}

static int line_open(Line *line) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0) {
        return -errno;
    }
    int result = socket_init(&line->near, pair[0]);
    if (result != 0) {
        close(pair[0]);
        close(pair[1]);
        return result;
    }
    line->far = pair[1];
    return 0;
}

static void line_close(Line *line) {
    socket_close(&line->near);
    close(line->far);
}

static size_t default_stack_size(void) {
    size_t size = 0;
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) == 0) {
        pthread_attr_getstacksize(&attributes, &size);
        pthread_attr_destroy(&attributes);
    }
    return size;
}

/* Counts the reads that got what was written; explains the first failure. */
static int count_served(const Line *lines, int count) {
    int served = 0;
    int failure = 0;
    for (int i = 0; i < count; i++) {
        served += lines[i].read.result == 5;
        if (lines[i].read.result < 0 && failure == 0) {
            failure = (int)lines[i].read.result;
        }
    }
    if (failure != 0) {
        explain("A waiting read got no thread to watch its socket", failure);
    }
    return served;
}

/* The tasks only borrow their reads: main() looks at the results later. */
typedef struct Reader {
    Future future;
    SocketRead *read;
} Reader;

static Poll reader_poll(Future *future, Context *context) {
    return future_poll(&((Reader *)future)->read->future, context);
}

static void reader_drop(Future *future) {
    future_drop(&((Reader *)future)->read->future);
}

//! [spawn]
static int spawn_readers(const Spawner *spawner, Line *lines, int count) {
    static const FutureVtable vtable = {reader_poll, reader_drop};
    for (int i = 0; i < count; i++) {
        socket_read_init(&lines[i].read, &lines[i].near, lines[i].buffer,
                         sizeof lines[i].buffer);
        Reader reader = {{&vtable}, &lines[i].read};
        int result =
            spawner_spawn(spawner, &reader.future, sizeof reader, NULL);
        if (result != 0) {
            return result;
        }
    }
    return 0;
}
//! [spawn]

//! [demonstrate]
static int run_tasks(Executor *executor, Line *lines, int count) {
    static const FutureVtable vtable = {teller_poll, teller_drop};
    Spawner spawner = executor_spawner(executor);
    Teller teller = {{&vtable}, lines, count, 0};
    JoinHandle handle;
    int result = spawn_readers(&spawner, lines, count);
    if (result == 0) {
        result =
            spawner_spawn(&spawner, &teller.future, sizeof teller, &handle);
    }
    if (result != 0) {
        return result;
    }
    result = executor_run(executor);
    if (result == 0) {
        teller = *(Teller *)join_handle_output(&handle);
        printf("%12d %18d %18zu MiB %13d\n", count, teller.threads,
               default_stack_size() * (size_t)teller.threads >> 20,
               count_served(lines, count));
    }
    future_drop(&handle.future);
    return result;
}
//! [demonstrate]

static int demonstrate(int count) {
    Line *lines = calloc((size_t)count, sizeof *lines);
    Executor *executor = NULL;
    int result = lines == NULL ? -ENOMEM : executor_new(&executor);
    int opened = 0;
    while (result == 0 && opened < count) {
        result = line_open(&lines[opened]);
        opened += result == 0;
    }
    if (result == 0) {
        result = run_tasks(executor, lines, count);
    }
    if (result != 0) {
        explain("The tasks could not all be run", result);
    }
    if (executor != NULL) {
        executor_free(executor);
    }
    for (int i = 0; i < opened; i++) {
        line_close(&lines[i]);
    }
    free(lines);
    return result;
}

/* A thousand socket pairs need more descriptors than many shells allow. */
static void raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
#ifdef __APPLE__ /* takes no more than that, whatever the maximum says */
        limit.rlim_cur = limit.rlim_max < OPEN_MAX ? limit.rlim_max : OPEN_MAX;
#endif
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int main(int count, char **arguments) {
    int steps[] = {1, 10, 100, 1000};
    int last = 4;
    if (count > 1) {
        steps[0] = atoi(arguments[1]);
        last = 1;
        if (steps[0] < 1) {
            fprintf(stderr, "'%s' is not a number of sockets: try ARGS=100.\n",
                    arguments[1]);
            return 2;
        }
    }
    raise_descriptor_limit();
    printf("tasks asleep   threads watching   their stacks reserve   "
           "reads served\n");
    for (int i = 0; i < last; i++) {
        if (demonstrate(steps[i]) != 0) {
            return 1;
        }
    }
    return 0;
}
