/*
 * One thread serves everybody.
 *
 *   main                 a server and a client on real sockets: the client
 *                        sends a file, this program itself, and compares
 *   main --file PATH     the same with another file
 *   main --serve         stays up until Ctrl-C; talk to it with nc
 *   main --crowd N       N connections at once, from a second process
 *   --port P             for any of them, where the server listens
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crowd.h"
#include "descriptors.h"
#include "echo_client.h"
#include "echo_server.h"
#include "executor.h"
#include "platform.h"
#include "socket_read.h"

/* What the command line asks for. */
typedef struct Options {
    const char *file;
    bool serve;
    unsigned crowd;
    uint16_t port;
} Options;

/* Says what happened and what to do. Returns the program's exit status. */
static int fail(const char *what, int error, const char *advice) {
    if (error == -EDEADLK) {
        advice = "No waker of the tasks is left: find out who lost it.";
    }
    fprintf(stderr, "%s: %s. %s\n", what, strerror(-error), advice);
    return 1;
}

static int fail_to_listen(const Options *options, int error) {
    if (error == -EADDRINUSE) {
        fprintf(stderr,
                "Port %u on 127.0.0.1 is in use by another program: choose "
                "another one, or leave --port out.\n",
                options->port);
        return 1;
    }
    return fail("The server cannot listen on 127.0.0.1", error,
                "Try another --port.");
}

/* Reads all of a file. Returns 0 or `-errno`; the bytes are the caller's. */
static int read_file(const char *path, unsigned char **bytes_out,
                     size_t *length_out) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return -errno;
    }
    size_t capacity = 0, length = 0, more = 1;
    unsigned char *bytes = NULL;
    while (more > 0) {
        if (length == capacity) {
            capacity = capacity == 0 ? 65536 : capacity * 2;
            unsigned char *grown = realloc(bytes, capacity);
            if (grown == NULL) {
                free(bytes);
                fclose(file);
                return -ENOMEM;
            }
            bytes = grown;
        }
        more = fread(bytes + length, 1, capacity - length, file);
        length += more;
    }
    int result = ferror(file) ? -EIO : 0;
    fclose(file);
    if (result != 0) {
        free(bytes);
        return result;
    }
    *bytes_out = bytes;
    *length_out = length;
    return 0;
}

static int judge_transfer(const EchoClient *client) {
    printf("client: %zu bytes sent, %zu came back\n", client->length,
           client->received);
    if (client->result != 0) {
        return fail("What came back is not what went in", client->result,
                    "Please report this.");
    }
    printf("client: what came back is what went in\n");
    return 0;
}

//! [transfer]
/* One thread, one executor: the server's tasks and the client's future. */
static int transfer(Executor *executor, const Options *options,
                    const unsigned char *bytes, size_t length) {
    EchoServer server;
    JoinHandle accepting;
    int result =
        echo_server_start(&server, executor, options->port, stdout, &accepting);
    if (result != 0) {
        return fail_to_listen(options, result);
    }
    uint16_t port = socket_port(&server.listener);
    printf("server: listening on 127.0.0.1:%u\n", port);

    EchoClient client;
    echo_client_init(&client, port, bytes, length);
    result = executor_block_on(executor, &client.future);
    int status = result != 0 ? fail("The executor stopped", result,
                                    "Close some programs and try again.")
                             : judge_transfer(&client);
    future_drop(&client.future);

    join_handle_cancel(&accepting);
    future_drop(&accepting.future);
    executor_run(executor); /* the connection sees the end of file, and ends */
    printf("server: %lu connection served, %lu open, %zu tasks left\n",
           server.accepted, server.open, executor_pending_tasks(executor));
    echo_server_deinit(&server);
    return status;
}
//! [transfer]

static int run_transfer(Executor *executor, const Options *options) {
    unsigned char *bytes = NULL;
    size_t length = 0;
    int result = read_file(options->file, &bytes, &length);
    if (result != 0) {
        fprintf(stderr, "The file '%s' cannot be read: %s.\n", options->file,
                strerror(-result));
        return 1;
    }
    printf("client: will send %s, %zu bytes\n", options->file, length);
    int status = transfer(executor, options, bytes, length);
    free(bytes);
    return status;
}

