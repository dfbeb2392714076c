/*
 * An executor for each test of a suite, and the sentences that they share. At
 * the end of each test nothing may be left: no memory, no descriptor.
 */
#ifndef RUNTIME_H
#define RUNTIME_H

#include "clock.h"
#include "stage.h"
#include "wire.h"

#define READABLE SIGNAL_READABLE
#define WRITABLE SIGNAL_WRITABLE
#define BOTH (SIGNAL_READABLE | SIGNAL_WRITABLE)

extern Executor *runtime;

void runtime_open(void);
void runtime_close(void);

/* Frees the executor before the test's end, which then does not. */
void runtime_free(void);

/* A suite whose tests have it: RuntimeSuite(socket_read); */
#define RuntimeSuite(name)                                                     \
    TestSuite(name, .init = runtime_open, .fini = runtime_close)

/* One turn of the executor: looks after sockets and timers, without waiting. */
void turn(void);

/*
 * Turns until a condition holds, with a moment of real time after each, since
 * what the network or a terminal passes on may be under way. After 5000 turns,
 * says the sentence.
 */
#define turn_until(condition, ...)                                             \
    do {                                                                       \
        int turns_left = 5000;                                                 \
        while (!(condition)) {                                                 \
            cr_assert(turns_left-- > 0, __VA_ARGS__);                          \
            turn_and_pause();                                                  \
        }                                                                      \
    } while (0)

void turn_and_pause(void);

/* Runs the executor until one future is ready. */
void run_to_the_end_of(Future *future);

/* What the executor sleeps in. */
IoBlocker *runtime_io_blocker(void);

/* What a future has that waits: a node, and the task that it wakes. */
typedef struct Waiting {
    Waiter waiter;
    ProbeWaker task;
} Waiting;

/* Waits for one signal of a socket. Returns what the callback's setter did. */
int wait_to_read(Waiting *self, const char *name, Socket *socket);
int wait_to_write(Waiting *self, const char *name, Socket *socket);

/* The system says so of a socket, true or not. */
void runtime_signals(const Socket *socket, Signals signals);

/* Fails if the system still reports a socket for which nobody waits. */
void assert_nothing_is_reported(void);

/* Whether this is the epoll back end: then system calls can be counted. */
bool runtime_uses_epoll(void);

#endif
