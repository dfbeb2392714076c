/*
 * Two processes, since each connection takes a descriptor at either end: the
 * first serves, the second one is the crowd. It is told the port through a
 * pipe, and when its end of another pipe closes, it has ended.
 */
#include "demo.h"

#include <errno.h>

#include "clock.h"
#include "crowd.h"
#include "descriptors.h"
#include "echo_server.h"
#include "executor.h"
#include "patience.h"
#include "platform.h"
#include "socket_read.h"

/* What a process opens besides the connections: executor, listener, pipes. */
enum { OWN = 8 };

/* --- The clients' process ------------------------------------------------- */

/* Without a port there is no server, which has said why: then it stays 0. */
static int read_port(Executor *executor, int port_end, uint16_t *port_out) {
    Socket told;
    SocketRead read;
    int result = socket_init(&told, port_end);
    if (result != 0) {
        return result;
    }
    socket_read_init(&read, &told, port_out, sizeof *port_out);
    result = executor_block_on(executor, &read.future);
    if (result == 0 && read.result < 0) {
        result = (int)read.result;
    }
    future_drop(&read.future);
    socket_close(&told);
    return result;
}

static int visit(Demo *demo, Executor *executor, uint16_t port) {
    CrowdResult crowd;
    int result = crowd_run(executor, port, demo->crowd, &crowd);
    log_line(&demo->output,
             "clients: %u connected at once, %u answered twice, every byte "
             "compared",
             crowd.connected, crowd.answered);
    int failure = result != 0 ? result : crowd.failure;
    if (failure != 0) {
        return demo_fail(demo, "clients: not all were served", failure);
    }
    return log_end(&demo->output) == 0 ? 0 : 1;
}

/* Returns the process's exit status. */
static int run_clients(Demo *demo, int port_end) {
    Executor *executor;
    uint16_t port = 0;
    int result = executor_new(&executor);
    if (result != 0) {
        return demo_fail(demo, "The clients' executor cannot be made", result);
    }
    int status = 0;
    result = read_port(executor, port_end, &port);
    if (result != 0) {
        status = demo_fail(demo, "The clients cannot be told the port", result);
    } else if (port != 0) {
        status = visit(demo, executor, port);
    }
    executor_free(executor);
    return status;
}

/* --- The server's process ------------------------------------------------- */

/*
 * Lets the server run until the clients' process has closed its pipe, or until
 * nothing moves: a visitor that is never accepted would wait for ever, and all
 * the others for it.
 */
static int wait_for_clients(Executor *executor, const EchoServer *server,
                            int clients_end) {
    char byte;
    Socket clients;
    int result = socket_init(&clients, clients_end);
    if (result != 0) {
        close(clients_end);
        return result;
    }
    SocketRead gone;
    Patience patience;
    socket_read_init(&gone, &clients, &byte, 1);
    patience_init(&patience, &gone.future, &server->bytes,
                  DEMO_PATIENCE_S * NS_PER_S);
    result = executor_block_on(executor, &patience.future);
    future_drop(&patience.future);
    future_drop(&gone.future);
    socket_close(&clients);
    return result == 0 && patience.gave_up ? -ETIMEDOUT : result;
}

/* Tells the clients the port, and serves until they have gone. */
static int serve(Demo *demo, Executor *executor, int port_end,
                 int clients_end) {
    EchoServer server;
    int result = echo_server_start(&server, executor, demo->port, NULL, NULL);
    if (result != 0) {
        close(port_end);
        close(clients_end);
        return demo_fail_to_listen(demo, result);
    }
    uint16_t port = socket_port(&server.listener);
    log_line(&demo->output, "server: listening on 127.0.0.1:%u", port);
    ssize_t written = write(port_end, &port, sizeof port);
    (void)written; /* if it is not read, the clients' end closes at once */
    close(port_end);
    result = wait_for_clients(executor, &server, clients_end);
    executor_cancel_all(executor);
    echo_server_stop(&server);
    log_line(&demo->output,
             "server: one thread served %lu connection%s, %llu bytes; %lu "
             "still open",
             server.accepted, server.accepted == 1 ? "" : "s",
             (unsigned long long)server.bytes, server.open);
    if (result == -ETIMEDOUT) {
        log_line(&demo->errors,
                 "The server gave up: for %d seconds it had nothing to send.",
                 DEMO_PATIENCE_S);
        return 1;
    }
    return result == 0 ? 0 : demo_fail(demo, "The server stopped", result);
}

static int serve_on_an_executor(Demo *demo, int port_end, int clients_end) {
    Executor *executor;
    int result = executor_new(&executor);
    if (result != 0) {
        close(port_end);
        close(clients_end);
        return demo_fail(demo, "The executor cannot be made", result);
    }
    int status = serve(demo, executor, port_end, clients_end);
    executor_free(executor);
    return status;
}

/* --- Both ----------------------------------------------------------------- */

static int exit_status_of(Demo *demo, pid_t child) {
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
        /* interrupted: go on waiting */
    }
    if (WIFEXITED(status)) {
        return WEXITSTATUS(status);
    }
    log_line(&demo->errors, "The clients' process was ended by a signal.");
    return 1;
}

static int fail_to_fork(Demo *demo, int error) {
    if (error == -ENOSYS) {
        log_line(&demo->errors, "Windows has no fork(), and --crowd is made of "
                                "two processes.");
        return 1;
    }
    return demo_fail(demo, "A second process cannot be made", error);
}

/* Splits the program in two; `port` and `clients` are pipes. */
static int split(Demo *demo, const int port[2], const int clients[2]) {
    pid_t child = fork();
    int error = -errno;
    if (child == 0) {
        close(port[1]);
        close(clients[0]);
        _exit(run_clients(demo, port[0]));
    }
    close(port[0]);
    close(clients[1]);
    if (child < 0) {
        close(port[1]);
        close(clients[0]);
        return fail_to_fork(demo, error);
    }
    int status = serve_on_an_executor(demo, port[1], clients[0]);
    int clients_status = exit_status_of(demo, child);
    return status != 0 ? status : clients_status;
}

/* Returns whether there are descriptors for so many; says so if not. */
static bool fits(Demo *demo) {
    long limit = descriptors_raise_limit();
    long most = limit - descriptors_open() - OWN;
    if ((long)demo->crowd <= most) {
        return true;
    }
    if (most > 0) {
        log_line(&demo->errors,
                 "This process may open %ld descriptors: try --crowd %ld, or "
                 "raise the limit with 'ulimit -n'.",
                 limit, most);
    } else {
        log_line(&demo->errors,
                 "This process may open %ld descriptors, too few for a crowd "
                 "of one: raise the limit with 'ulimit -n'.",
                 limit);
    }
    return false;
}

int demo_crowd(Demo *demo) {
    int port[2], clients[2];
    if (!fits(demo)) {
        return 1;
    }
    if (pipe(port) < 0) {
        return demo_fail(demo, "A pipe cannot be made", -errno);
    }
    if (pipe(clients) < 0) {
        int error = -errno;
        close(port[0]);
        close(port[1]);
        return demo_fail(demo, "A pipe cannot be made", error);
    }
    return split(demo, port, clients);
}
