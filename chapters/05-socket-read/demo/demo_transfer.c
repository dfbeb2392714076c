#include "demo.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "echo_client.h"
#include "echo_server.h"
#include "executor.h"
#include "patience.h"
#include "platform.h"

/* --- The file ------------------------------------------------------------- */

enum { MOST_BYTES = 256 << 20 };

/*
 * Reads the rest of a file: fewer bytes than it had if it shrinks meanwhile,
 * and an error if it grows without end.
 */
static int read_all(FILE *file, unsigned char **bytes, size_t *length) {
    size_t capacity = 0, more = 1;
    while (more > 0) {
        if (*length > MOST_BYTES) {
            return -EFBIG;
        }
        if (*length == capacity) {
            capacity = capacity == 0 ? 65536 : capacity * 2;
            unsigned char *grown = realloc(*bytes, capacity);
            if (grown == NULL) {
                return -ENOMEM;
            }
            *bytes = grown;
        }
        more = fread(*bytes + *length, 1, capacity - *length, file);
        *length += more;
    }
    return ferror(file) ? -errno : 0;
}

/*
 * Only a regular file is sure to have an end, and to be opened without waiting
 * for another end. The bytes are the caller's, also after a failure.
 */
static int read_file(const char *path, unsigned char **bytes, size_t *length) {
    struct stat status;
    if (stat(path, &status) < 0) {
        return -errno;
    }
    if (!S_ISREG(status.st_mode)) {
        return S_ISDIR(status.st_mode) ? -EISDIR : -ENXIO;
    }
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return -errno;
    }
    int result = read_all(file, bytes, length);
    fclose(file);
    return result;
}

static int fail_to_read(Demo *demo, int error) {
    const char *why = strerror(-error);
    if (error == -EISDIR) {
        why = "it is a folder";
    } else if (error == -ENXIO) {
        why = "it is no regular file, and might never end";
    } else if (error == -EFBIG) {
        why = "it has more than 256 MiB, and the client keeps it in memory";
    }
    log_line(&demo->errors, "The file '%s' cannot be sent: %s.", demo->file,
             why);
    return 1;
}

/* --- The transfer --------------------------------------------------------- */

static int judge(Demo *demo, const EchoClient *client, bool gave_up) {
    log_line(&demo->output, "client: %zu bytes sent, %zu came back",
             client->write.written, client->received);
    if (gave_up) {
        log_line(&demo->errors,
                 "The client gave up: for %d seconds nothing came back.",
                 DEMO_PATIENCE_S);
        return 1;
    }
    if (client->result == -EILSEQ || client->result == -EPIPE) {
        log_line(&demo->errors, "What came back is not what went in.");
        return 1;
    }
    if (client->result != 0) {
        return demo_fail(demo, "The client failed", client->result);
    }
    log_line(&demo->output, "client: what came back is what went in");
    return 0;
}

/* A stranger may have connected as well, and may stay for ever. */
static void end_server(Demo *demo, Executor *executor, EchoServer *server,
                       JoinHandle *accepting) {
    join_handle_cancel(accepting);
    future_drop(&accepting->future);
    log_line(&demo->output,
             "server: %lu connection%s served, %lu open, %zu tasks left",
             server->accepted, server->accepted == 1 ? "" : "s", server->open,
             executor_pending_tasks(executor));
    executor_cancel_all(executor);
    echo_server_stop(server);
}

//! [transfer]
/* One thread, one executor: the server's tasks and the client's future. */
static int transfer(Demo *demo, Executor *executor, const unsigned char *bytes,
                    size_t length) {
    EchoServer server;
    JoinHandle accepting;
    int result = echo_server_start(&server, executor, demo->port, &demo->output,
                                   &accepting);
    if (result != 0) {
        return demo_fail_to_listen(demo, result);
    }
    uint16_t port = socket_port(&server.listener);
    log_line(&demo->output, "server: listening on 127.0.0.1:%u", port);

    EchoClient client;
    Patience patience;
    echo_client_init(&client, port, bytes, length);
    patience_init(&patience, &client.future, &server.bytes,
                  DEMO_PATIENCE_S * NS_PER_S);
    result = executor_block_on(executor, &patience.future);
    int status = result != 0 ? demo_fail(demo, "The executor stopped", result)
                             : judge(demo, &client, patience.gave_up);
    future_drop(&patience.future);
    future_drop(&client.future);
    end_server(demo, executor, &server, &accepting);
    return status;
}
//! [transfer]

static int transfer_on_an_executor(Demo *demo, const unsigned char *bytes,
                                   size_t length) {
    Executor *executor;
    int result = executor_new(&executor);
    if (result != 0) {
        return demo_fail(demo, "The executor cannot be made", result);
    }
    log_line(&demo->output, "client: will send %s, %zu bytes", demo->file,
             length);
    int status = transfer(demo, executor, bytes, length);
    executor_free(executor);
    return status;
}

int demo_transfer(Demo *demo) {
    unsigned char *bytes = NULL;
    size_t length = 0;
    int result = read_file(demo->file, &bytes, &length);
    int status = result != 0 ? fail_to_read(demo, result)
                             : transfer_on_an_executor(demo, bytes, length);
    free(bytes);
    return status;
}
