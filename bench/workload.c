/*
 * What the contestants share: their arguments, the clocks, the sockets, the
 * other thread, and the check that all of the work was done. Each run does one
 * workload and prints one line: how many operations, the processor time and
 * the time on the clock that they took together, in nanoseconds.
 */
#include "workload.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { TIME_LIMIT_S = 60, TOKENS = 256 };

/* --- Clocks --------------------------------------------------------------- */

static uint64_t cpu_ns, wall_ns;

static uint64_t now_ns(clockid_t clock) {
    struct timespec now;
    must(clock_gettime(clock, &now) == 0, "The clock cannot be read");
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void measure_begin(void) {
    wall_ns = now_ns(CLOCK_MONOTONIC);
    cpu_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID);
}

void measure_end(void) {
    cpu_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_ns;
    wall_ns = now_ns(CLOCK_MONOTONIC) - wall_ns;
}

static void report(uint64_t count) {
    printf("%llu\t%llu\t%llu\n", (unsigned long long)count,
           (unsigned long long)cpu_ns, (unsigned long long)wall_ns);
}

/* --- a. Turns ------------------------------------------------------------- */

unsigned *turns_left;

static void run_poll(size_t tasks, size_t rounds) {
    turns_left = calloc(tasks, sizeof *turns_left);
    must(turns_left != NULL, "There is no memory for the tasks");
    for (size_t i = 0; i < tasks; i++) {
        turns_left[i] = (unsigned)rounds;
    }
    work_poll(tasks);
    for (size_t i = 0; i < tasks; i++) {
        if (turns_left[i] != 0) {
            give_up("A task did not get all of its turns", 0);
        }
    }
    free(turns_left);
    report(tasks * rounds);
}

/* --- b. Spawning and memory ----------------------------------------------- */

uint64_t tasks_ended;

static void run_spawn(size_t tasks, size_t rounds) {
    work_spawn(tasks, rounds);
    if (tasks_ended != tasks * rounds) {
        give_up("Not every task that was begun has ended", 0);
    }
    report(tasks_ended);
}

size_t memory_used(void) {
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

void memory_report(size_t bytes) {
    cpu_ns = wall_ns = bytes; /* not a time: the columns carry bytes here */
}

/* --- c. The chain --------------------------------------------------------- */

Pair *chain;
static size_t chain_length, tokens, tokens_under_way;
static uint64_t hops_left[TOKENS];
static size_t token_at[TOKENS];

size_t chain_next(size_t pair) {
    return pair + 1 == chain_length ? 0 : pair + 1;
}

bool token_arrived(size_t pair, unsigned char token) {
    token_at[token] = pair;
    hops_left[token] -= 1;
    if (hops_left[token] != 0) {
        return true;
    }
    tokens_under_way -= 1;
    return false;
}

bool chain_finished(void) {
    return tokens_under_way == 0;
}

static void make_pairs(size_t pairs) {
    chain = calloc(pairs, sizeof *chain);
    must(chain != NULL, "There is no memory for the pairs");
    chain_length = pairs;
    for (size_t i = 0; i < pairs; i++) {
        int ends[2];
        must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0,
             "A socket pair cannot be made (try fewer pairs)");
        chain[i] = (Pair){.reads = ends[0], .written = ends[1]};
    }
}

/* The tokens stand at equal distances when it begins. */
static size_t token_start(size_t token) {
    return token * chain_length / tokens;
}

void chain_begin(void) {
    measure_begin();
    for (size_t i = 0; i < tokens; i++) {
        unsigned char token = (unsigned char)i;
        must(send(chain[token_start(i)].written, &token, 1, 0) == 1,
             "A token cannot be sent");
    }
}

