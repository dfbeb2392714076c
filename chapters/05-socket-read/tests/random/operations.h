/*
 * The public calls of this chapter and what the other ends do, as operations.
 * What the headers forbid is not done: then, as with nothing to call it on, an
 * operation answers false. They lie in a file a subject.
 */
#ifndef OPERATIONS_H
#define OPERATIONS_H

#include <pthread.h>

#include "random.h"
#include "world.h"

typedef bool Perform(unsigned a, unsigned b);

/* Ends the sequence with the sentence, if it does not hold. */
static inline void must(bool holds, const char *sentence) {
    if (!holds) {
        fail("%s", sentence);
    }
}

/* --- sockets.c ------------------------------------------------------------ */

Perform try_pair, try_make_pipe, try_listen, try_connect_now, try_ask,
    try_close, try_reopen, try_move, try_shutdown, try_peer_write,
    try_peer_read, try_peer_shutdown, try_peer_close, try_dial;

/* The first line from `a` on that fits, and its number. */
Line *pick_line(unsigned a, bool (*fits)(const Line *line));
int number_of(const Line *line);
bool is_free(const Line *line);
bool can_be_read(const Line *line);
bool can_be_written(const Line *line);
bool is_listener(const Line *line);
bool is_open_listener(const Line *line);

/* From now on the line has this socket. */
void line_open(Line *line, LineKind kind, Socket socket);

/* Where a listener listens; with `NULL`, a number that is refused. */
socklen_t address_of(const Line *line, struct sockaddr_storage *out);

/* Closes both ends of each line, and what strangers have dialed. */
void close_all(void);

/* --- tasks.c -------------------------------------------------------------- */

Perform try_executor_new, try_executor_free, try_run, try_block_on,
    try_cancel_all, try_read, try_write, try_accept, try_connect, try_timer,
    try_probe, try_select, try_poll, try_drop, try_take, try_spawn, try_cancel,
    try_misuse;

extern Executor *executor;
extern bool running, freeing, cancelling;
extern unsigned cancels;   /* calls of executor_cancel_all() */
extern bool lost_in_sleep; /* the last waker, which the headers allow */

/* The first record from `a` on that fits. */
Record *pick(unsigned a, bool (*fits)(const Record *record));
bool is_ours(const Record *record);
bool can_be_moved(const Record *record);
bool can_be_reached(const Record *record);

/* --- wakers.c ------------------------------------------------------------- */

Perform try_slot, try_thread;

/* Of what is noted: threads that run freely hold it while they take a waker. */
extern pthread_mutex_t noting;

/* In this process, once: they end with it. */
void start_threads(void);

#endif
