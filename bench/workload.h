/**
 * @file
 * What each contestant does, and what is counted.
 *
 * A contestant is one program: course, bare, libuv, libev or libevent. Each
 * implements the functions below as its own documentation recommends; all
 * else is shared: the arguments, the clocks, the other thread, and the check
 * that the work was really done. The client of the echo is a program of its
 * own, the same for all.
 *
 * The same for all: sockets are made here; a connection has a buffer of
 * ECHO_BUFFER bytes; a hop reads one byte and writes it. What is measured
 * lies between measure_begin() and measure_end(): no set-up, no clearing up.
 */
#ifndef WORKLOAD_H
#define WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** How many bytes of a connection are read at once. */
enum { ECHO_BUFFER = 4096 };

/* --- What a contestant implements ---------------------------------------- */

/** The library and its version, as it says itself. */
const char *contestant(void);

/** Tasks that ask to be run again, until each has had its turns. */
void work_poll(size_t tasks);

/** In each round, `tasks` tasks are begun, and all of them end. */
void work_spawn(size_t tasks, size_t rounds);

/** Makes `tasks` tasks that another thread could wake; memory_used() around. */
void work_memory(size_t tasks);

/** Passes tokens along the chain until all have arrived. */
void work_chain(size_t pairs);

/** Answers each connection of this listening socket; never returns. */
void work_echo(void);

/** Is woken by pinger_start()'s thread until ping_answer() says enough. */
void work_wake(void);

/* --- Clocks --------------------------------------------------------------- */

/** From here on time counts. */
void measure_begin(void);

/** Up to here. */
void measure_end(void);

/* --- a. Turns of self-waking tasks ---------------------------------------- */

/** For each task, how many turns it still has to have. */
extern unsigned *turns_left;

/** One turn; returns whether there is another one. */
static inline bool turn(unsigned *left) {
    *left -= 1;
    return *left != 0;
}

/* --- b. Tasks that end ---------------------------------------------------- */

/** How many tasks have ended. */
extern uint64_t tasks_ended;

/** Bytes in use on the heap, with what the allocator adds to each block. */
size_t memory_used(void);

/** What `tasks` waiting tasks took. */
void memory_report(size_t bytes);

/* --- c. The chain of socket pairs ----------------------------------------- */

/** A pair's two ends: from the pair before comes what is read here. */
typedef struct Pair {
    /** What this pair's handler reads. */
    int reads;
    /** Where the handler of the pair before writes. */
    int written;
} Pair;

/** All pairs; after the last comes the first. */
extern Pair *chain;

/** All pairs are watched: sends the tokens off, and measure_begin(). */
void chain_begin(void);

/** A token arrives at a pair; returns whether it is to be passed on. */
bool token_arrived(size_t pair, unsigned char token);

/** Whether all tokens have arrived for the last time. */
bool chain_finished(void);

/** The pair behind this one. */
size_t chain_next(size_t pair);

/* --- d, e. Echo ----------------------------------------------------------- */

/** A listening TCP socket on 127.0.0.1, non-blocking. */
int echo_listen(void);

/** Tells the client where to connect. */
void echo_announce(unsigned port);

/** The next connection, non-blocking and without delay; -1 if none waits. */
int echo_accept(int listener);

/* --- f. Wake-ups from another thread -------------------------------------- */

/** Starts the thread that wakes the loop with `send`, and waits each time. */
void pinger_start(void (*send)(void *argument), void *argument);

/** The loop was woken: answers, if it was the pinger. Returns whether there
 * is more to come. */
bool ping_answer(void);

/** Waits for the thread's end. */
void pinger_join(void);

/* --- Trouble -------------------------------------------------------------- */

/** Ends the program with one sentence; `error` is an errno, or 0. */
_Noreturn void give_up(const char *what, int error);

/** Ends the program unless `good`; what failed has set errno. */
void must(bool good, const char *what);

/** One processor for the calling thread: 0 is the first one allowed. */
void pin(int nth);

/** As many descriptors as the system allows. */
void raise_descriptor_limit(void);

/** Ends the program with a sentence if it takes longer, or longer than
 * BENCH_SECONDS in its environment says. */
void limit_time(unsigned seconds);

#endif
