/*
 * libuv: handles that the caller owns, a callback in each; a handle's memory
 * may be used again when its close callback has been called.
 *
 * The echo is a uv_tcp_t, which reads into the memory that the allocation
 * callback names, and writes with uv_try_write. The chain is made of
 * uv_poll_t: a stream that fills its buffer reads once more at once, so that
 * hops of one byte would cost a fourth system call.
 */
#include "workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

static uv_loop_t loop;

static void succeed(int result, const char *what) {
    if (result < 0) {
        give_up(what, -result);
    }
}

static void make_loop(void) {
    succeed(uv_loop_init(&loop), "libuv makes no loop");
}

const char *contestant(void) {
    static char version[64];
    snprintf(version, sizeof version, "libuv %s", uv_version_string());
    return version;
}

/* --- Tasks ---------------------------------------------------------------- */

static void take_turn(uv_idle_t *task) {
    if (!turn(task->data)) {
        uv_idle_stop(task);
    }
}

void work_poll(size_t tasks) {
    uv_idle_t *idle = calloc(tasks, sizeof *idle);
    must(idle != NULL, "There is no memory for the tasks");
    make_loop();
    for (size_t i = 0; i < tasks; i++) {
        uv_idle_init(&loop, &idle[i]);
        idle[i].data = &turns_left[i];
        uv_idle_start(&idle[i], take_turn);
    }
    measure_begin();
    uv_run(&loop, UV_RUN_DEFAULT);
    measure_end();
}

static void freed(uv_handle_t *task) {
    free(task);
}

static void end(uv_idle_t *task) {
    tasks_ended += 1;
    uv_close((uv_handle_t *)task, freed);
}

void work_spawn(size_t tasks, size_t rounds) {
    make_loop();
    measure_begin();
    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i < tasks; i++) {
            uv_idle_t *task = malloc(sizeof *task);
            must(task != NULL, "There is no memory for a task");
            uv_idle_init(&loop, task);
            uv_idle_start(task, end);
        }
        uv_run(&loop, UV_RUN_DEFAULT);
    }
    measure_end();
}

static void woken(uv_async_t *async) {
    if (!ping_answer()) {
        uv_close((uv_handle_t *)async, NULL);
    }
}

void work_memory(size_t tasks) {
    uv_async_t **waiting = calloc(tasks, sizeof(uv_async_t *));
    must(waiting != NULL, "There is no memory for the tasks");
    make_loop();
    size_t before = memory_used();
    for (size_t i = 0; i < tasks; i++) {
        waiting[i] = malloc(sizeof *waiting[i]);
        must(waiting[i] != NULL, "There is no memory for a task");
        succeed(uv_async_init(&loop, waiting[i], woken),
                "A task cannot be made");
    }
    memory_report(memory_used() - before);
}

/* --- The chain ------------------------------------------------------------ */

typedef struct Link {
    uv_poll_t readable;
    int descriptor;
    size_t pair;
} Link;

static void hop(uv_poll_t *readable, int status, int events) {
    Link *self = (Link *)readable;
    unsigned char token;
    (void)events;
    succeed(status, "A socket pair has failed");
    if (read(self->descriptor, &token, 1) == 1 &&
        token_arrived(self->pair, token)) {
        must(write(chain[chain_next(self->pair)].written, &token, 1) == 1,
             "A token cannot be passed on");
    }
    if (chain_finished()) {
        uv_stop(&loop);
    }
}

void work_chain(size_t pairs) {
    Link *links = calloc(pairs, sizeof *links);
    must(links != NULL, "There is no memory for the chain");
    make_loop();
    for (size_t i = 0; i < pairs; i++) {
        links[i].pair = i;
        links[i].descriptor = chain[i].reads;
        succeed(uv_poll_init(&loop, &links[i].readable, chain[i].reads),
                "A socket pair cannot be watched");
        uv_poll_start(&links[i].readable, UV_READABLE, hop);
    }
    uv_run(&loop, UV_RUN_NOWAIT); /* only now does it tell the kernel */
    chain_begin();
    uv_run(&loop, UV_RUN_DEFAULT);
    measure_end();
}

/* --- Echo ----------------------------------------------------------------- */

typedef struct Connection {
    uv_tcp_t tcp;
    char buffer[ECHO_BUFFER];
} Connection;

static void lend_buffer(uv_handle_t *handle, size_t size, uv_buf_t *buffer) {
    Connection *self = (Connection *)handle;
    (void)size;
    *buffer = uv_buf_init(self->buffer, ECHO_BUFFER);
}

static void closed(uv_handle_t *handle) {
    free(handle);
}

static void echo(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer) {
    if (length > 0) {
        uv_buf_t bytes = uv_buf_init(buffer->base, (unsigned)length);
        if (uv_try_write(stream, &bytes, 1) != length) {
            give_up("An echo cannot be written", 0);
        }
    } else if (length < 0) {
        uv_close((uv_handle_t *)stream, closed);
    }
}

static void accept_one(uv_stream_t *listener, int status) {
    succeed(status, "The server cannot accept a connection");
    Connection *connection = malloc(sizeof *connection);
    must(connection != NULL, "There is no memory for a connection");
    uv_tcp_init(&loop, &connection->tcp);
    uv_stream_t *stream = (uv_stream_t *)&connection->tcp;
    succeed(uv_accept(listener, stream),
            "The server cannot accept a connection");
    uv_tcp_nodelay(&connection->tcp, 1);
    uv_read_start(stream, lend_buffer, echo);
}

void work_echo(void) {
    uv_tcp_t listener;
    make_loop();
    uv_tcp_init(&loop, &listener);
    succeed(uv_tcp_open(&listener, echo_listen()), "libuv takes no listener");
    succeed(uv_listen((uv_stream_t *)&listener, 4096, accept_one),
            "The server cannot listen on 127.0.0.1");
    uv_run(&loop, UV_RUN_DEFAULT);
    give_up("libuv's loop has ended", 0);
}

/* --- Wake-ups from another thread ----------------------------------------- */

static void wake(void *async) {
    uv_async_send(async);
}

void work_wake(void) {
    uv_async_t async;
    make_loop();
    succeed(uv_async_init(&loop, &async, woken), "libuv makes no uv_async_t");
    pinger_start(wake, &async);
    uv_run(&loop, UV_RUN_DEFAULT);
    pinger_join();
}
