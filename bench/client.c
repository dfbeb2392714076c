/*
 * The client of the echo, the same for every server: bare epoll, a closed loop
 * (a connection sends again when its echo has come), each byte compared.
 *
 *     client PROGRAM ACTIVE IDLE TRIPS
 *
 * It starts PROGRAM echo as a process of its own, on the first processor, and
 * keeps itself on the second. Each connection, the idle ones too, makes one
 * trip before anything is measured, and a tenth of the trips is made to warm
 * up. The server's processor time is read here, from outside: the server has
 * no part in the measurement. It prints the number of trips, the server's
 * processor time and the time on the clock, in nanoseconds.
 */
#include "workload.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MESSAGE = 64, BATCH = 256, CROWD = 500, TIME_LIMIT_S = 60 };

typedef struct Connection {
    int descriptor;
    uint32_t number, trip;
    size_t received;
    unsigned char expected[MESSAGE], buffer[MESSAGE];
} Connection;

static pid_t server;

/* --- The server ----------------------------------------------------------- */

static void end_server(void) {
    if (server > 0) {
        kill(server, SIGTERM);
        waitpid(server, NULL, 0);
    }
}

/* Starts it; returns its port. */
static uint16_t start_server(const char *program) {
    int ends[2];
    must(pipe(ends) == 0, "There is no pipe to the server");
    server = fork();
    must(server >= 0, "There is no process for the server");
    if (server == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        pin(0);
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execl(program, program, "echo", (char *)NULL);
        give_up("The server cannot be started", errno);
    }
    atexit(end_server);
    close(ends[1]);
    FILE *said = fdopen(ends[0], "r");
    unsigned port;
    if (said == NULL || fscanf(said, "%u", &port) != 1) {
        give_up("The server ended before it listened", 0);
    }
    fclose(said);
    return (uint16_t)port;
}

static uint64_t now_ns(clockid_t clock) {
    struct timespec now;
    must(clock_gettime(clock, &now) == 0, "A clock cannot be read");
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Another process's clock moves when that process stops running: wait for it. */
static uint64_t asleep_ns(clockid_t clock) {
    struct timespec moment = {.tv_nsec = 5000000};
    nanosleep(&moment, NULL);
    return now_ns(clock);
}

/* --- A trip --------------------------------------------------------------- */

/* No two messages under way are the same. */
static void begin_trip(Connection *self) {
    self->trip += 1;
    for (uint32_t i = 0; i < MESSAGE; i += 8) {
        memcpy(self->expected + i, &self->number, 4);
        memcpy(self->expected + i + 4, &self->trip, 4);
    }
    self->received = 0;
    must(send(self->descriptor, self->expected, MESSAGE, MSG_NOSIGNAL) ==
             MESSAGE,
         "The server takes no message");
}

/* Returns whether the whole message is back. */
static bool go_on(Connection *self) {
    ssize_t length = recv(self->descriptor, self->buffer + self->received,
                          MESSAGE - self->received, 0);
    must(length >= 0, "An echo cannot be read");
    if (length == 0) {
        give_up("The server closed a connection before its echo", 0);
    }
    self->received += (size_t)length;
    if (self->received < MESSAGE) {
        return false;
    }
    if (memcmp(self->buffer, self->expected, MESSAGE) != 0) {
        give_up("An echo is not what was sent", 0);
    }
    return true;
}

static void connect_one(Connection *self, uint16_t port, uint32_t number) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(port)};
    int one = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    self->number = number;
    self->descriptor = socket(AF_INET, SOCK_STREAM, 0);
    must(self->descriptor >= 0, "There is no descriptor for a connection "
                                "(try fewer)");
    setsockopt(self->descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    must(connect(self->descriptor, (struct sockaddr *)&address,
                 sizeof address) == 0,
         "The server cannot be reached");
    begin_trip(self);
}

/* A crowd at a time: not more than a listener keeps waiting. */
static void connect_all(Connection *all, size_t count, uint16_t port) {
    for (size_t first = 0; first < count; first += CROWD) {
        size_t behind = count - first < CROWD ? count : first + CROWD;
        for (size_t i = first; i < behind; i++) {
            connect_one(&all[i], port, (uint32_t)i);
        }
        for (size_t i = first; i < behind; i++) {
            while (!go_on(&all[i])) {
            }
        }
    }
}

/* --- All trips ------------------------------------------------------------ */

static void make_trips(int epoll, Connection *active, uint64_t count,
                       uint64_t trips) {
    struct epoll_event events[BATCH];
    uint64_t begun = 0, ended = 0;
    for (; begun < count && begun < trips; begun++) {
        begin_trip(&active[begun]);
    }
    while (ended < trips) {
        int ready = epoll_wait(epoll, events, BATCH, -1);
        must(ready >= 0 || errno == EINTR, "Waiting for echoes failed");
        for (int i = 0; i < ready; i++) {
            Connection *connection = events[i].data.ptr;
            if (!go_on(connection)) {
                continue;
            }
            ended += 1;
            if (begun < trips) {
                begun += 1;
                begin_trip(connection);
            }
        }
    }
}

static void measure(Connection *all, size_t active, uint64_t trips) {
    clockid_t server_clock;
    int epoll = epoll_create1(0);
    must(epoll >= 0, "There is no epoll instance");
    for (size_t i = 0; i < active; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &all[i]};
        must(epoll_ctl(epoll, EPOLL_CTL_ADD, all[i].descriptor, &event) == 0,
             "A connection cannot be watched");
    }
    if (clock_getcpuclockid(server, &server_clock) != 0) {
        give_up("The server has ended", 0);
    }
    make_trips(epoll, all, active, trips / 10);
    uint64_t cpu_ns = asleep_ns(server_clock);
    uint64_t wall_ns = now_ns(CLOCK_MONOTONIC);
    make_trips(epoll, all, active, trips);
    wall_ns = now_ns(CLOCK_MONOTONIC) - wall_ns;
    cpu_ns = asleep_ns(server_clock) - cpu_ns;
    printf("%llu\t%llu\t%llu\n", (unsigned long long)trips,
           (unsigned long long)cpu_ns, (unsigned long long)wall_ns);
}

int main(int argc, char **argv) {
    if (argc != 5) {
        give_up("Say: client PROGRAM ACTIVE IDLE TRIPS", 0);
    }
    size_t active = strtoul(argv[2], NULL, 10);
    size_t idle = strtoul(argv[3], NULL, 10);
    uint64_t trips = strtoull(argv[4], NULL, 10);
    limit_time(TIME_LIMIT_S);
    raise_descriptor_limit();
    uint16_t port = start_server(argv[1]);
    pin(1);
    Connection *all = calloc(active + idle, sizeof *all);
    must(all != NULL, "There is no memory for the connections");
    connect_all(all, active + idle, port);
    measure(all, active, trips);
    return 0;
}
