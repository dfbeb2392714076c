/*
 * Many sockets at once: more than one batch holds, more than are ready.
 */
#include <errno.h>

#include "error_name.h"
#include "fixture.h"
#include "platform.h"

Suite(crowd);

enum { READY = 1000 };

static Pair pairs[2000];
static int reported[2000];

/* As many as the limit of descriptors allows, 1000 here and most anywhere. */
static int open_ready(void) {
    int limit = descriptors_limit();
    int count = limit < 2 * READY + 100 ? (limit - 100) / 2 : READY;
    for (int i = 0; i < count; i++) {
        pairs[i] = pair_open();
        far_sends(&pairs[i], "x");
        ask(pairs[i].near, (uint64_t)i, READABLE);
    }
    return count;
}

/*
 * Hands events out in batches, each socket asking again at once, until each
 * has been reported `rounds` times. Fails if one is ahead by a whole round.
 */
static void serve_all(int count, size_t capacity, int rounds) {
    static Event events[1000];
    for (int total = 0; total < count * rounds;) {
        int result =
            io_blocker_block_until(blocker, DEADLINE_NOW, events, capacity);
        cr_assert(result > 0,
                  "After %d events of %d the answer is %s, but there are "
                  "sockets with data whose interest is not spent: those that "
                  "did not fit into the batch were lost.",
                  total, count * rounds, error_name(result));
        for (int i = 0; i < result; i++, total++) {
            int id = (int)events[i].id;
            cr_assert(
                reported[id] <= total / count,
                "Socket %d has had %d events and gets one more, while others "
                "are a whole round behind: more is ready than a batch "
                "holds, and each batch begins with the same ones.",
                id, reported[id]);
            reported[id] += 1;
            ask(pairs[id].near, (uint64_t)id, READABLE);
        }
    }
}

Test(crowd, is_served_in_turn_batch_by_batch, .timeout = 60) {
    serve_all(open_ready(), IO_BLOCKER_BATCH, 3);
}

Test(crowd, is_served_in_turn_with_a_capacity_of_three, .timeout = 60) {
    serve_all(open_ready(), 3, 2);
}

Test(crowd, is_served_in_turn_whatever_capacity_is_offered, .timeout = 60) {
    static Event events[1000];
    int count = open_ready();
    int result =
        io_blocker_block_until(blocker, DEADLINE_NOW, events, (size_t)count);
    cr_assert(result > 0 && result <= IO_BLOCKER_BATCH,
              "There is room for %d events; it returned %s.", count,
              error_name(result));
    for (int i = 0; i < result; i++) {
        ask(pairs[events[i].id].near, events[i].id, READABLE);
    }
    serve_all(count, (size_t)count, 2);
}

Test(crowd, is_served_in_turn_while_some_leave, .timeout = 60) {
    static Event events[8];
    int count = open_ready();
    for (int first_time = 0; first_time < count;) {
        int result = io_blocker_block_until(blocker, DEADLINE_NOW, events, 8);
        cr_assert(result > 0,
                  "%d sockets still wait for their first event, but the answer "
                  "is %s: when one leaves, somebody takes its place in the "
                  "row, and must not be passed over.",
                  count - first_time, error_name(result));
        for (int i = 0; i < result; i++) {
            int id = (int)events[i].id;
            cr_assert(reported[id] == 0,
                      "Socket %d is reported twice, and others still wait for "
                      "the first time: when one leaves, somebody takes its "
                      "place in the row, and must not be passed over.",
                      id);
            reported[id] = 1;
            first_time += 1;
            if (id % 3 == 0) {
                stop_asking(pairs[id].near, BOTH);
            } else {
                ask(pairs[id].near, (uint64_t)id, READABLE);
            }
        }
    }
}

Test(crowd, that_leaves_in_the_middle_takes_nobody_along, .timeout = 60) {
    static Event events[10];
    int count = open_ready();
    int result = io_blocker_block_until(blocker, DEADLINE_NOW, events, 10);
    for (int i = 0; i < result; i++) {
        reported[events[i].id] = 1;
    }
    for (int i = 0; i < count; i += 2) { /* told already or not */
        stop_asking(pairs[i].near, BOTH);
        reported[i] += 10;
    }
    for (int i = 0; i < count / 2 + 10; i++) {
        Event event = look();
        if (event.signals == 0) {
            break;
        }
        cr_assert(reported[event.id] == 0,
                  "Socket %d has been reported before, or has left.",
                  (int)event.id);
        reported[event.id] = 1;
    }
    for (int i = 0; i < count; i++) {
        cr_assert(reported[i] > 0,
                  "Socket %d still waits: it was passed over when others "
                  "left.",
                  i);
    }
}

Test(crowd, of_two_thousand_has_one_that_is_ready, .timeout = 60) {
    int limit = descriptors_limit();
    int count = limit < 4100 ? (limit - 100) / 2 : 2000;
    for (int i = 0; i < count; i++) {
        pairs[i] = pair_open();
        ask(pairs[i].near, (uint64_t)i, READABLE);
    }
    for (int i = 0; i < count; i += 97) {
        far_sends(&pairs[i], "x");
        assert_event((uint64_t)i, READABLE,
                     "Of all these sockets one has data; that one, and no "
                     "other, is to be reported.");
    }
    assert_silence("All of them have been reported.");
}

Test(crowd, may_have_large_numbers, .timeout = 60) {
    int limit = descriptors_limit();
    Pair pair = pair_open();
    int large = fcntl(pair.near, F_DUPFD, limit < 5000 ? limit - 1 : 5000);
    ask(large, 1, WRITABLE);
    ask(pair.near, 2, WRITABLE);
    Event events[2];
    int result = io_blocker_block_until(blocker, DEADLINE_NOW, events, 2);
    stop_asking(large, BOTH);
    close(large);
    cr_assert(result == 2 && events[0].id + events[1].id == 3,
              "Two descriptors with very different numbers are ready, and %s "
              "events came: the table must grow without losing anything.",
              error_name(result));
}
