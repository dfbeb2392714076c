/*
 * One thread waits for two sockets at once.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "io_blocker.h"
#include "platform.h"

/* The other ends, on which the demonstration plays the network. */
static int far_1, far_2;

//! [block]
/* Prints what happens before a deadline, up to the first event. */
static void block_and_print_until(IoBlocker *io_blocker, uint64_t deadline_ns) {
    Event event;
    int result = io_blocker_block_until(io_blocker, deadline_ns, &event, 1);
    if (result == 1) {
        printf("Socket %" PRIu64 " is now %s\n", event.id,
               signals_name(event.signals));
    } else if (result == -ETIMEDOUT) {
        printf("(nothing within 20 ms)\n");
    } else if (result == -ECANCELED) {
        printf("(another thread called io_blocker_wake)\n");
    } else {
        printf("Waiting failed: %s.\n", strerror(-result));
    }
}

/* The same for the next 20 ms. */
static void block_and_print(IoBlocker *io_blocker) {
    block_and_print_until(io_blocker, clock_now_ns() + 20 * NS_PER_MS);
}
//! [block]

static void ask(IoBlocker *io_blocker, IoObject object, Event event) {
    printf("\nAsk for %s on socket %" PRIu64 ".\n", signals_name(event.signals),
           event.id);
    int result = io_blocker_add_io_event_interest(io_blocker, object, event);
    if (result != 0) {
        printf("Descriptor %d cannot be waited for: %s.\n", object,
               strerror(-result));
    }
}

static void send_text(int far, const char *text) {
    printf("\n\"%s\" arrives.\n", text);
    if (send(far, text, strlen(text), MSG_NOSIGNAL) < 0) {
        perror("The far end refused it");
    }
}

static void *wake_it(void *io_blocker) {
    io_blocker_wake(io_blocker);
    return NULL;
}

static void wake_from_another_thread(IoBlocker *io_blocker) {
    pthread_t thread;
    printf("\nWait once more; nothing arrives.\n");
    int error = pthread_create(&thread, NULL, wake_it, io_blocker);
    if (error != 0) {
        printf("No thread: %s.\n", strerror(error));
        return;
    }
    block_and_print_until(io_blocker, DEADLINE_NEVER);
    pthread_join(thread, NULL);
}

static void demonstrate(IoBlocker *io_blocker, IoObject socket_1,
                        IoObject socket_2) {
    char buffer[16];
    //! [source]
    ask(io_blocker, socket_1, (Event){1, SIGNAL_READABLE});
    ask(io_blocker, socket_2, (Event){2, SIGNAL_READABLE | SIGNAL_WRITABLE});
    block_and_print(io_blocker);
    //! [source]
    block_and_print(io_blocker);
    send_text(far_1, "hello");
    block_and_print(io_blocker);
    block_and_print(io_blocker);
    ask(io_blocker, socket_1, (Event){1, SIGNAL_READABLE});
    block_and_print(io_blocker);
    printf("\nRead %zd bytes from socket 1.\n",
           read(socket_1, buffer, sizeof buffer));
    ask(io_blocker, socket_1, (Event){1, SIGNAL_READABLE});
    block_and_print(io_blocker);
    printf("\nThe other end of socket 2 is closed.\n");
    close(far_2);
    block_and_print(io_blocker);
    wake_from_another_thread(io_blocker);
}

int main(void) {
    int pair_1[2], pair_2[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair_1) < 0 ||
        socketpair(AF_UNIX, SOCK_STREAM, 0, pair_2) < 0) {
        perror("No socket pair. Close some programs and try again");
        return 1;
    }
    far_1 = pair_1[1];
    far_2 = pair_2[1];
    IoBlocker *io_blocker;
    int result = io_blocker_new(&io_blocker);
    if (result != 0) {
        fprintf(stderr, "No IoBlocker: %s.%s\n", strerror(-result),
                result == -ENOSYS ? "" : " Close some programs and try again.");
        return 1;
    }
    demonstrate(io_blocker, pair_1[0], pair_2[0]);
    Signals all = SIGNAL_READABLE | SIGNAL_WRITABLE;
    io_blocker_remove_io_event_interest(io_blocker, pair_1[0], all);
    io_blocker_remove_io_event_interest(io_blocker, pair_2[0], all);
    io_blocker_free(io_blocker);
    close(pair_1[0]);
    close(far_1);
    close(pair_2[0]);
    return 0;
}
