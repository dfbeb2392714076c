/*
 * Two futures over three sockets, and you are the network. Then a read that
 * gives up after a time.
 *
 * Type a socket's number and some text, and it arrives on that socket. The
 * end of the input (Ctrl-D) is the network hanging up.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "and_then.h"
#include "block_on.h"
#include "clock.h"
#include "join.h"
#include "select.h"
#include "socket.h"
#include "socket_read.h"
#include "timer_future.h"

enum { SOCKETS = 3, LINE = 128 };

static Socket sockets[SOCKETS];

/* A future at the top: only main() polls it. */
typedef struct Top {
    const char *name;
    Future *future;
    bool ready;
    bool has_news; /* whether one of its sockets got something since */
    bool woken;
    int wakers; /* clones that have not been given back */
} Top;

//! [wake]
/* The data of a waker is the Top that it wakes: it lives as long as main(). */
static void *top_clone(void *data) {
    Top *top = data;
    top->wakers += 1;
    return top;
}

static void top_wake_by_ref(void *data) {
    Top *top = data;
    top->woken = true;
    printf("  wake: %s\n", top->name);
}

static void top_drop(void *data) {
    Top *top = data;
    top->wakers -= 1;
}

static void top_wake(void *data) {
    top_wake_by_ref(data);
    top_drop(data);
}

static const WakerVtable top_vtable = {
    .clone = top_clone,
    .wake = top_wake,
    .wake_by_ref = top_wake_by_ref,
    .drop = top_drop,
};
//! [wake]

static int polls;
static int spurious_polls;

static void poll_top(Top *top) {
    Waker waker = {top, &top_vtable}; /* lent, not owned: nothing to drop */
    Context context = {&waker};
    top->woken = false;
    top->ready = future_poll(top->future, &context) == POLL_READY;
    polls += 1;
    spurious_polls += !top->has_news;
    printf("poll %s: %s%s\n", top->name, top->ready ? "ready" : "pending",
           top->has_news ? "" : ", spurious");
    top->has_news = false;
}

/* Reads one line of the reader's. Returns false at the end of the input. */
static bool ask(char line[LINE]) {
    printf("network> ");
    fflush(stdout);
    bool more = fgets(line, LINE, stdin) != NULL;
    if (!more) {
        printf("(hangs up)\n");
    } else if (!isatty(STDIN_FILENO)) {
        printf("%s", line);
    }
    return more;
}

static void deliver(int number, const char *text) {
    size_t length = strlen(text);
    size_t lost = length - socket_deliver(&sockets[number - 1], text, length);
    if (lost > 0) {
        printf("  Socket %d is full: no future reads it, %zu bytes are lost.\n",
               number, lost);
    }
}

/* Lets the network act once. Returns the number of the socket, 0 for all. */
static int play(void) {
    char line[LINE];
    char text[LINE] = "";
    int number = 0;
    while (ask(line)) {
        if (sscanf(line, "%d %127[^\n]", &number, text) == 2 && number >= 1 &&
            number <= SOCKETS) {
            deliver(number, text);
            return number;
        }
        printf("  Not understood: type 1, 2 or 3, a space and some text.\n");
    }
    for (int i = 0; i < SOCKETS; i++) {
        socket_hang_up(&sockets[i]);
    }
    return 0;
}

/* Never with the code as it stands; "Break it" in the README gets here. */
static void give_up(void) {
    printf("  The network is gone and no waker was called: a future waits "
           "for ever.\n");
    exit(1);
}

static void print_output(const char *what, const SocketRead *read) {
    printf("  %s: \"%.*s\"\n", what, (int)read->length,
           (const char *)read->buffer);
}

static void introduce(void) {
    printf("Two futures, three sockets, and you are the network.\n"
           "  A reads socket 1, and then socket 1 again  (AndThen)\n"
           "  B reads socket 2 and socket 3              (Join)\n"
           "Type a socket's number and some text; Ctrl-D hangs up.\n\n");
}

static void print_outputs(const SocketRead *name, const SocketRead *question,
                          const SocketRead *left, const SocketRead *right) {
    printf("\nA is ready:\n");
    print_output("first on socket 1", name);
    print_output("then on socket 1", question);
    printf("B is ready:\n");
    print_output("socket 2", left);
    print_output("socket 3", right);
    printf("%d polls, %d of them spurious.\n", polls, spurious_polls);
}

static void run_network(void) {
    char buffers[4][LINE];
    SocketRead name, question, left, right;
    for (int i = 0; i < SOCKETS; i++) {
        socket_init(&sockets[i]);
    }
    //! [compose]
    socket_read_init(&name, &sockets[0], buffers[0], LINE);
    socket_read_init(&question, &sockets[0], buffers[1], LINE);
    AndThen a;
    and_then_init(&a, &name.future, &question.future);

    socket_read_init(&left, &sockets[1], buffers[2], LINE);
    socket_read_init(&right, &sockets[2], buffers[3], LINE);
    Join b;
    join_init(&b, &left.future, &right.future);
    //! [compose]

    introduce();
    //! [loop]
    Top tops[] = {{.name = "A", .future = &a.future, .has_news = true},
                  {.name = "B", .future = &b.future, .has_news = true}};
    poll_top(&tops[0]);
    poll_top(&tops[1]);
    while (!tops[0].ready || !tops[1].ready) {
        int number = play();
        tops[0].has_news = number <= 1;
        tops[1].has_news = number != 1;
        if (number == 0 && !tops[0].woken && !tops[1].woken) {
            give_up();
        }
        for (int i = 0; i < 2; i++) {
            if (tops[i].woken) {
                poll_top(&tops[i]);
            }
        }
    }
    //! [loop]
    print_outputs(&name, &question, &left, &right);
    future_drop(&a.future);
    future_drop(&b.future);
    printf("Wakers not given back: %d of A, %d of B.\n", tops[0].wakers,
           tops[1].wakers);
    for (int i = 0; i < SOCKETS; i++) {
        socket_deinit(&sockets[i]);
    }
}

static int run_time_out(void) {
    char buffer[LINE];
    uint64_t start_ns = clock_now_ns();
    printf("\nA read of a silent socket, for 20 ms (Select), under "
           "block_on().\n");
    Socket silent;
    socket_init(&silent);
    //! [time_out]
    SocketRead read;
    TimerFuture timer;
    socket_read_init(&read, &silent, buffer, sizeof buffer);
    timer_future_init(&timer, start_ns + 20 * NS_PER_MS);
    Select either;
    select_init(&either, &read.future, &timer.future);
    int result = block_on(&either.future);
    //! [time_out]
    int failed = result != 0 ? result : timer.result;
    if (failed != 0) {
        fprintf(stderr,
                "There is no thread or no lock for it: %s. Close some programs "
                "and try again.\n",
                strerror(-failed));
        return 1;
    }
    printf("The %s won after %d ms; this thread slept meanwhile.\n"
           "Left waiting on the socket: %s.\n",
           either.winner == &timer.future ? "timer" : "read",
           (int)((clock_now_ns() - start_ns) / NS_PER_MS),
           waiter_list_is_empty(&silent.readers) ? "nothing" : "the read");
    future_drop(&either.future);
    socket_deinit(&silent);
    return 0;
}

int main(void) {
    run_network();
    return run_time_out();
}