/* Ctrl-C, as an event on a descriptor: what waits for it is a SocketRead. */
//! [interrupt]
static int interrupt_pipe[2];

static void on_interrupt(int signal_number) {
    (void)signal_number;
    int error = errno;
    ssize_t written = write(interrupt_pipe[1], "", 1);
    (void)written;
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
    struct sigaction action = {.sa_handler = on_interrupt};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    return 0;
}

static void release_interrupt(Socket *interrupt) {
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    socket_close(interrupt);
    close(interrupt_pipe[1]);
}

//! [serve]
static int serve_until_interrupted(Executor *executor, EchoServer *server,
                                   Socket *interrupt) {
    char byte;
    SocketRead interrupted;
    socket_read_init(&interrupted, interrupt, &byte, 1);
    int result = executor_block_on(executor, &interrupted.future);
    future_drop(&interrupted.future);
    printf("Interrupted. Connections served: %lu; still open, and cancelled: "
           "%lu\n",
           server->accepted, server->open);
    return result;
}
//! [serve]

static int run_server(Executor *executor, const Options *options,
                      EchoServer *server) {
    Socket interrupt;
    int result = catch_interrupt(&interrupt);
    if (result != 0) {
        return fail("Ctrl-C cannot be caught", result,
                    "Close some programs and try again.");
    }
    int status = 0;
    result = echo_server_start(server, executor, options->port, stdout, NULL);
    if (result != 0) {
        status = fail_to_listen(options, result);
    } else {
        printf("Listening on 127.0.0.1:%u; Ctrl-C ends it.\n",
               socket_port(&server->listener));
        fflush(stdout);
        result = serve_until_interrupted(executor, server, &interrupt);
        if (result != 0) {
            status = fail("The server stopped", result,
                          "Close some programs and try again.");
        }
    }
    release_interrupt(&interrupt);
    return status;
}

/* The second process: nothing but clients. Returns its exit status. */
static int visit(uint16_t port, unsigned count) {
    Executor *executor;
    int result = executor_new(&executor);
    CrowdResult crowd = {0};
    if (result == 0) {
        result = crowd_run(executor, port, count, &crowd);
        executor_free(executor);
    }
    printf("clients: %u connected at once, %u answered twice, every byte "
           "compared\n",
           crowd.connected, crowd.answered);
    int failure = result != 0 ? result : crowd.failure;
    if (failure != 0) {
        return fail("clients: not all were served", failure,
                    "Try a smaller --crowd.");
    }
    return 0;
}

/* Lets the server run until the clients' process has closed its pipe. */
static int wait_for_clients(Executor *executor, int clients_end) {
    char byte;
    Socket clients;
    int result = socket_init(&clients, clients_end);
    if (result != 0) {
        close(clients_end);
        return result;
    }
    SocketRead gone;
    socket_read_init(&gone, &clients, &byte, 1);
    result = executor_block_on(executor, &gone.future);
    future_drop(&gone.future);
    socket_close(&clients);
    return result;
}

