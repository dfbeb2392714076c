/*
 * Sockets, and what others do at their other ends.
 */
#include <errno.h>
#include <string.h>
#include <sys/un.h>

#include "operations.h"
#include "platform.h"
#include "refusals.h"

static int dialed[100]; /* connections of others to our listeners */
static int dialed_count;

/* --- Whom a step is about ------------------------------------------------- */

Line *pick_line(unsigned a, bool (*fits)(const Line *line)) {
    for (unsigned i = 0; i < LINES; i++) {
        Line *line = &lines[(a + i) % LINES];
        if (fits(line)) {
            return line;
        }
    }
    return NULL;
}

int number_of(const Line *line) {
    return (int)(line - lines);
}

bool is_free(const Line *line) {
    return !line->open && line->borrowers == 0 && line->peer < 0;
}

static bool is_open(const Line *line) {
    return line->open;
}

static bool is_movable(const Line *line) {
    return line->open && line->borrowers == 0;
}

bool can_be_read(const Line *line) {
    return line->socket != NULL &&
           (line->kind == PAIR || line->kind == PIPE_IN ||
            line->kind == STRANGER);
}

bool can_be_written(const Line *line) {
    return line->socket != NULL &&
           (line->kind == PAIR || line->kind == PIPE_OUT ||
            line->kind == STRANGER);
}

bool is_listener(const Line *line) {
    return line->socket != NULL && line->kind == LISTENER;
}

bool is_open_listener(const Line *line) {
    return line->open && line->kind == LISTENER;
}

static bool is_connecting(const Line *line) {
    return line->open && line->connecting;
}

static bool peer_reads(const Line *line) {
    return line->peer >= 0 && line->kind != PIPE_IN;
}

static bool peer_writes(const Line *line) {
    return line->peer >= 0 && !line->ended && line->kind != PIPE_OUT;
}

static bool has_peer(const Line *line) {
    return line->peer >= 0;
}

static bool is_open_pair(const Line *line) {
    return line->open && line->kind == PAIR;
}

/* --- Our ends ------------------------------------------------------------- */

void line_open(Line *line, LineKind kind, Socket socket) {
    let_go(line->socket);
    *line = (Line){.kind = kind, .open = true, .epoch = epoch, .peer = -1};
    line->socket = keep(sizeof socket);
    *line->socket = socket;
}

/* A pair over TCP can be reset, one in memory cannot. */
static bool connect_pair(bool tcp, int ends_out[2]) {
    if (!tcp) {
        return socketpair(AF_UNIX, SOCK_STREAM, 0, ends_out) == 0;
    }
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct sockaddr *any = (struct sockaddr *)&address;
    socklen_t length = sizeof address;
    int listener = own_socket(AF_INET);
    bind(listener, any, length);
    listen(listener, 1);
    getsockname(listener, any, &length);
    ends_out[1] = own_socket(AF_INET);
    own_connect(ends_out[1], any, length);
    struct pollfd question = {.fd = listener, .events = POLLIN};
    while (ask_poll(&question, 1) == 0) {
        /* it is under way, within this machine */
    }
    ends_out[0] = own_accept(listener);
    close(listener);
    return ends_out[0] >= 0;
}

static bool adopt_ends(Line *line, LineKind kind, const int ends[2]) {
    Socket socket;
    unsigned before = refused;
    int result = socket_init(&socket, ends[0]);
    if (result != 0) {
        must(refused != before, "socket_init() has failed.");
        close(ends[0]);
        close(ends[1]);
        return true;
    }
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    line_open(line, kind, socket);
    line->peer = ends[1];
    return true;
}

