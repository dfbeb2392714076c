/*
 * Stands between the chapter's code and the system (the linker's --wrap): it
 * counts calls, makes them fail, and owns the clock. Nothing here sleeps: a
 * wait that finds nothing moves the clock on to its end, and one that would
 * never end fails the test with a sentence.
 *
 * Each test is a process of its own: everything starts at zero.
 */
#ifndef SCRIPT_H
#define SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A function of the system's. */
typedef struct Scripted {
    int calls;   /* so far */
    int fail_in; /* the call that fails, counted from now; 0 for none */
    int error;   /* what it says then */
} Scripted;

extern Scripted script_malloc, script_calloc, script_realloc;
extern Scripted script_read, script_pipe, script_fcntl, script_poll;
extern Scripted script_eventfd, script_epoll_create1, script_epoll_ctl,
    script_epoll_wait;
extern Scripted script_kqueue, script_kevent, script_kevent_changes;
extern Scripted script_create_port, script_open_afd, script_afd_poll,
    script_cancel, script_dequeue, script_post;

/* Lets the nth call from now fail, that one only. */
void script_fail(Scripted *call, int nth, int error);

/* How often the system has been asked to wait, whichever way. */
int script_waits(void);

/* How often it has been told what to watch, if it keeps that. */
int script_controls(void);

/* How often memory has been asked for; and the blocks not given back yet. */
int script_allocations(void);
extern int script_blocks;

/* Windows: polls under way, and those started in another one's memory. */
extern int script_polls, script_polls_in_lent_memory;

/* Windows: layers that somebody installed lie above each socket. */
extern bool script_socket_has_layers;

/* Windows: ends all polls, as it does when their thread has ended. */
void script_end_polls(void);

/* The next `times` waits are interrupted, each after so much time. */
void script_interrupt(int times, uint64_t after_ns);

/* The time-outs in milliseconds of the first waits, in order. */
enum { SCRIPT_TIMEOUTS = 16 };
extern int script_timeouts[SCRIPT_TIMEOUTS];

/* The time now, and how much passes with each wait. */
extern uint64_t script_clock_ns;
extern uint64_t script_wait_takes_ns;

/*
 * For whoever stands before one system's calls. A call is counted, and true
 * says that it fails; errno says how. A wait begins (true: it fails), lasts
 * as long as the system is to be asked for, and ends.
 */
bool script_fails(Scripted *call);
bool script_wait_begins(Scripted *call, int timeout_ms);
int script_real_timeout_ms(int timeout_ms);
void script_wait_ends(int ready, int timeout_ms);

/* From now on waits really sleep and the clock is the system's: threads. */
void script_use_real_time(void);

/* Called once, just before the next wait. */
extern void (*script_before_wait)(void);

#endif
