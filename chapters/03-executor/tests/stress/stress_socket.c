/*
 * Tasks read from sockets, two of them from each, while bytes come, reads are
 * dropped half-way and sockets are closed: at the very moment when a watching
 * thread may be waking those who wait. For the thread sanitizer: `make stress
 * SANITIZE=thread`. An argument sets the number of rounds.
 */
#include <stdio.h>
#include <stdlib.h>

#include "executor.h"
#include "platform.h"
#include "socket_read.h"

enum { LINES = 8, READS = 2 * LINES };

typedef struct Line {
    Socket near;
    int far;
} Line;

/* Polls a read that stays where it is; the drop is the round's. */
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

/* Does to each line one of the things that may happen to it. */
typedef struct Fate {
    Future future;
    Line *lines;
    JoinHandle *handles;
    unsigned random;
} Fate;

static void decide(Line *line, JoinHandle *handles, unsigned choice) {
    if (choice & 1 && write(line->far, "xy", 2) != 2) {
        perror("A socket refused two bytes");
    }
    if (choice & 2) {
        join_handle_cancel(&handles[choice >> 4 & 1]);
    }
    if (choice & 4) {
        socket_close(&line->near);
    } else {
        close(line->far); /* end of file */
        line->far = -1;
    }
}

static Poll fate_poll(Future *future, Context *context) {
    Fate *self = (Fate *)future;
    (void)context;
    for (int i = 0; i < LINES; i++) {
        self->random = self->random * 1664525u + 1013904223u;
        decide(&self->lines[i], &self->handles[2 * i], self->random >> 16);
    }
    return POLL_READY;
}

static void fate_drop(Future *future) {
    (void)future;
}

static bool open_lines(Line *lines) {
    for (int i = 0; i < LINES; i++) {
        int pair[2];
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0 ||
            socket_init(&lines[i].near, pair[0]) != 0) {
            return false;
        }
        lines[i].far = pair[1];
    }
    return true;
}

static void close_lines(Line *lines) {
    for (int i = 0; i < LINES; i++) {
        if (lines[i].near.descriptor >= 0) {
            socket_close(&lines[i].near);
        }
        if (lines[i].far >= 0) {
            close(lines[i].far);
        }
    }
}

/* Returns how many reads have ended, or were cancelled. */
static int run_round(unsigned seed) {
    static const FutureVtable reader_vtable = {reader_poll, reader_drop};
    static const FutureVtable fate_vtable = {fate_poll, fate_drop};
    static Line lines[LINES];
    static SocketRead reads[READS];
    static char bytes[READS];
    JoinHandle handles[READS];
    Executor *executor = NULL;
    if (!open_lines(lines) || executor_new(&executor) != 0) {
        return -1;
    }
    Spawner spawner = executor_spawner(executor);
    for (int i = 0; i < READS; i++) {
        Reader reader = {{&reader_vtable}, &reads[i]};
        socket_read_init(&reads[i], &lines[i / 2].near, &bytes[i], 1);
        spawner_spawn(&spawner, &reader.future, sizeof reader, &handles[i]);
    }
    Fate fate = {{&fate_vtable}, lines, handles, seed};
    spawner_spawn(&spawner, &fate.future, sizeof fate, NULL);
    int ended = 0, result = executor_run(executor);
    for (int i = 0; i < READS; i++) {
        ended += result == 0 && join_handle_is_finished(&handles[i]);
        future_drop(&handles[i].future);
    }
    executor_free(executor);
    close_lines(lines);
    return ended;
}

int main(int count, char **arguments) {
    int rounds = count > 1 ? atoi(arguments[1]) : 200;
    int ended = 0;
    for (int i = 0; i < rounds; i++) {
        ended += run_round((unsigned)i);
    }
    printf("socket: %d rounds, %d of %d reads ended, %d threads are left\n",
           rounds, ended, rounds * READS, socket_watching_threads());
    return ended == rounds * READS && socket_watching_threads() == 0 ? 0 : 1;
}
