/*
 * Stands between the chapter's code and the system (the linker's --wrap): it
 * counts calls, makes them fail, cuts them short, and owns the clock. It also
 * stands at a few places of our own where a test can step in.
 *
 * Nothing here sleeps for the sake of a test: a wait that finds nothing moves
 * the clock on to its end, and one that would never end fails the test with a
 * sentence. Each test is a process of its own: everything starts at zero.
 *
 * It is the scripts of chapters 3 and 4 in one, so that their tests of what
 * has not changed can be run here as they are.
 */
#ifndef SCRIPT_H
#define SCRIPT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- Our own code: where a test steps in, and what it counts ------------- */

/* Something to do at a certain place, once. */
typedef struct Cue {
    void (*act)(void *argument); /* NULL: nothing */
    void *argument;
    int skip; /* so often the place is passed before */
} Cue;

typedef struct Script {
    int refuse_allocation; /* the n-th from now on, of whatever kind; 0: none */
    bool keep_freed;       /* freed memory is painted: a later touch shows */
    int batches_left;      /* turns; then the test has failed */
    int writes_take;       /* at most so many bytes each; 0: no limit */
    int reads_give;        /* the same */

    Cue before_announce;    /* the executor is about to announce its sleep */
    Cue after_announce;     /* it has announced it, and does not sleep yet */
    Cue before_park;        /* right before it sleeps */
    Cue after_take;         /* it has just taken the notes */
    Cue after_push;         /* a note has been left; its pusher does not act */
    Cue before_waker_count; /* before it is asked who has a waker */
    Cue after_add;          /* an interest has just been registered */
    Cue after_accept;       /* a connection has just been accepted */

    atomic_int allocations;      /* how often memory was asked for */
    atomic_int live_blocks;      /* allocated and not freed yet */
    atomic_long live_bytes;      /* in those blocks */
    atomic_int freed_twice;      /* blocks that were freed a second time */
    atomic_int calls_into_freed; /* calls that were given freed memory */
    atomic_int pushes;           /* notes that were left, or refused */
    atomic_int mutexes;          /* made and not destroyed yet */
    atomic_int unguarded;        /* uses of the IoBlocker without its lock */
    int waker_counts;            /* looks whether a task has a waker */
    int clock_reads;             /* looks at the clock */
    int parks;                   /* waits that may sleep */
    int reports;                 /* objects that all waits have reported */
    int blocking_calls;          /* reads and writes that could have slept */
    int traced_object;           /* "remove" and "close" leave a trace */
    atomic_int unparks;          /* calls of io_blocker_wake() */
    atomic_int kicks;            /* ... that came to the back end */
} Script;

extern Script script;

/* How many freed blocks were used after they had been freed. */
int script_used_after_free(void);

/* How many notes are in the mailbox that was used last; -1: it is closed. */
int script_notes(void);

/* --- The system ----------------------------------------------------------- */

/* A function of the system's. */
typedef struct Scripted {
    int calls;   /* so far */
    int fail_in; /* the call that fails, counted from now; 0 none, -1 all */
    int error;   /* what it says then */
} Scripted;

extern Scripted script_malloc, script_calloc, script_realloc;
extern Scripted script_read, script_pipe, script_fcntl, script_poll;
extern Scripted script_eventfd, script_epoll_create1, script_epoll_ctl,
    script_epoll_wait;
extern Scripted script_kqueue, script_kevent, script_kevent_changes;
extern Scripted script_create_port, script_open_afd, script_afd_poll,
    script_cancel, script_dequeue, script_post;
extern Scripted script_send, script_socket, script_bind, script_listen;
extern Scripted script_accept, script_connect, script_getsockopt,
    script_getpeername;
extern Scripted script_getrlimit, script_setrlimit, script_pthread_create,
    script_mutex_init;

/* Lets the nth call from now fail, that one only. */
void script_fail(Scripted *call, int nth, int error);

/* Lets all calls fail, until `fail_in` is 0 again. */
void script_fail_always(Scripted *call, int error);

/* How often the system has been asked to wait, whichever way. */
int script_waits(void);

/* Lets the nth wait from now fail, whichever way. */
void script_fail_wait(int nth, int error);

/* How often it has been told what to watch, if it keeps that. */
int script_controls(void);

/* How often memory has been asked for; and the blocks not given back yet. */
int script_allocations(void);
#define script_blocks (script.live_blocks)

/* Windows: polls under way, and those started in another one's memory. */
extern int script_polls, script_polls_in_lent_memory;

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

/* --- A second thread ------------------------------------------------------ */

/* A second thread that does one thing. */
typedef struct Other {
    void (*act)(void *argument);
    void *argument;
    bool stops_before_push; /* it stands still before it leaves a note, */
    bool stops_after_push;  /* or right after it has, before it acts on that */
    bool standing, released, ended; /* under the script's lock */
    pthread_t thread;
} Other;

/* Starts a second thread that goes as far as to its push. */
void other_start_to_push(Other *other, void (*act)(void *), void *argument);

/* Starts one that goes as far as through it. */
void other_start_and_push(Other *other, void (*act)(void *), void *argument);

/* Waits for either. Returns false if it ended without any push. */
bool other_stands_before_push(Other *other);

/* Lets it go on, and waits for its end. */
void other_finish(Other *other);

/* Has a second thread do something, and waits for its end. */
void on_another_thread(void (*act)(void *), void *argument);

#endif
