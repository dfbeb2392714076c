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
} EchoServer;

/**
 * Begins to listen on 127.0.0.1, and spawns the task that accepts.
 *
 * @param[out] server      memory of the caller's; stays where it is until the
 *                         executor is freed. Then: echo_server_deinit().
 * @param[in] executor     borrowed for as long.
 * @param[in] port         0 for any free one.
 * @param[in] log          borrowed for as long; or `NULL`.
 * @param[out] handle_out  of the task that accepts; `NULL` to detach it.
 * @return 0, or the error of socket_listen() or spawner_spawn().
 */
int echo_server_start(EchoServer *server, Executor *executor, uint16_t port,
                      Log *log, JoinHandle *handle_out);

/**
 * Closes the listener. Its tasks have ended by now.
 *
 * @param[in,out] server  not used afterwards.
 */
void echo_server_deinit(EchoServer *server);

#endif
