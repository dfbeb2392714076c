/*
 * Ctrl-C is an event like any other: a signal handler may do very little, but
 * it may write to a pipe, and a SocketRead waits at the other end. The server
 * then stops accepting, and the connections that are open have a while to come
 * to an end. A second Ctrl-C ends the program at once, as it does without a
 * handler: also if the thread hangs in a poll.
 */
#include "demo.h"

#include <errno.h>

#include "clock.h"
#include "echo_server.h"
#include "executor.h"
#include "platform.h"
#include "select.h"
#include "socket_read.h"

enum { GRACE_S = 5 };

//! [interrupt]
static int interrupt_pipe[2];

static void set_handler(int signal_number, void (*handler)(int)) {
    struct sigaction action = {.sa_handler = handler};
    sigaction(signal_number, &action, NULL);
}

static void on_interrupt(int signal_number) {
    int error = errno;
    ssize_t written = write(interrupt_pipe[1], "", 1);
    (void)written;
    set_handler(signal_number, SIG_DFL);
    errno = error;
}
//! [interrupt]

/* Lets Ctrl-C write to the pipe. Returns 0 or `-errno`. */
static int catch_interrupt(Socket *interrupt_out) {
    if (pipe(interrupt_pipe) < 0) {
        return -errno;
    }
    int result = socket_init(interrupt_out, interrupt_pipe[0]);
    if (result != 0) {
        close(interrupt_pipe[0]);
        close(interrupt_pipe[1]);
        return result;
    }
    set_handler(SIGINT, on_interrupt);
    set_handler(SIGTERM, on_interrupt);
    return 0;
}

static void release_interrupt(Socket *interrupt) {
    set_handler(SIGINT, SIG_DFL);
    set_handler(SIGTERM, SIG_DFL);
    socket_close(interrupt);
    close(interrupt_pipe[1]);
}

//! [serve]
static int wait_for_interrupt(Executor *executor, Socket *interrupt) {
    char byte;
    SocketRead interrupted;
    socket_read_init(&interrupted, interrupt, &byte, 1);
    int result = executor_block_on(executor, &interrupted.future);
    future_drop(&interrupted.future);
    return result;
}

/* Lets open connections come to an end, but not for ever. */
static int wait_for_the_end(Executor *executor, EchoServer *server) {
    EchoServerEnd end;
    TimerFuture grace;
    Select first;
    echo_server_end_init(&end, server);
    timer_future_init(&grace, clock_now_ns() + GRACE_S * NS_PER_S);
    select_init(&first, &end.future, &grace.future);
    int result = executor_block_on(executor, &first.future);
    future_drop(&first.future);
    return result;
}

static int serve_until_interrupted(Executor *executor, EchoServer *server,
                                   Socket *interrupt) {
    int result = wait_for_interrupt(executor, interrupt);
    echo_server_stop(server);
    if (result == 0 && server->open > 0) {
        log_line(server->log,
                 "Interrupted. Connections open: %lu; they have %d s to end. "
                 "Ctrl-C again ends the program at once.",
                 server->open, GRACE_S);
        result = wait_for_the_end(executor, server);
    }
    log_line(server->log,
             "Interrupted. Connections served: %lu; still open, and "
             "cancelled: %lu",
             server->accepted, server->open);
    return result;
}
//! [serve]

/* A server that cannot say where it listens is of no use. */
static int serve(Demo *demo, Executor *executor, EchoServer *server,
                 Socket *interrupt) {
    int result =
        echo_server_start(server, executor, demo->port, &demo->output, NULL);
    if (result != 0) {
        return demo_fail_to_listen(demo, result);
    }
    server->idle_ns = demo->idle_s * NS_PER_S;
    log_line(&demo->output, "Listening on 127.0.0.1:%u; Ctrl-C ends it.",
             socket_port(&server->listener));
    if (demo->output.error != 0) {
        return 1; /* main() says why */
    }
    result = serve_until_interrupted(executor, server, interrupt);
    return result == 0 ? 0 : demo_fail(demo, "The server stopped", result);
}

static int serve_on(Demo *demo, Executor *executor, EchoServer *server) {
    Socket interrupt;
    int result = catch_interrupt(&interrupt);
    if (result != 0) {
        return demo_fail(demo, "Ctrl-C cannot be caught", result);
    }
    int status = serve(demo, executor, server, &interrupt);
    release_interrupt(&interrupt);
    return status;
}

int demo_server(Demo *demo) {
    Executor *executor;
    int result = executor_new(&executor);
    if (result != 0) {
        return demo_fail(demo, "The executor cannot be made", result);
    }
    log_stop_waiting(&demo->output);
    log_stop_waiting(&demo->errors);
    EchoServer server = {.listener = {.object = -1}};
    int status = serve_on(demo, executor, &server);
    executor_free(executor); /* cancels the connections that are open */
    echo_server_stop(&server);
    return status;
}
