/*
 * Sockets: calls that fail, writes that take less than was given, and how many
 * descriptors there may be.
 */
#ifndef SCRIPT_SOCKETS_H
#define SCRIPT_SOCKETS_H

#include "script.h"

extern Scripted script_send, script_socket, script_bind, script_listen;
extern Scripted script_accept, script_connect, script_getsockopt,
    script_getpeername;
extern Scripted script_getrlimit, script_setrlimit;

/* Writes take at most so many bytes each; 0: no limit. */
extern int script_writes_take;

/* A connection has just been accepted. */
extern Cue script_after_accept;

/* To close this one leaves a trace: "close socket". */
extern int script_traced_object;

#endif
