/*
 * The other end of every connection: what the network does in a test. All
 * that is opened here is closed at the end of the test, if it is still open.
 */
#ifndef NETWORK_H
#define NETWORK_H

#include <stddef.h>

/* A connection. The near end is the one that the test waits for. */
typedef struct Pair {
    int near; /* does not block */
    int far;
} Pair;

Pair pair_open(void);
Pair pair_open_tcp(void);

/* A pipe whose near end is the one that reads, or the one that writes. */
Pair pair_open_pipe_to_read(void);
Pair pair_open_pipe_to_write(void);

/* The far end writes a text. */
void far_sends(const Pair *pair, const char *text);

/* The far end goes: in order, or with a reset (TCP). */
void far_closes(Pair *pair);
void far_resets(Pair *pair);

/* The near end writes until it would have to wait; the far end reads all. */
void near_fills(const Pair *pair);
void far_drains(const Pair *pair);

/* Reads up to `capacity` bytes at the near end, as read(2) does. */
int near_reads(const Pair *pair, char *buffer, size_t capacity);

/* A socket that listens on a port of loopback; one that connects to it. */
int listener_open(void);
int connect_to(int listener);

/* A socket whose connection has been refused, and does not know it yet. */
int refused_open(void);

/* A second descriptor of the same socket. */
int network_duplicate(int descriptor);

/* Closes one of them before the end of the test. */
void network_close(int descriptor);
void network_close_all(void);

/* How many descriptors this process has open. */
int descriptors_open(void);

/* Lets this process open as many as it may. Returns how many that is. */
int descriptors_limit(void);

#endif
