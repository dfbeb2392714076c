/*
 * Memory refused at each allocation of the public API, in turn: the first,
 * the second, and so on, until all goes well. Whatever fails, nothing leaks.
 */
#include "descriptors.h"
#include "echo_client.h"
#include "echo_server.h"
#include "platform.h"
#include "runtime.h"
#include "script_descriptors.h"
#include "script_memory.h"
#include "script_sockets.h"
#include "script_waiting.h"
#include "script_windows.h"

/* A server and two clients, from nothing to the end. Returns what failed. */
static int whole_life(void) {
    Executor *executor;
    EchoServer server;
    JoinHandle accepting;
    int result = executor_new(&executor);
    if (result != 0) {
        return result;
    }
    result = echo_server_start(&server, executor, 0, NULL, &accepting);
    if (result != 0) {
        executor_free(executor);
        return result;
    }
    for (int i = 0; i < 2; i++) {
        EchoClient client;
        echo_client_init(&client, socket_port(&server.listener), "hello", 5);
        int ran = executor_block_on(executor, &client.future);
        result = ran != 0 ? ran : result != 0 ? result : client.result;
        future_drop(&client.future);
    }
    future_drop(&accepting.future);
    executor_free(executor);
    echo_server_stop(&server);
    return result;
}

Test(refused_memory, at_any_allocation_leaves_nothing_behind, .timeout = 60) {
    int failures = 0;
    bool refused = true;
    for (int nth = 1; refused; nth++) {
        int descriptors = descriptors_open();
        script_refuse_allocation = nth;
        int result = whole_life();
        refused = script_refuse_allocation == 0;
        script_refuse_allocation = 0;
        /* The server outlives a refusal; its client sees that it is gone. */
        cr_assert(refused ? result == -ENOMEM || result == -ECONNRESET ||
                                result == -EPIPE || result == 0
                          : result == 0,
                  "Allocation %d was refused, and the answer was %s.", nth,
                  error_name(result));
        cr_assert_null(local_executor(), "Its executor was not given up.");
        cr_assert_eq(script_blocks, 0,
                     "Allocation %d was refused, and %d blocks of memory are "
                     "left: give back what had been got before, in reverse "
                     "order.",
                     nth, script_blocks);
        cr_assert_eq(descriptors_open(), descriptors,
                     "Allocation %d was refused, and %d descriptors are left "
                     "open.",
                     nth, descriptors_open() - descriptors);
        failures += result == -ENOMEM;
    }
    cr_assert_geq(failures, 4, "Memory was refused only %d times.", failures);
}

/* The same for each call that may need a descriptor. */
static void refuse_each(Scripted *call, const char *name, int error) {
    for (int nth = 1;; nth++) {
        int descriptors = descriptors_open();
        script_fail(call, nth, error);
        whole_life();
        bool refused = call->fail_in == 0;
        call->fail_in = 0;
        cr_assert_eq(script_blocks, 0,
                     "Call %d of %s() was refused, and %d blocks of memory are "
                     "left.",
                     nth, name, script_blocks);
        cr_assert_eq(descriptors_open(), descriptors,
                     "Call %d of %s() was refused, and %d descriptors are left "
                     "open.",
                     nth, name, descriptors_open() - descriptors);
        if (!refused) {
            return;
        }
    }
}

Test(refused_memory, nor_does_any_descriptor_that_is_refused, .timeout = 60) {
    refuse_each(&script_epoll_create1, "epoll_create1", EMFILE);
    refuse_each(&script_eventfd, "eventfd", EMFILE);
    refuse_each(&script_epoll_ctl, "epoll_ctl", ENOSPC);
    refuse_each(&script_kqueue, "kqueue", EMFILE);
    refuse_each(&script_kevent_changes, "kevent", ENOMEM);
    refuse_each(&script_pipe, "pipe", EMFILE);
    refuse_each(&script_open_afd, "NtCreateFile", EMFILE);
    refuse_each(&script_create_port, "CreateIoCompletionPort", ENOMEM);
    refuse_each(&script_socket, "socket", EMFILE);
    refuse_each(&script_accept, "accept", EMFILE);
    refuse_each(&script_fcntl, "fcntl", EINVAL);
}
