/*
 * Two futures over three sockets, and you are the network.
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
#include "join.h"
#include "socket.h"
#include "socket_read.h"

enum { SOCKETS = 3, LINE = 128 };

static Socket sockets[SOCKETS];

/* What a wake-up can leave behind when it is a bare function: one bit. */
//! [wake]
static bool woken;

static void wake(void) {
    woken = true;
}
//! [wake]

/* A future at the top: only main() polls it. */
typedef struct Top {
    const char *name;
    SimpleFuture *future;
    bool ready;
    bool has_news; /* whether one of its sockets got something since */
} Top;

static int polls;
static int spurious_polls;

static void poll_top(Top *top) {
    if (top->ready) {
        return;
    }
    top->ready = simple_future_poll(top->future, wake) == POLL_READY;
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
    printf("  The network is gone and wake() was not called: a future waits "
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

int main(void) {
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
        if (woken) {
            woken = false;
            printf("  wake() was called. For which future? "
                   "It cannot say: poll both.\n");
            poll_top(&tops[0]);
            poll_top(&tops[1]);
        } else if (number == 0) {
            give_up();
        }
    }
    //! [loop]
    print_outputs(&name, &question, &left, &right);
    return 0;
}
