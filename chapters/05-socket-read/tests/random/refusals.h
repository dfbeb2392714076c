/*
 * The system as the library sees it: a clock that goes when we say so, waits
 * that never sleep, and calls that fail when we say so.
 */
#ifndef REFUSALS_H
#define REFUSALS_H

#include <poll.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

typedef enum Call {
    CALL_MEMORY,
    CALL_ARM, /* backend_arm(), when it is to report more */
    CALL_WAIT,
    CALL_SOCKET,
    CALL_ACCEPT,
    CALL_CONNECT,
    CALL_SO_ERROR, /* not known yet */
    CALLS,
} Call;

/* What executor_run() returns if it would sleep for ever. */
enum { ASLEEP = -1000000 };

/* The nth call from now fails, once. */
void refuse(Call call, int nth);
void refuse_nothing(void);
const char *call_name(Call call);

/* How many calls have failed so far. */
extern unsigned refused;

/* How many blocks of memory the library has. */
extern atomic_long blocks;

/* What the library takes for the time. */
extern uint64_t now_ns;

/* What is done once, just before the executor sleeps; may be NULL. */
extern void (*before_sleep)(void);

/* Turns of the current run. */
extern int turns;

/* The real ones, for ourselves. */
void *keep(size_t size);
void let_go(void *memory);
int ask_poll(struct pollfd *entries, size_t count);
int own_socket(int family);
int own_accept(int listener);
int own_connect(int object, const struct sockaddr *address, socklen_t length);

#endif
