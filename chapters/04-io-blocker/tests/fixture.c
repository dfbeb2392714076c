#include "fixture.h"

#include <errno.h>
#include <string.h>

#include "script_memory.h"
#include "script_waiting.h"

IoBlocker *blocker;

static int descriptors_before;
static int blocks_before;

void fixture_open(void) {
    descriptors_before = descriptors_open();
    blocks_before = script_blocks;
    int result = io_blocker_new(&blocker);
    cr_assert(result == 0, "io_blocker_new() failed: %s.", strerror(-result));
}

/* The Makefile says which back end it is. */
static void open_for(const char *backend) {
    fixture_open();
    if (strcmp(CHOSEN, backend) != 0) {
        cr_skip_test("Only the %s back end promises this.", backend);
    }
}

void fixture_open_for_epoll(void) {
    open_for("epoll");
}

void fixture_open_for_kqueue(void) {
    open_for("kqueue");
}

void fixture_open_for_poll(void) {
    open_for("poll");
}

void fixture_open_for_port(void) {
    open_for("port");
}

void fixture_open_for_iocp(void) {
    open_for("iocp");
}

void fixture_close(void) {
    io_blocker_free(blocker);
    network_close_all();
    cr_assert(script_blocks == blocks_before,
              "%d blocks of memory are left after io_blocker_free(): what "
              "has been allocated must be freed.",
              script_blocks - blocks_before);
    cr_assert(descriptors_open() == descriptors_before,
              "%d descriptors are left open after io_blocker_free(): what "
              "has been opened must be closed.",
              descriptors_open() - descriptors_before);
}

void ask(IoObject object, uint64_t id, Signals signals) {
    int result =
        io_blocker_add_io_event_interest(blocker, object, (Event){id, signals});
    cr_assert(result == 0,
              "Asking for %s on object %d failed: %s. Nothing forbids it here.",
              signals_name(signals), (int)id, strerror(-result));
}

void stop_asking(IoObject object, Signals signals) {
    io_blocker_remove_io_event_interest(blocker, object, signals);
}

Event look(void) {
    Event event = {0, 0};
    script_wait_takes_ns = NS_PER_MS; /* or a wait that spins would not end */
    int result =
        io_blocker_block_until(blocker, clock_now_ns() + NS_PER_S, &event, 1);
    script_wait_takes_ns = 0;
    cr_assert(result == 1 || result == -ETIMEDOUT,
              "Waiting failed: %s. Nobody called io_blocker_wake(), and the "
              "system can wait.",
              strerror(-result));
    return result == 1 ? event : (Event){0, 0};
}
