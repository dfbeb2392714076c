/*
 * All that there is in one sequence: sockets with their other ends, futures,
 * wakers; and for each what must hold.
 */
#ifndef WORLD_H
#define WORLD_H

#include <stdint.h>

#include "executor.h"
#include "join_handle.h"
#include "random.h"
#include "select.h"
#include "socket_accept.h"
#include "socket_connect.h"
#include "socket_read.h"
#include "socket_write.h"
#include "timer_future.h"

enum { LINES = 8, RECORDS = 300, SLOTS = 4, RING = 1 << 18, PATTERN = 16384 };

/* --- A socket and its other end ------------------------------------------- */

typedef enum LineKind { PAIR, PIPE_IN, PIPE_OUT, LISTENER, STRANGER } LineKind;

typedef struct Line {
    LineKind kind;
    bool open;
    Socket *socket;  /* in memory of its own, so that it can be moved */
    unsigned epoch;  /* of its executor */
    int borrowers;   /* futures that are not dropped */
    int peer;        /* the other end; -1 once that is closed */
    bool ended;      /* nothing more will come from there */
    bool shut;       /* by socket_shutdown_write() */
    uint32_t sent;   /* bytes that the other end has written */
    uint32_t got;    /* and how many of them have been read */
    uint32_t put;    /* bytes written by futures */
    uint32_t taken;  /* and how many the other end has read */
    int backlog;     /* at most so many connections wait */
    bool connecting; /* by socket_connect() */
    int answer;      /* of socket_connect_result() */
} Line;

extern Line lines[LINES];

/* Those in between, of each line. */
extern unsigned char rings[LINES][RING];

/* Whether its executor is gone. */
bool line_is_orphan(const Line *line);

/* --- A future, and what is known of it ------------------------------------ */

typedef enum Kind {
    READ,
    WRITE,
    ACCEPT,
    CONNECT,
    TIMER,
    JOIN,
    SELECT,
    PROBE,
} Kind;

typedef enum State { MADE, PENDING, READY, DROPPED } State;

typedef struct Record Record;

/* A waker of the user's own: it may do something when it is called. */
typedef struct Bell {
    Record *record;
    int held, wakes;
    int kept; /* of those held, how many a probe has left, or a step uses */
} Bell;

/* When a step that waits for its moment is performed. */
typedef enum Moment { CLONED, WOKEN, GIVEN_BACK, POLLED, ENDED } Moment;

typedef struct Steps {
    const Step *first;
    size_t count;
} Steps;

/* One of the chapter's futures inside one of ours, which watches it. It may be
 * moved until its first poll. */
typedef struct Watched {
    Future future;
    Record *record;
    union {
        Future future;
        SocketRead read;
        SocketWrite write;
        SocketAccept accept;
        SocketConnect connect;
        TimerFuture timer;
        JoinHandle join;
        Select select;
    } as;
} Watched;

struct Record {
    Kind kind;
    State state;
    Watched *here; /* NULL while it is in a task and was not polled yet */
    Line *line;    /* borrowed by the future; NULL if none */
    Record *owner; /* the Select that it is a part of */
    Record *parts[2];
    Record *task; /* that a join handle is of */
    bool spawned, lent, busy, ending;
    Bell bells[2];
    Bell *bell;     /* of the latest poll; NULL if a task's */
    bool told;      /* woken since the latest poll */
    unsigned epoch; /* of the executor under which it was polled */
    int turns;      /* that it has been due */
    int slot;       /* where a probe leaves its waker */
    int rings;      /* that a probe still waits for */
    size_t noted;   /* how much of what it has written is in the ring */
    Steps then[5];  /* at each Moment, once */
    unsigned char buffer[16];
};

extern Record records[RECORDS];
extern int record_count;

/* Where probes leave their wakers. */
extern struct Slot {
    Waker waker;
    Record *record;
} slots[SLOTS];

extern unsigned epoch;   /* how many executors there have been */
extern int task_polls;   /* under way */
extern int polls;        /* under way, by hand as well */
extern unsigned moments; /* steps that have been performed inside calls */
extern unsigned char pattern[PATTERN + 256];

Record *record_new(Kind kind, Line *line);
int record_index(const Record *record);
const char *record_name(const Record *record); /* "f3" */

/* Of a result: "-EBADF". */
const char *error_name(int result);

/* Whether it can be polled now, according to the headers. */
bool record_may_be_polled(const Record *record);

/* Whether a future in a task has not completed. */
bool record_is_live_task(const Record *record);

/* Whether a waker is left that may wake it. */
bool record_has_waker(const Record *record);

/* Polls on behalf of one of its own bells. */
Poll record_poll(Record *record, int bell);

/* Drops it, and checks that it touches nothing else. */
void record_drop(Record *record);

/* Tells the probe whose waker is used: it, and the oracle. */
Waker slot_ring(struct Slot *slot, bool used);

/* Puts into the ring what writes to this line have taken. */
void note_written(const Line *line);

/* A step is about to give back a waker that a probe has left. */
void slot_forget(const Waker *waker);

/* Performs the steps that wait for this moment, if there are any. */
void reach(Record *record, Moment moment);

/* --- Threads that run freely --------------------------------------------- */

/* Lets them take a waker that a probe has left; they use it as they like. */
void breathe(void);

/* Waits until they have used what they have taken. */
void await_others(void);

/* Whether they have taken one that they have not used yet. */
bool others_are_busy(void);

/* --- What must hold -------------------------------------------------------- */

/* Who is owed a wake-up at once has had it. */
void check_told(void);

/* Before each wait of the executor: who is due is told within three turns. */
void check_turn(void);

/* When the executor is to sleep: who must be polled, or woken, first. */
void check_sleep(void);

/* How many tasks there are, and how many of them may still be woken. */
size_t live_tasks(size_t *with_waker_out);

/* At the end: all is dropped, all wakers are given back. */
void check_nothing_left(void);

/* Performs steps; those that fit nothing are left out. */
void perform_steps(Steps steps);

#endif