bool try_pair(unsigned a, unsigned b) {
    Line *line = pick_line(a, is_free);
    bool tcp = b % 4 == 0;
    int ends[2];
    if (line == NULL || local_executor() == NULL || !connect_pair(tcp, ends)) {
        return false;
    }
    say("socket_init(s%d, one end of a pair%s);", number_of(line),
        tcp ? " over TCP" : "");
    int small = 4096;
    setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    setsockopt(ends[1], SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    return adopt_ends(line, PAIR, ends);
}

bool try_make_pipe(unsigned a, unsigned b) {
    Line *line = pick_line(a, is_free);
    int ends[2];
    if (line == NULL || local_executor() == NULL || pipe(ends) != 0) {
        return false;
    }
    bool in = b % 2 == 0;
    say("socket_init(s%d, the end of a pipe that is %s);", number_of(line),
        in ? "read" : "written");
    return adopt_ends(line, in ? PIPE_IN : PIPE_OUT,
                      in ? ends : (int[2]){ends[1], ends[0]});
}

bool try_listen(unsigned a, unsigned b) {
    Line *line = pick_line(a, is_free);
    if (line == NULL || local_executor() == NULL) {
        return false;
    }
    bool tcp = b % 4 == 0;
    struct sockaddr_in in = {.sin_family = AF_INET};
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct sockaddr_un un = {.sun_family = AF_UNIX}; /* any free name */
    Socket socket;
    unsigned before = refused;
    int result = tcp ? socket_listen(&socket, (struct sockaddr *)&in, sizeof in)
                     : socket_listen(&socket, (struct sockaddr *)&un,
                                     sizeof un.sun_family);
    say("socket_listen(s%d, %s);", number_of(line), tcp ? "TCP" : "Unix");
    must(result == 0 || refused != before, "socket_listen() has failed.");
    if (result == 0) {
        line_open(line, LISTENER, socket);
    }
    return true;
}

/* Where a listener listens; with `NULL`, a number that is refused. */
socklen_t address_of(const Line *line, struct sockaddr_storage *out) {
    static int refuser = -1;
    socklen_t length = sizeof *out;
    if (refuser < 0) {
        struct sockaddr_in in = {.sin_family = AF_INET};
        in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        refuser = own_socket(AF_INET);
        bind(refuser, (struct sockaddr *)&in, sizeof in);
    }
    getsockname(line != NULL ? line->socket->object : refuser,
                (struct sockaddr *)out, &length);
    return length;
}

bool try_connect_now(unsigned a, unsigned b) {
    Line *line = pick_line(a, is_free);
    Line *listener = b % 2 == 0 ? pick_line(b / 2, is_open_listener) : NULL;
    if (line == NULL || local_executor() == NULL) {
        return false;
    }
    struct sockaddr_storage address;
    socklen_t length = address_of(listener, &address);
    say("socket_connect(s%d, %s);", number_of(line),
        listener != NULL ? "a listener" : "an address that refuses");
    Socket socket;
    unsigned before = refused;
    int result = socket_connect(&socket, (struct sockaddr *)&address, length);
    must(result == 0 || refused != before ||
             (result == -ECONNREFUSED && listener == NULL),
         "socket_connect() has failed.");
    if (result == 0) {
        line_open(line, STRANGER, socket);
        line->connecting = line->ended = true;
        line->answer = -EAGAIN;
    }
    if (listener != NULL) {
        listener->backlog += 1;
    }
    return true;
}

bool try_ask(unsigned a, unsigned b) {
    (void)b;
    Line *line = pick_line(a, is_connecting);
    if (line == NULL) {
        return false;
    }
    struct pollfd question = {line->socket->object, POLLOUT, 0};
    bool decided = ask_poll(&question, 1) == 1;
    unsigned before = refused;
    int answer = socket_connect_result(line->socket);
    say("socket_connect_result(s%d); // %s", number_of(line),
        error_name(answer));
    must(answer != -EAGAIN || !decided || refused != before,
         "socket_connect_result() says -EAGAIN, and it is decided.");
    must(line->answer == -EAGAIN || answer == line->answer,
         "socket_connect_result() has changed its answer.");
    line->answer = answer;
    return true;
}

bool try_close(unsigned a, unsigned b) {
    (void)b;
    Line *line = pick_line(a, is_open);
    if (line == NULL) {
        return false;
    }
    say("socket_close(s%d);", number_of(line));
    line->open = false;
    socket_close(line->socket);
    return true;
}

/* The number comes back at once, for another socket. */
bool try_reopen(unsigned a, unsigned b) {
    return try_close(a, b) && try_pair(b, b);
}

bool try_move(unsigned a, unsigned b) {
    (void)b;
    Line *line = pick_line(a, is_movable);
    if (line == NULL) {
        return false;
    }
    say("s%d is moved;", number_of(line));
    Socket *moved = keep(sizeof *moved);
    *moved = *line->socket;
    let_go(line->socket);
    line->socket = moved;
    return true;
}

bool try_shutdown(unsigned a, unsigned b) {
    (void)b;
    Line *line = pick_line(a, is_open_pair);
    if (line == NULL) {
        return false;
    }
    say("socket_shutdown_write(s%d);", number_of(line));
    line->shut = true;
    socket_shutdown_write(line->socket);
    return true;
}

/* --- The other ends ------------------------------------------------------- */

bool try_peer_write(unsigned a, unsigned b) {
    Line *line = pick_line(a, peer_writes);
    if (line == NULL) {
        return false;
    }
    unsigned char bytes[256];
    size_t length = 1 + b % 40;
    for (uint32_t i = 0; i < length; i++) {
        bytes[i] = pattern[((line->sent + i) * 7 + (uint32_t)number_of(line)) %
                           PATTERN];
    }
    say("s%d's other end writes %zu bytes;", number_of(line), length);
    ssize_t written = write(line->peer, bytes, length);
    line->sent += written > 0 ? (uint32_t)written : 0;
    return true;
}

bool try_peer_read(unsigned a, unsigned b) {
    Line *line = pick_line(a, peer_reads);
    unsigned char bytes[16384];
    if (line == NULL) {
        return false;
    }
    note_written(line);
    ssize_t length = read(line->peer, bytes, b % 3 == 0 ? 100 : sizeof bytes);
    say("s%d's other end reads;", number_of(line));
    for (ssize_t i = 0; i < length; i++) {
        must(line->taken < line->put &&
                 rings[number_of(line)][line->taken % RING] == bytes[i],
             "A byte is wrong or out of order.");
        line->taken += 1;
    }
    return true;
}

bool try_peer_shutdown(unsigned a, unsigned b) {
    (void)b;
    Line *line = pick_line(a, peer_writes);
    if (line == NULL || line->kind != PAIR) {
        return false;
    }
    say("s%d's other end says that it writes no more;", number_of(line));
    line->ended = true;
    shutdown(line->peer, SHUT_WR);
    return true;
}

bool try_peer_close(unsigned a, unsigned b) {
    Line *line = pick_line(a, has_peer);
    if (line == NULL) {
        return false;
    }
    bool reset = b % 2 == 0;
    say("s%d's other end %s;", number_of(line),
        reset ? "is reset, if it can be" : "is closed");
    struct linger linger = {.l_onoff = reset};
    setsockopt(line->peer, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    close(line->peer);
    line->peer = -1;
    line->ended = true;
    return true;
}

bool try_dial(unsigned a, unsigned b) {
    (void)b;
    Line *line = pick_line(a, is_open_listener);
    if (line == NULL) {
        return false;
    }
    struct sockaddr_storage address;
    socklen_t length = address_of(line, &address);
    int object = own_socket(address.ss_family);
    say("a stranger connects to s%d;", number_of(line));
    own_connect(object, (struct sockaddr *)&address, length);
    dialed[dialed_count++] = object;
    line->backlog += 1;
    return true;
}

void close_all(void) {
    for (int i = 0; i < LINES; i++) {
        Line *line = &lines[i];
        if (line->open) {
            try_close((unsigned)i, 0);
        }
        if (line->peer >= 0) {
            try_peer_close((unsigned)i, 0);
        }
    }
    while (dialed_count > 0) {
        close(dialed[--dialed_count]);
    }
}
