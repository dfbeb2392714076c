/*
 * Three ways in which epoll reports, and the IoBlocker's, side by side: the
 * same script for each of them, and how many events it brings. The table of
 * the chapter's text is this file's.
 */
#include <sys/epoll.h>

#include "error_name.h"
#include "fixture.h"
#include "platform.h"
#include "script_descriptors.h"
#include "script_waiting.h"

SuiteFor(epoll, triggering);

typedef enum Way { LEVEL, EDGE, ONE_SHOT, IO_BLOCKER, WAYS } Way;

static const char *const way_names[WAYS] = {"level-triggered", "edge-triggered",
                                            "one-shot", "the IoBlocker"};

/* A socket, and one of the ways to wait for it. */
typedef struct Line {
    Way way;
    Pair pair;
    int epoll;
} Line;

static struct epoll_event wish(const Line *line) {
    static const uint32_t flags[] = {0, EPOLLET, EPOLLONESHOT};
    return (struct epoll_event){.events = EPOLLIN | flags[line->way]};
}

/* The first time anybody asks for the socket's data. */
static void begin(Line *line) {
    if (line->way == IO_BLOCKER) {
        ask(line->pair.near, 1, READABLE);
        return;
    }
    struct epoll_event event = wish(line);
    epoll_ctl(line->epoll, EPOLL_CTL_ADD, line->pair.near, &event);
}

/* Asks again, in the way in which that is done; the first two need nothing. */
static void again(Line *line) {
    if (line->way == IO_BLOCKER) {
        ask(line->pair.near, 1, READABLE);
    } else if (line->way == ONE_SHOT) {
        struct epoll_event event = wish(line);
        epoll_ctl(line->epoll, EPOLL_CTL_MOD, line->pair.near, &event);
    }
}

/* Looks once. Returns how many events there are. */
static int wait_for(Line *line) {
    if (line->way == IO_BLOCKER) {
        Event event;
        return io_blocker_block_until(blocker, DEADLINE_NOW, &event, 1) == 1;
    }
    struct epoll_event event;
    return epoll_wait(line->epoll, &event, 1, 0);
}

static Line line_open(Way way, Pair pair) {
    Line line = {way, pair, -1};
    if (way != IO_BLOCKER) {
        line.epoll = epoll_create1(EPOLL_CLOEXEC);
    }
    return line;
}

static void line_close(Line *line) {
    stop_asking(line->pair.near, BOTH);
    if (line->epoll >= 0) {
        close(line->epoll);
    }
}

/* Runs a script for each way and compares what comes out. */
static void assert_row_on(Pair (*open)(void), int (*script)(Line *line),
                          const int expected[WAYS], const char *what) {
    for (Way way = LEVEL; way < WAYS; way++) {
        Line line = line_open(way, open());
        int result = script(&line);
        line_close(&line);
        cr_assert(result == expected[way],
                  "%s: with %s it is %s, not %d. If you changed no code, "
                  "the table in the chapter's text is wrong.",
                  what, way_names[way], error_name(result), expected[way]);
    }
}

/* The same on a socket pair, which is a pair of Unix sockets. */
static void assert_row(int (*script)(Line *line), const int expected[WAYS],
                       const char *what) {
    assert_row_on(pair_open, script, expected, what);
}

static int data_came_first(Line *line) {
    far_sends(&line->pair, "x");
    begin(line);
    return wait_for(line);
}

Test(triggering, reports_what_came_before_the_first_asking, .timeout = 60) {
    assert_row(data_came_first, (const int[]){1, 1, 1, 1},
               "Data came before anybody asked");
}

static int half_is_read(Line *line) {
    char two[2];
    begin(line);
    far_sends(&line->pair, "four");
    wait_for(line);
    near_reads(&line->pair, two, 2);
    again(line);
    return wait_for(line);
}

