/** @file
 * A server that sends back whatever it is sent: one task accepts, and each
 * connection is a task of its own.
 * Pointers are borrowed, unless said to be owned. Rules: docs/headers.md. */
#ifndef ECHO_SERVER_H
#define ECHO_SERVER_H

#include <stdint.h>

#include "executor.h"
#include "log.h"
#include "socket.h"

/** What the tasks of one server share. Outlives them. */
typedef struct EchoServer {
    Socket listener;        /**< Owned. */
    Spawner spawner;        /**< Spawns a task for each connection. */
    Log *log;               /**< Where to say what happens, or `NULL`. */
    unsigned long accepted; /**< Connections so far. */
    unsigned long open;     /**< Connections now. */
    uint64_t bytes;         /**< That have been sent back. */
    uint64_t idle_ns;       /**< Silence that ends a later read; 0 for never. */
    WaiterList waiting;     /**< For the last connection to end. */
} EchoServer;

/** Ready when no connection is open. */
typedef struct EchoServerEnd {
    Future future;
    EchoServer *server;
    Waiter waiter;
} EchoServerEnd;

/** Begins to listen on 127.0.0.1 (port 0 is any free one), and spawns the task
 * that accepts. `log` may be `NULL`; so may `handle_out`, to detach that task.
 * The server is needed until the executor is freed; echo_server_stop() may come
 * before or after. Errors: those of socket_listen() and spawner_spawn(). */
int echo_server_start(EchoServer *server, Executor *executor, uint16_t port,
                      Log *log, JoinHandle *handle_out);

/** Closes the listener, if it is open. Connections go on. */
void echo_server_stop(EchoServer *server);

/** Makes the future of a server without connections. */
void echo_server_end_init(EchoServerEnd *self, EchoServer *server);

#endif
