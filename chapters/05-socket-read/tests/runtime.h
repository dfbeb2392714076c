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

/* Turns until a condition holds; after 5000 turns, says the sentence. */
#define turn_until(condition, ...)                                             \
    do {                                                                       \
        int turns_left = 5000;                                                 \
        while (!(condition)) {                                                 \
            cr_assert(turns_left-- > 0, __VA_ARGS__);                          \
            turn();                                                            \
        }                                                                      \
    } while (0)

/* Runs the executor until one future is ready. */
void run_to_the_end_of(Future *future);

/* The system says so of a socket, true or not. */
void runtime_signals(const Socket *socket, Signals signals);

/* Fails if the system still reports a socket for which nobody waits. */
void assert_nothing_is_reported(void);

/* Whether this is the epoll back end: then system calls can be counted. */
bool runtime_uses_epoll(void);

#endif
