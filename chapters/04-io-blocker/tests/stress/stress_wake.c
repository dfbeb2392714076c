/*
 * Several threads wake one that blocks, with and without traffic on a socket.
 * Built without Criterion, so that the thread sanitizer can watch it.
 *
 * Each waking thread first adds to `requests`, then wakes. Whoever blocks may
 * sleep only if it has seen all requests: it reads the number after each
 * wake-up. So when all have been made, a wake-up that was lost leaves it
 * asleep with requests unseen, and a thread that watches ends the program.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "io_blocker.h"
#include "platform.h"

enum { THREADS = 4, WAKES = 5000, BYTES = 5000, LIMIT_S = 60 };

static IoBlocker *blocker;
static atomic_int requests;

/* Not alarm(2), which Windows does not have. */
static void *end_when_too_long(void *unused) {
    struct timespec limit = {.tv_sec = LIMIT_S};
    (void)unused;
    nanosleep(&limit, NULL);
    fputs("stress_wake: a wake-up was lost, the blocking thread sleeps on\n",
          stderr);
    _Exit(1);
}

static void *wake_many(void *unused) {
    (void)unused;
    for (int i = 0; i < WAKES; i++) {
        atomic_fetch_add(&requests, 1);
        io_blocker_wake(blocker);
    }
    return NULL;
}

static void *send_many(void *descriptor) {
    for (int i = 0; i < BYTES; i++) {
        if (write(*(int *)descriptor, "x", 1) != 1) {
            perror("stress_wake: write");
            exit(1);
        }
    }
    return NULL;
}

static void check(int ok, const char *sentence) {
    if (!ok) {
        fprintf(stderr, "stress_wake: %s\n", sentence);
        exit(1);
    }
}

/* Blocks until all requests have been seen and all bytes have been read. */
static void block_until_done(int wakes, int bytes, int near, long *waits_out) {
    int seen = 0, received = 0;
    char buffer[64];
    while (seen < wakes || received < bytes) {
        Event event;
        int result = io_blocker_block(blocker, &event);
        *waits_out += 1;
        if (result == -ECANCELED) {
            seen = atomic_load(&requests);
            continue;
        }
        check(result == 0 && event.id == 1, "blocking failed");
        ssize_t length = read(near, buffer, sizeof buffer);
        check(length > 0, "the event was for nothing");
        received += (int)length;
        result = io_blocker_add_io_event_interest(blocker, near,
                                                  (Event){1, SIGNAL_READABLE});
        check(result == 0, "asking again failed");
    }
}

static long round_with(int wakers, int bytes) {
    pthread_t threads[THREADS], sender;
    int pair[2];
    long waits = 0;
    check(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "no sockets");
    check(io_blocker_new(&blocker) == 0, "no IoBlocker");
    check(io_blocker_add_io_event_interest(blocker, pair[0],
                                           (Event){1, SIGNAL_READABLE}) == 0,
          "asking failed");
    atomic_store(&requests, 0);
    for (int i = 0; i < wakers; i++) {
        check(pthread_create(&threads[i], NULL, wake_many, NULL) == 0,
              "no thread");
    }
    if (bytes > 0) {
        check(pthread_create(&sender, NULL, send_many, &pair[1]) == 0,
              "no thread");
    }
    block_until_done(wakers * WAKES, bytes, pair[0], &waits);
    for (int i = 0; i < wakers; i++) {
        pthread_join(threads[i], NULL);
    }
    if (bytes > 0) {
        pthread_join(sender, NULL);
    }
    io_blocker_remove_io_event_interest(blocker, pair[0], SIGNAL_READABLE);
    io_blocker_free(blocker);
    close(pair[0]);
    close(pair[1]);
    return waits;
}

int main(void) {
    pthread_t watch;
    check(pthread_create(&watch, NULL, end_when_too_long, NULL) == 0,
          "no thread");
    pthread_detach(watch);
    long idle = round_with(THREADS, 0);
    long busy = round_with(THREADS, BYTES);
    long traffic = round_with(0, BYTES);
    printf("stress_wake: %d wake-ups from %d threads and %d bytes, none lost "
           "(%ld, %ld and %ld waits)\n",
           2 * THREADS * WAKES, THREADS, 2 * BYTES, idle, busy, traffic);
    return 0;
}
