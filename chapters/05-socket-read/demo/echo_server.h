/**
 * @file
 * A server that sends back whatever it is sent: one task accepts, and each
 * connection is a task of its own.
 */
#ifndef ECHO_SERVER_H
#define ECHO_SERVER_H

#include <stdint.h>

#include "executor.h"
#include "log.h"
#include "socket.h"

/** What the tasks of one server share. Outlives them. */
typedef struct EchoServer {
    /** Owned. */
    Socket listener;
    /** Spawns a task for each connection. */
    Spawner spawner;
    /** Borrowed; where to say what happens, or `NULL`. */
    Log *log;
    /** Connections accepted so far. */
    unsigned long accepted;
    /** Connections open now. */
    unsigned long open;
    /** Bytes that have been sent back. */
    uint64_t bytes;
    /** A connection that says nothing for so long is closed; 0 for never. May
     * be changed at any time, for reads that begin later. */
    uint64_t idle_ns;
    /** Who waits for the last connection to end. */
    WaiterList waiting;
} EchoServer;

/** Ready when no connection is open. */
typedef struct EchoServerEnd {
    /** What is polled. */
    Future future;
    /** Borrowed. */
    EchoServer *server;
    /** Our node in the server's list. */
    Waiter waiter;
} EchoServerEnd;

/**
 * Begins to listen on 127.0.0.1, and spawns the task that accepts.
 *
 * @param[out] server      memory of the caller's; stays where it is until the
 *                         executor is freed. To be given to
 *                         echo_server_stop() before or after that.
 * @param[in] executor     borrowed for as long.
 * @param[in] port         0 for any free one.
 * @param[in] log          borrowed for as long; or `NULL`.
 * @param[out] handle_out  of the task that accepts; `NULL` to detach it.
 * @return 0, or the error of socket_listen() or spawner_spawn().
 */
int echo_server_start(EchoServer *server, Executor *executor, uint16_t port,
                      Log *log, JoinHandle *handle_out);

/**
 * Closes the listener: the task that accepts ends, connections that are open go
 * on.
 *
 * @param[in,out] server  nothing happens if its listener is closed already.
 */
void echo_server_stop(EchoServer *server);

/**
 * Makes the future of a server without connections.
 *
 * @param[out] self       memory of the caller's.
 * @param[in,out] server  borrowed until the future is dropped.
 */
void echo_server_end_init(EchoServerEnd *self, EchoServer *server);

#endif