static int exit_status_of(pid_t child) {
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
        /* interrupted: go on waiting */
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* The server process; the clients' one is `child`. */
static int serve_crowd(const Options *options, int port_end, int clients_end,
                       pid_t child) {
    Executor *executor;
    EchoServer server;
    int status = 0;
    int result = executor_new(&executor);
    if (result == 0) {
        result =
            echo_server_start(&server, executor, options->port, NULL, NULL);
        if (result != 0) {
            executor_free(executor);
        }
    }
    if (result != 0) {
        close(port_end);
        close(clients_end);
        exit_status_of(child);
        return fail_to_listen(options, result);
    }
    uint16_t port = socket_port(&server.listener);
    printf("server: listening on 127.0.0.1:%u\n", port);
    fflush(stdout);
    ssize_t written = write(port_end, &port, sizeof port);
    (void)written; /* if nobody reads it, the clients' end closes at once */
    close(port_end);
    result = wait_for_clients(executor, clients_end);
    if (result != 0) {
        status = fail("The server stopped", result, "Try a smaller --crowd.");
    }
    executor_free(executor);
    echo_server_deinit(&server);
    printf("server: one thread served %lu connections, %llu bytes; %lu still "
           "open\n",
           server.accepted, (unsigned long long)server.bytes, server.open);
    int clients_status = exit_status_of(child);
    return status != 0 ? status : clients_status;
}

/* The child is told the port; its end of `clients` closes when it ends. */
static int run_crowd(const Options *options) {
    int port_pipe[2], clients[2];
    long limit = descriptors_raise_limit();
    if ((long)options->crowd + 16 > limit) {
        fprintf(stderr,
                "This process may open %ld descriptors: try --crowd %ld, or "
                "raise the limit with 'ulimit -n'.\n",
                limit, limit - 16);
        return 1;
    }
    if (pipe(port_pipe) < 0) {
        return fail("No pipe", -errno, "Close some programs and try again.");
    }
    if (pipe(clients) < 0) {
        int error = -errno;
        close(port_pipe[0]);
        close(port_pipe[1]);
        return fail("No pipe", error, "Close some programs and try again.");
    }
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        uint16_t port = 0;
        close(port_pipe[1]);
        close(clients[0]);
        bool told = read(port_pipe[0], &port, sizeof port) == sizeof port;
        int status = told ? visit(port, options->crowd) : 0;
        fflush(stdout);
        _exit(status);
    }
    int error = errno;
    close(port_pipe[0]);
    close(clients[1]);
    if (child < 0) {
        close(port_pipe[1]);
        close(clients[0]);
        return fail("No second process", -error,
                    error == ENOSYS ? "Windows has no fork(), and --crowd is "
                                      "made of two processes."
                                    : "Try again later.");
    }
    return serve_crowd(options, port_pipe[1], clients[0], child);
}

/* Reads a number from 1 to `most`, all of the text. Returns 0 if it is none. */
static unsigned parse_number(const char *text, unsigned most) {
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    bool plain = text[0] >= '0' && text[0] <= '9' && *end == '\0';
    return plain && number <= most ? (unsigned)number : 0;
}

/* Returns whether the command line was understood; says so if not. */
static bool parse(int count, char **arguments, Options *options) {
    for (int i = 1; i < count; i++) {
        const char *value = i + 1 < count ? arguments[i + 1] : "";
        if (strcmp(arguments[i], "--serve") == 0) {
            options->serve = true;
            continue;
        }
        if (strcmp(arguments[i], "--file") == 0 && value[0] != '\0') {
            options->file = value;
        } else if (strcmp(arguments[i], "--crowd") == 0 &&
                   parse_number(value, 60000) > 0) {
            options->crowd = parse_number(value, 60000);
        } else if (strcmp(arguments[i], "--port") == 0 &&
                   parse_number(value, 65535) > 0) {
            options->port = (uint16_t)parse_number(value, 65535);
        } else {
            fprintf(stderr,
                    "'%s %s' is not understood: use --file PATH, --serve, "
                    "--crowd N (1 to 60000) or --port P (1 to 65535).\n",
                    arguments[i], value);
            return false;
        }
        i += 1;
    }
    return true;
}

static int run(const Options *options) {
    if (options->crowd > 0) {
        return run_crowd(options);
    }
    Executor *executor;
    int result = executor_new(&executor);
    if (result != 0) {
        return fail("No executor", result,
                    "Close some programs and try again.");
    }
    if (!options->serve) {
        int status = run_transfer(executor, options);
        executor_free(executor);
        return status;
    }
    EchoServer server = {.listener = {.object = -1}};
    int status = run_server(executor, options, &server);
    executor_free(executor); /* cancels the connections that are open */
    echo_server_deinit(&server);
    return status;
}

int main(int count, char **arguments) {
    Options options = {.file = arguments[0]};
    if (!parse(count, arguments, &options)) {
        return 2;
    }
    int before = descriptors_open();
    int status = run(&options);
    printf("Descriptors left open: %d\n", descriptors_open() - before);
    return status;
}