Test(triggering, differs_when_half_is_read, .timeout = 60) {
    assert_row(half_is_read, (const int[]){1, 0, 1, 1},
               "Four bytes came, two were read, then asked again");
}

static int more_comes_unread(Line *line) {
    begin(line);
    far_sends(&line->pair, "1");
    wait_for(line);
    far_sends(&line->pair, "2");
    return wait_for(line);
}

Test(triggering, differs_when_more_comes_and_nobody_asked, .timeout = 60) {
    assert_row(more_comes_unread, (const int[]){1, 1, 0, 0},
               "Nothing was read, nobody asked again, more came");
}

static int more_comes_then_asked(Line *line) {
    begin(line);
    far_sends(&line->pair, "1");
    wait_for(line);
    far_sends(&line->pair, "2");
    again(line);
    return wait_for(line);
}

Test(triggering, agrees_when_more_comes_and_somebody_asks, .timeout = 60) {
    assert_row(more_comes_then_asked, (const int[]){1, 1, 1, 1},
               "Nothing was read, more came, then asked again");
}

static int nobody_reads(Line *line) {
    int events = 0;
    begin(line);
    far_sends(&line->pair, "x");
    for (int i = 0; i < 10; i++) {
        events += wait_for(line);
    }
    return events;
}

Test(triggering, differs_when_nobody_reads, .timeout = 60) {
    assert_row(nobody_reads, (const int[]){10, 1, 1, 1},
               "Nobody reads or asks again; ten waits");
}

static int asked_though_told(Line *line) {
    begin(line);
    far_sends(&line->pair, "x");
    wait_for(line);
    again(line);
    return wait_for(line);
}

Test(triggering, differs_when_asked_again_before_reading, .timeout = 60) {
    assert_row(asked_though_told, (const int[]){1, 0, 1, 1},
               "Nothing was read, nothing more came, then asked again");
}

int __real_epoll_wait(int epoll, struct epoll_event *events, int capacity,
                      int timeout_ms);

/* Closes the far end, and lets the near end's system take note of it. */
static void far_end_goes(Line *line) {
    struct epoll_event event = {.events = EPOLLRDHUP};
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    epoll_ctl(epoll, EPOLL_CTL_ADD, line->pair.near, &event);
    far_closes(&line->pair);
    int noted = __real_epoll_wait(epoll, &event, 1, 5000);
    close(epoll);
    cr_assert(noted == 1, "The far end closed, and nothing arrived of it.");
}

static int hang_up_while_spent(Line *line) {
    begin(line);
    far_sends(&line->pair, "x");
    wait_for(line);
    far_end_goes(line);
    return wait_for(line);
}

Test(triggering, differs_when_the_far_end_goes_meanwhile, .timeout = 60) {
    assert_row(hang_up_while_spent, (const int[]){1, 1, 0, 0},
               "The event has been, nobody asked again, the far end closed");
    assert_row_on(pair_open_tcp, hang_up_while_spent, (const int[]){1, 1, 0, 0},
                  "The event has been, nobody asked again, the far end closed");
}

static int hang_up_then_asked(Line *line) {
    hang_up_while_spent(line);
    again(line);
    return wait_for(line);
}

Test(triggering, differs_when_asked_after_a_hang_up, .timeout = 60) {
    assert_row(hang_up_then_asked, (const int[]){1, 0, 1, 1},
               "The far end closed, one more wait, then asked again");
    assert_row_on(pair_open_tcp, hang_up_then_asked, (const int[]){1, 0, 1, 1},
                  "The far end closed, one more wait, then asked again");
}

/* What armed for nothing means: for epoll, no signal; for us, removed. */
static int hang_up_without_interest(Line *line) {
    begin(line);
    if (line->way == IO_BLOCKER) {
        stop_asking(line->pair.near, READABLE);
    } else {
        struct epoll_event event = wish(line);
        event.events &= ~(uint32_t)EPOLLIN;
        epoll_ctl(line->epoll, EPOLL_CTL_MOD, line->pair.near, &event);
    }
    far_end_goes(line);
    int events = 0;
    for (int i = 0; i < 10; i++) {
        events += wait_for(line);
    }
    return events;
}

