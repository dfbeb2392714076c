/**
 * @file
 * What the tests let the system say, and where they make a thread stand still.
 *
 * The linker puts the functions of script.c before those of the system and
 * before a few of our own (`-Wl,--wrap=read` and so on). Each does what the
 * real one does, unless a test has written something else into `script`.
 * Each test is a process of its own, so nothing has to be put back.
 */
#ifndef SCRIPT_H
#define SCRIPT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "mailbox.h"

/** Something to do at a certain place, once. */
typedef struct Cue {
    /** `NULL`: nothing. */
    void (*act)(void *argument);
    /** For `act`. */
    void *argument;
    /** So often the place is passed before. */
    int skip;
} Cue;

/** What a test wants to happen, and what has happened. */
typedef struct Script {
    /** The n-th allocation from now on is refused; 0: none is. */
    int refuse_allocation;
    /** What is freed is kept and painted, so that a later touch shows. */
    bool keep_freed;
    /** pthread_mutex_init() answers this. */
    int mutex_error;
    /** pthread_cond_init() answers this. */
    int condition_error;
    /** pthread_create() answers this. */
    int thread_error;
    /** The n-th fcntl() from now on answers `EBADF`; 0: none does. */
    int refuse_fcntl;
    /** So many looks at a socket say "readable", whether it is or not. */
    int false_readiness;
    /** So many waits of watching threads answer `EINTR`. */
    atomic_int interrupted_watches;
    /** Each wait of a watching thread answers this; 0: it waits. */
    int watch_error;
    /** So many reads answer `EINTR`. */
    int interrupted_reads;
    /** Each read answers this; 0: it reads. */
    int read_error;
    /** So many waits for a condition end at once, though nobody signalled. */
    atomic_int early_ends;
    /** So many batches may be taken; then the test has failed. */
    int batches_left;

    /** Right before the executor announces its sleep. */
    Cue before_announce;
    /** Right after it has: the sleeping mark stands in the mailbox. */
    Cue after_announce;
    /** Right before the executor sleeps. */
    Cue before_park;
    /** Right after a note was left, before its thread acts on the answer. */
    Cue after_push;
    /** Right after all notes were taken. */
    Cue after_take;
    /** Right after one note was read, before the next one is. */
    Cue after_note_read;
    /** Right before it is asked whether a task has a waker. */
    Cue before_waker_count;

    /** How often memory was asked for. */
    atomic_int allocations;
    /** Allocated and not freed yet. */
    atomic_int live_blocks;
    /** Blocks that were freed a second time. */
    atomic_int freed_twice;
    /** Calls that were given freed memory. */
    atomic_int calls_into_freed;
    /** Threads that were started by the sources. */
    int threads_started;
    /** How often a note was pushed into a mailbox. */
    atomic_int pushes;
    /** Mutexes and conditions that were made and not destroyed yet. */
    atomic_int locks;
    /** Threads that were cancelled by the sources. */
    atomic_int cancels;
    /** Changes of a list by a watching thread without its socket's lock. */
    atomic_int unguarded;
    /** Reads from a descriptor that would have blocked the executor. */
    int blocking_reads;
    /** Calls that would have put the executor to sleep outside of its park. */
    int blocking_looks;
    /** How often the executor went to sleep. */
    int parks;
    /** How often somebody called it. */
    atomic_int unparks;
} Script;

/** The script of this test. */
extern Script script;

/** How many freed blocks were used after they had been freed. */
int script_used_after_free(void);

/** The mailbox whose notes were taken last. */
Mailbox *script_mailbox(void);

/** Waits until each thread that the sources started is through. */
void script_await_threads(void);

/** A second thread that does one thing. */
typedef struct Other {
    /** What it does. */
    void (*act)(void *argument);
    /** For `act`. */
    void *argument;
    /** It stands still before it leaves a note, */
    bool stops_before_push;
    /** or right after, before it acts on the answer. */
    bool stops_after_push;
    /** Under the script's lock, as the next two: it stands there. */
    bool standing;
    /** It may go on. */
    bool released;
    /** It is through. */
    bool ended;
    /** The thread. */
    pthread_t thread;
} Other;

/** Starts a second thread that goes as far as to its push. */
void other_start_to_push(Other *other, void (*act)(void *), void *argument);

/** Starts one that goes as far as through it. */
void other_start_and_push(Other *other, void (*act)(void *), void *argument);

/** Waits for either. Returns false if it ended without any push. */
bool other_stands_before_push(Other *other);

/** Lets it go on, and waits for its end. */
void other_finish(Other *other);

/** Has a second thread do something, and waits for its end. */
void on_another_thread(void (*act)(void *), void *argument);

#endif