static void run_chain(size_t pairs, size_t in_flight, size_t hops) {
    tokens = tokens_under_way = in_flight;
    if (tokens > TOKENS || tokens > pairs) {
        give_up("There are more tokens than pairs, or than bytes have values",
                0);
    }
    make_pairs(pairs);
    for (size_t i = 0; i < tokens; i++) {
        hops_left[i] = hops;
    }
    work_chain(pairs);
    for (size_t i = 0; i < tokens; i++) {
        size_t end = (token_start(i) + hops - 1) % pairs;
        if (hops_left[i] != 0 || token_at[i] != end) {
            give_up("A token did not end where it should", 0);
        }
    }
    free(chain);
    report((uint64_t)tokens * hops);
}

/* --- d, e. Echo ----------------------------------------------------------- */

int echo_listen(void) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    must(listener >= 0 &&
             bind(listener, (struct sockaddr *)&address, length) == 0 &&
             listen(listener, SOMAXCONN) == 0 &&
             getsockname(listener, (struct sockaddr *)&address, &length) == 0,
         "The server cannot listen on 127.0.0.1");
    echo_announce(ntohs(address.sin_port));
    return listener;
}

void echo_announce(unsigned port) {
    printf("%u\n", port);
    fflush(stdout);
}

int echo_accept(int listener) {
    int one = 1;
    int connection = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    if (connection < 0) {
        must(errno == EAGAIN || errno == ECONNABORTED,
             "The server cannot accept a connection");
        return -1;
    }
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return connection;
}

/* --- f. The other thread -------------------------------------------------- */

static struct {
    size_t rounds, answered;
    int processor;
    void (*send)(void *);
    void *argument;
    pthread_t thread;
    sem_t answer;
    atomic_bool under_way; /* a ping that has not been answered */
} pinger;

static void *ping(void *unused) {
    pin(pinger.processor);
    measure_begin();
    for (size_t i = 0; i < pinger.rounds; i++) {
        atomic_store(&pinger.under_way, true);
        pinger.send(pinger.argument);
        while (sem_wait(&pinger.answer) != 0) {
        }
    }
    measure_end();
    return unused;
}

void pinger_start(void (*send)(void *argument), void *argument) {
    pinger.send = send;
    pinger.argument = argument;
    int error = pthread_create(&pinger.thread, NULL, ping, NULL);
    if (error != 0) {
        give_up("There is no second thread", error);
    }
    pin(0);
}

bool ping_answer(void) {
    if (atomic_exchange(&pinger.under_way, false)) {
        pinger.answered += 1;
        sem_post(&pinger.answer);
    }
    return pinger.answered < pinger.rounds;
}

void pinger_join(void) {
    pthread_join(pinger.thread, NULL);
}

static void run_wake(size_t rounds, size_t processors) {
    pinger.rounds = rounds;
    pinger.processor = (int)processors - 1;
    must(sem_init(&pinger.answer, 0, 0) == 0, "There is no semaphore");
    work_wake();
    report(pinger.answered);
}

/* --- Arguments ------------------------------------------------------------ */

static int argument_count;
static char **arguments;

static size_t number(int nth) {
    char *end = "?";
    unsigned long value =
        nth < argument_count ? strtoul(arguments[nth], &end, 10) : 0;
    if (value == 0 || *end != '\0') {
        give_up("An argument is missing or is not a number above 0: "
                "bench/measure.sh shows what is expected",
                0);
    }
    return value;
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    argument_count = argc;
    arguments = argv;
    raise_descriptor_limit();
    limit_time(TIME_LIMIT_S);
    if (strcmp(what, "version") == 0) {
        puts(contestant());
    } else if (strcmp(what, "poll") == 0) {
        run_poll(number(2), number(3));
    } else if (strcmp(what, "spawn") == 0) {
        run_spawn(number(2), number(3));
    } else if (strcmp(what, "memory") == 0) {
        work_memory(number(2));
        report(number(2));
    } else if (strcmp(what, "chain") == 0) {
        run_chain(number(2), number(3), number(4));
    } else if (strcmp(what, "echo") == 0) {
        work_echo();
    } else if (strcmp(what, "wake") == 0) {
        run_wake(number(2), number(3));
    } else {
        give_up("There is no such workload: version, poll, spawn, memory, "
                "chain, echo, wake",
                0);
    }
    return 0;
}