Test(triggering, reports_a_hang_up_to_an_empty_interest, .timeout = 60) {
    assert_row(hang_up_without_interest, (const int[]){10, 1, 1, 0},
               "Asked for nothing at all, the far end closed; ten waits");
}

Test(triggering, reports_no_half_close_to_an_empty_interest, .timeout = 60) {
    assert_row_on(pair_open_tcp, hang_up_without_interest,
                  (const int[]){0, 0, 0, 0},
                  "Asked for nothing at all, a TCP far end closed; ten waits");
}

static int short_read_before_the_end(Line *line) {
    char eight[8];
    begin(line);
    far_sends(&line->pair, "last");
    far_end_goes(line);
    wait_for(line);
    near_reads(&line->pair, eight, sizeof eight);
    again(line);
    return wait_for(line);
}

Test(triggering, differs_when_data_and_the_end_came_together, .timeout = 60) {
    assert_row(short_read_before_the_end, (const int[]){1, 0, 1, 1},
               "Four bytes and the end came, then a read with room for eight");
    assert_row_on(
        pair_open_tcp, short_read_before_the_end, (const int[]){1, 0, 1, 1},
        "Four bytes and the end came, then a read with room for eight");
}

/* So a short read is enough only for a reader that has remembered the end. */
Test(triggering, tells_of_the_end_with_the_data_or_never, .timeout = 60) {
    Line line = line_open(EDGE, pair_open_tcp());
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET};
    char eight[8];
    epoll_ctl(line.epoll, EPOLL_CTL_ADD, line.pair.near, &event);
    far_sends(&line.pair, "last");
    far_end_goes(&line);
    int first = epoll_wait(line.epoll, &event, 1, 0);
    uint32_t told = event.events;
    int read = near_reads(&line.pair, eight, sizeof eight);
    int second = epoll_wait(line.epoll, &event, 1, 0);
    line_close(&line);
    cr_assert(first == 1 && told == (EPOLLIN | EPOLLRDHUP) && read == 4 &&
                  second == 0,
              "One edge for data and end, and after a short read none: the "
              "text says so, but the events were %#x and then %d.",
              told, second);
}

/* --- What a hundred times "wait, read" costs ----------------------------- */

static int system_calls(void) {
    return script_epoll_wait.calls + script_epoll_ctl.calls + script_read.calls;
}

/* Edge-triggered, one may wait only when a read has said EAGAIN. */
static void read_what_is_there(Line *line) {
    char buffer[16];
    while (near_reads(&line->pair, buffer, sizeof buffer) > 0 &&
           line->way == EDGE) {
        /* until there is no more */
    }
}

static int hundred_messages(Line *line) {
    begin(line);
    int before = system_calls();
    for (int i = 0; i < 100; i++) {
        far_sends(&line->pair, "hello");
        if (wait_for(line) != 1) {
            return -1;
        }
        read_what_is_there(line);
        again(line);
    }
    return system_calls() - before;
}

Test(triggering, costs_so_many_system_calls, .timeout = 60) {
    assert_row(hundred_messages, (const int[]){200, 300, 300, 200},
               "System calls for a hundred messages, each waited for and read");
}

/* How many waits end at once because of data that nobody wants. */
static int wasted_waits(Line *line) {
    begin(line);
    far_sends(&line->pair, "x");
    wait_for(line);
    int before = script_epoll_ctl.calls;
    wait_for(line);
    wait_for(line);
    return script_epoll_ctl.calls - before;
}

Test(triggering, costs_one_call_when_the_reader_stays_away, .timeout = 60) {
    assert_row(wasted_waits, (const int[]){0, 0, 0, 1},
               "epoll_ctl calls after the only reader has lost interest");
}
