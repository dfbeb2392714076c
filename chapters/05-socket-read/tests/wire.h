/*
 * The other end of a connection. The near end is a Socket of the chapter's,
 * on this thread's executor; the far end is a bare descriptor, and what it
 * does is what the network does.
 */
#ifndef WIRE_H
#define WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "platform.h"
#include "socket.h"

typedef struct Wire {
    Socket near;
    int far; /* does not block; -1 once it is closed */
} Wire;

/* Connected already, without a network in between. */
Wire wire_open(void);

/* Over TCP. */
Wire wire_open_tcp(void);

/* Closes both ends, as far as they are open. */
void wire_close(Wire *wire);

/* The far end writes a text. */
void wire_sends(const Wire *wire, const char *text);

/* The far end goes: in order, or with a reset (TCP only). */
void wire_hangs_up(Wire *wire);
void wire_resets(Wire *wire);

/* The near end has no room any more, the far end reads all there is. */
void wire_fills(const Wire *wire);
void wire_drains(const Wire *wire);

/* What the far end has received, up to `capacity` bytes; -1: nothing yet. */
int wire_receives(const Wire *wire, void *buffer, size_t capacity);

/* For cues: the argument is a Wire. */
void wire_delivers_hello(void *wire);

/* --- Bare descriptors: strangers to the executor -------------------------- */

/* 127.0.0.1, any port or that one. */
struct sockaddr_in loopback(uint16_t port);

/* Listens; does not block. */
int stranger_listens(uint16_t *port_out);

/* Connects, which a listener need not have accepted; does not block then. */
int stranger_connects(uint16_t port);

/* Reads or writes what can be at this moment. Returns what the system does. */
int stranger_reads(int stranger, void *buffer, size_t capacity);
int stranger_writes(int stranger, const void *bytes, size_t length);

/* Closes it with a reset. */
void stranger_resets(int stranger);

/* The number that the next descriptor gets. */
int next_descriptor(void);

/* Lets this process have descriptors below `limit` only. */
void limit_descriptors(int limit);

#endif
