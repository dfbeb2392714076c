/*
 * The public calls of this chapter, each with its preconditions: what the
 * headers forbid is not done. What must hold afterwards is in world.c.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "clock.h"
#include "platform.h"
#include "random.h"
#include "refusals.h"
#include "world.h"

static Executor *executor;
static bool running, freeing, cancelling;
static unsigned cancels; /* calls of executor_cancel_all() */
static int dialed[100];  /* connections of others to our listeners */
static int dialed_count;
static Steps upcoming;       /* which an operation may take for later */
static Steps steps_at_sleep; /* what is done before the next sleep */
static bool lost_in_sleep;   /* the last waker, which the headers allow */

unsigned char pattern[PATTERN + 256];

/* --- Whom a step is about ------------------------------------------------- */

/* The first one from `a` on that fits. */
static Record *pick(unsigned a, bool (*fits)(const Record *record)) {
    for (int i = 0; i < record_count; i++) {
        Record *record = &records[(a + (unsigned)i) % (unsigned)record_count];
        if (fits(record)) {
            return record;
        }
    }
    return NULL;
}

/* It is in our hands, and no call of it is under way. */
static bool is_ours(const Record *record) {
    return record->owner == NULL && !record->spawned && !record->busy &&
           !record->lent && record->state != DROPPED;
}

static bool can_be_polled(const Record *record) {
    return is_ours(record) && record->state != READY &&
           record_may_be_polled(record);
}

static bool can_be_moved(const Record *record) {
    return is_ours(record) && record->state == MADE;
}

static bool is_our_join_handle(const Record *record) {
    return is_ours(record) && record->kind == JOIN;
}

static bool can_be_reached(const Record *record) {
    return record->state != DROPPED;
}

static Line *pick_line(unsigned a, bool (*fits)(const Line *line)) {
    for (unsigned i = 0; i < LINES; i++) {
        Line *line = &lines[(a + i) % LINES];
        if (fits(line)) {
            return line;
        }
    }
    return NULL;
}

static int number_of(const Line *line) {
    return (int)(line - lines);
}

static bool is_free(const Line *line) {
    return !line->open && line->borrowers == 0 && line->peer < 0;
}

static bool is_open(const Line *line) {
    return line->open;
}

static bool is_movable(const Line *line) {
    return line->open && line->borrowers == 0;
}

static bool can_be_read(const Line *line) {
    return line->socket != NULL &&
           (line->kind == PAIR || line->kind == PIPE_IN ||
            line->kind == STRANGER);
}

static bool can_be_written(const Line *line) {
    return line->socket != NULL &&
           (line->kind == PAIR || line->kind == PIPE_OUT ||
            line->kind == STRANGER);
}

static bool is_listener(const Line *line) {
    return line->socket != NULL && line->kind == LISTENER;
}

static bool is_open_listener(const Line *line) {
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

/* --- Executors ------------------------------------------------------------ */

static void must(bool holds, const char *sentence) {
    if (!holds) {
        fail("%s", sentence);
    }
}

static bool executor_new_(unsigned a, unsigned b) {
    (void)a, (void)b;
    if (local_executor() != NULL || running || freeing) {
        return false;
    }
    say("executor_new(&executor);");
    unsigned before = refused;
    int result = executor_new(&executor);
    must(result == 0 || refused != before, "executor_new() has failed.");
    epoch += result == 0;
    return true;
}

static bool executor_free_(unsigned a, unsigned b) {
    (void)a, (void)b;
    if (local_executor() == NULL || running || freeing || cancelling ||
        polls > 0) {
        return false;
    }
    say("executor_free(executor);");
    freeing = true;
    executor_free(executor);
    freeing = false;
    size_t with_waker;
    must(live_tasks(&with_waker) == 0,
         "executor_free() has left a task's future alive.");
    return true;
}

/* Why a run has ended, or would have slept for ever: rightly? */
static void check_end(int result, bool lost, unsigned refused_before) {
    switch (result) {
    case -EDEADLK:
        must(lost, "It says -EDEADLK, and a waker is left.");
        break;
    case ASLEEP:
        must(!lost || lost_in_sleep,
             "It sleeps for ever: no waker is left, so -EDEADLK is right.");
        break;
    case -ECANCELED:
        break;
    default:
        must(refused != refused_before, "It ends with an error, for which "
                                        "there is no cause.");
    }
}

static bool run(unsigned a, unsigned b) {
    (void)a, (void)b;
    if (local_executor() == NULL || running || freeing || depth > 0) {
        return false;
    }
    say("executor_run(executor);");
    unsigned before = refused;
    turns = 0;
    lost_in_sleep = others_are_busy();
    running = true;
    int result = executor_run(executor);
    running = false;
    size_t with_waker;
    size_t live = live_tasks(&with_waker);
    if (result == 0) {
        must(live == 0, "executor_run() returns 0, and a task is left.");
    } else {
        must(result != -ECANCELED, "executor_run() returns -ECANCELED.");
        check_end(result, with_waker == 0, before);
    }
    return true;
}

static bool block_on(unsigned a, unsigned b) {
    (void)b;
    Record *record = pick(a, can_be_polled);
    if (record == NULL || local_executor() == NULL || running || freeing ||
        depth > 0) {
        return false;
    }
    say("executor_block_on(executor, %s);", record_name(record));
    unsigned before = refused;
    unsigned cancels_before = cancels;
    turns = 0;
    lost_in_sleep = others_are_busy();
    running = record->lent = true;
    int result = executor_block_on(executor, &record->here->future);
    running = record->lent = false;
    if (result == 0) {
        must(record->state == READY,
             "executor_block_on() returns 0, and its future is pending.");
    } else {
        must(record->state != READY,
             "executor_block_on() returns an error, and its future is ready.");
        must(result != -ECANCELED || cancels != cancels_before,
             "executor_block_on() returns -ECANCELED, and nothing was "
             "cancelled.");
        check_end(result, !record_has_waker(record), before);
    }
    return true;
}

static bool cancel_all(unsigned a, unsigned b) {
    (void)a, (void)b;
    if (local_executor() == NULL || task_polls > 0) {
        return false;
    }
    say("executor_cancel_all(executor);");
    cancels += 1;
    bool before = cancelling;
    cancelling = true;
    executor_cancel_all(executor);
    cancelling = before;
    return true;
}

/* --- Sockets -------------------------------------------------------------- */

static void line_open(Line *line, LineKind kind, Socket socket) {
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

static bool pair(unsigned a, unsigned b) {
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

static bool make_pipe(unsigned a, unsigned b) {
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

static bool listen_(unsigned a, unsigned b) {
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
static socklen_t address_of(const Line *line, struct sockaddr_storage *out) {
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

static bool connect_now(unsigned a, unsigned b) {
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

static bool ask(unsigned a, unsigned b) {
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

static bool close_(unsigned a, unsigned b) {
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
static bool reopen(unsigned a, unsigned b) {
    return close_(a, b) && pair(b, b);
}

static bool move(unsigned a, unsigned b) {
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

static bool shutdown_(unsigned a, unsigned b) {
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

static bool peer_write(unsigned a, unsigned b) {
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

static bool peer_read(unsigned a, unsigned b) {
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

static bool peer_shutdown(unsigned a, unsigned b) {
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

static bool peer_close(unsigned a, unsigned b) {
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

static bool dial(unsigned a, unsigned b) {
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

/* --- Futures -------------------------------------------------------------- */

static bool read_(unsigned a, unsigned b) {
    Line *line = pick_line(a, can_be_read);
    if (line == NULL) {
        return false;
    }
    Record *record = record_new(READ, line);
    say("socket_read_init(%s, s%d, …, %u);", record_name(record),
        number_of(line), 1 + b % 16);
    socket_read_init(&record->here->as.read, line->socket, record->buffer,
                     1 + b % 16);
    return true;
}

static bool write_(unsigned a, unsigned b) {
    Line *line = pick_line(a, can_be_written);
    if (line == NULL) {
        return false;
    }
    Record *record = record_new(WRITE, line);
    size_t length = b < 100 ? b : line->kind == PIPE_OUT ? PATTERN : 12000;
    say("socket_write_init(%s, s%d, …, %zu);", record_name(record),
        number_of(line), length);
    socket_write_init(&record->here->as.write, line->socket, pattern + b,
                      length);
    return true;
}

static bool accept_(unsigned a, unsigned b) {
    (void)b;
    Line *line = pick_line(a, is_listener);
    if (line == NULL) {
        return false;
    }
    Record *record = record_new(ACCEPT, line);
    say("socket_accept_init(%s, s%d);", record_name(record), number_of(line));
    socket_accept_init(&record->here->as.accept, line->socket);
    return true;
}

static bool connect_(unsigned a, unsigned b) {
    Line *listener = b % 4 != 0 ? pick_line(a, is_open_listener) : NULL;
    struct sockaddr_storage address;
    socklen_t length = address_of(listener, &address);
    Record *record = record_new(CONNECT, listener);
    say("socket_connect_init(%s, %s);", record_name(record),
        listener != NULL ? "a listener" : "an address that refuses");
    socket_connect_init(&record->here->as.connect, (struct sockaddr *)&address,
                        length);
    if (listener != NULL) {
        listener->backlog += 1;
    }
    return true;
}

static bool timer(unsigned a, unsigned b) {
    (void)a;
    Record *record = record_new(TIMER, NULL);
    say("timer_future_init(%s, in %u ms);", record_name(record), b % 30);
    timer_future_init(&record->here->as.timer, now_ns + b % 30 * NS_PER_MS);
    return true;
}

static bool probe(unsigned a, unsigned b) {
    Record *record = record_new(PROBE, NULL);
    record->slot = (int)(a % SLOTS);
    record->rings = (int)(b % 3);
    say("%s is ready when w%d was woken %d times;", record_name(record),
        record->slot, record->rings);
    return true;
}

static bool is_no_select(const Record *record) {
    return can_be_moved(record) && record->kind != SELECT;
}

static bool select_(unsigned a, unsigned b) {
    Record *first = pick(a, is_no_select);
    Record *second = pick(b, is_no_select);
    if (first == NULL || first == second) {
        return false;
    }
    Record *record = record_new(SELECT, NULL);
    say("select_init(%s, %s, %s);", record_name(record), record_name(first),
        record_name(second));
    first->owner = second->owner = record;
    record->parts[0] = first;
    record->parts[1] = second;
    select_init(&record->here->as.select, &first->here->future,
                &second->here->future);
    return true;
}

static bool poll_(unsigned a, unsigned b) {
    Record *record = pick(a, can_be_polled);
    if (record == NULL) {
        return false;
    }
    say("future_poll(%s, waker %u);", record_name(record), b % 2);
    record_poll(record, (int)(b % 2));
    return true;
}

static bool drop(unsigned a, unsigned b) {
    (void)b;
    Record *record = pick(a, is_ours);
    if (record == NULL) {
        return false;
    }
    say("future_drop(%s);", record_name(record));
    record_drop(record);
    return true;
}

static bool take(unsigned a, unsigned b) {
    (void)b;
    Record *record = pick(a, is_ours);
    Line *line = pick_line(b, is_free);
    if (record == NULL || line == NULL || record->state != READY) {
        return false;
    }
    Watched *here = record->here;
    if (record->kind == JOIN) {
        here = (Watched *)join_handle_output(&here->as.join);
    }
    if (here == NULL || here->record->state != READY) {
        return false;
    }
    Kind kind = here->record->kind;
    Socket *slot = kind == ACCEPT    ? &here->as.accept.accepted
                   : kind == CONNECT ? &here->as.connect.connected
                                     : NULL;
    if (slot == NULL || slot->object < 0) {
        return false;
    }
    say("s%d = socket_take(of %s);", number_of(line), record_name(record));
    unsigned of = here->record->epoch;
    line_open(line, STRANGER, socket_take(slot));
    line->ended = true;
    line->epoch = kind == ACCEPT ? here->record->line->epoch : of;
    return true;
}

/* --- Tasks ---------------------------------------------------------------- */

static bool spawn(unsigned a, unsigned b) {
    Record *record = pick(a, can_be_moved);
    if (record == NULL || local_executor() == NULL ||
        !record_may_be_polled(record)) {
        return false;
    }
    Spawner spawner = executor_spawner(executor);
    JoinHandle handle;
    bool kept = b % 2 == 0;
    unsigned before = refused;
    Watched *here = record->here;
    record->spawned = true;
    int result = spawner_spawn(&spawner, &here->future, sizeof *here,
                               kept ? &handle : NULL);
    if (result != 0) {
        record->spawned = false;
        say("spawner_spawn(%s); // refused", record_name(record));
        must(refused != before, "spawner_spawn() has failed.");
        return true;
    }
    let_go(here);
    record->here = NULL;
    if (kept) {
        Record *join = record_new(JOIN, NULL);
        join->here->as.join = handle;
        join->task = record;
        say("spawner_spawn(%s, %s);", record_name(record), record_name(join));
    } else {
        say("spawner_spawn(%s, NULL);", record_name(record));
    }
    return true;
}

static bool cancel(unsigned a, unsigned b) {
    (void)b;
    Record *record = pick(a, is_our_join_handle);
    if (record == NULL || record->task->busy) {
        return false;
    }
    say("join_handle_cancel(%s);", record_name(record));
    bool was_live = record_is_live_task(record->task);
    join_handle_cancel(&record->here->as.join);
    must(!was_live || record->task->state == DROPPED,
         "join_handle_cancel() has not dropped the future.");
    return true;
}

/* --- Wakers that probes have left ----------------------------------------- */

static void use(Waker *waker, unsigned how) {
    if (how == 1) {
        waker_wake_by_ref(waker);
    }
    slot_forget(waker);
    if (how == 0) {
        waker_wake(waker);
    } else {
        waker_drop(waker);
    }
}

static const char *const ways[] = {"waker_wake", "waker_wake_by_ref",
                                   "waker_drop"};

static bool slot(unsigned a, unsigned b) {
    struct Slot *from = &slots[a % SLOTS];
    if (waker_is_empty(&from->waker)) {
        return false;
    }
    say("%s(&w%u);", ways[b % 3], a % SLOTS);
    Waker waker = slot_ring(from, b % 3 != 2);
    use(&waker, b % 3);
    return true;
}

typedef struct Errand {
    Waker waker;
    unsigned how;
} Errand;

static void *run_errand(void *argument) {
    Errand *errand = argument;
    use(&errand->waker, errand->how);
    return NULL;
}

/* On a thread of its own, which is waited for. */
static bool thread(unsigned a, unsigned b) {
    struct Slot *from = &slots[a % SLOTS];
    if (waker_is_empty(&from->waker) || from->record == NULL ||
        from->record->bell != NULL) {
        return false; /* a user's own may call what threads must not */
    }
    say("on another thread: %s(&w%u);", ways[b % 3], a % SLOTS);
    lost_in_sleep |= depth > 0 && b % 3 == 2;
    Errand errand = {slot_ring(from, b % 3 != 2), b % 3};
    pthread_t other;
    if (pthread_create(&other, NULL, run_errand, &errand) == 0) {
        pthread_join(other, NULL);
    } else {
        run_errand(&errand);
    }
    return true;
}

/* --- Threads that run freely ---------------------------------------------- */

/*
 * They take wakers while we let them, and use them while we go on. We hold the
 * lock of what is noted, they hold it while they take.
 */
static pthread_mutex_t noting = PTHREAD_MUTEX_INITIALIZER;
static atomic_int in_use;

static bool take_one(unsigned random, Errand *errand_out) {
    struct Slot *from = &slots[random % SLOTS];
    if (waker_is_empty(&from->waker) || from->record == NULL ||
        from->record->bell != NULL) {
        return false;
    }
    unsigned how = random / SLOTS % 8 == 0 ? 2 : random / SLOTS % 2;
    lost_in_sleep = true; /* it has the waker until after the sleep begins */
    *errand_out = (Errand){slot_ring(from, how != 2), how};
    atomic_fetch_add(&in_use, 1);
    return true;
}

static void *run_freely(void *argument) {
    unsigned random = (unsigned)(uintptr_t)argument;
    for (;;) {
        Errand errand;
        random = random * 1664525u + 1013904223u;
        pthread_mutex_lock(&noting);
        bool has_one = take_one(random >> 8, &errand);
        pthread_mutex_unlock(&noting);
        if (has_one) {
            run_errand(&errand);
            atomic_fetch_sub(&in_use, 1);
        }
        sched_yield();
    }
    return NULL;
}

/* In this process, once: they end with it. */
static void start_threads(void) {
    static int started;
    pthread_t other;
    for (; started < free_threads; started++) {
        must(pthread_create(&other, NULL, run_freely,
                            (void *)(uintptr_t)(started + 1)) == 0,
             "There is no thread.");
    }
}

void breathe(void) {
    if (free_threads > 0) {
        pthread_mutex_unlock(&noting);
        sched_yield();
        pthread_mutex_lock(&noting);
    }
}

bool others_are_busy(void) {
    return atomic_load(&in_use) > 0;
}

void await_others(void) {
    while (others_are_busy()) {
        sched_yield();
    }
}

/* --- What the headers forbid ---------------------------------------------- */

/* With assertions it ends the program; without them it is refused. */
#ifdef NDEBUG
static const bool can_be_misused = true;
#else
static const bool can_be_misused = false;
#endif

typedef struct Elsewhere {
    Record *record;
    int result;
} Elsewhere;

static void *run_elsewhere(void *argument) {
    Elsewhere *self = argument;
    self->result = executor_run(executor);
    return NULL;
}

static void *spawn_elsewhere(void *argument) {
    Elsewhere *self = argument;
    Spawner spawner = executor_spawner(executor);
    Watched *here = self->record->here;
    self->result = spawner_spawn(&spawner, &here->future, sizeof *here, NULL);
    return NULL;
}

/* What another thread is told. */
static int ask_elsewhere(void *(*what)(void *), Record *record) {
    Elsewhere self = {record, 0};
    pthread_t other;
    if (pthread_create(&other, NULL, what, &self) != 0) {
        return -EPERM;
    }
    pthread_join(other, NULL);
    return self.result;
}

static bool misuse(unsigned a, unsigned b) {
    Record *record = pick(a, can_be_moved);
    if (!can_be_misused || local_executor() == NULL) {
        return false;
    }
    Executor *second;
    int result = -EPERM;
    if (b % 4 == 0) {
        say("executor_run(executor); // %s",
            running ? "within a run" : "on another thread");
        result = running ? executor_run(executor)
                         : ask_elsewhere(run_elsewhere, NULL);
    } else if (b % 4 == 1 && record != NULL) {
        say("spawner_spawn(%s, NULL); // on another thread",
            record_name(record));
        result = ask_elsewhere(spawn_elsewhere, record);
    } else if (b % 4 == 2) {
        say("executor_new(&second);");
        result = executor_new(&second);
    } else if (running || cancelling) {
        say("executor_free(executor); // while it %s",
            running ? "runs" : "cancels");
        executor_free(executor);
    }
    must(result == -EPERM, "What the headers forbid was not refused.");
    must(local_executor() == executor, "This thread has lost its executor.");
    return true;
}

/* --- Circumstances -------------------------------------------------------- */

static bool time_(unsigned a, unsigned b) {
    (void)a;
    if (depth > 0) {
        return false;
    }
    say("%u ms pass;", b % 20);
    now_ns += b % 20 * NS_PER_MS;
    return true;
}

static bool refuse_(unsigned a, unsigned b) {
    Call call = a % CALLS;
    say("the call number %u of %s from here on fails;", 1 + b % 3,
        call_name(call));
    refuse(call, 1 + (int)(b % 3));
    return true;
}

/* Takes some of the steps that come next. */
static Steps take_upcoming(size_t most) {
    Steps taken = upcoming;
    taken.count = taken.count < most ? taken.count : most;
    upcoming.first += taken.count;
    upcoming.count -= taken.count;
    return taken;
}

/* The next steps are performed when their moment has come. */
static bool when(unsigned a, unsigned b) {
    Record *record = pick(a, can_be_reached);
    if (record == NULL || depth > 0) {
        return false;
    }
    record->then[b % 5] = take_upcoming(1 + b / 5 % 3);
    return true;
}

static void do_at_sleep(void) {
    depth += 1;
    say("the executor goes to sleep:");
    perform_steps(steps_at_sleep);
    depth -= 1;
}

static bool is_done_by_others(const Step *step);

static bool at_sleep(unsigned a, unsigned b) {
    (void)a, (void)b;
    if (upcoming.count == 0 || depth > 0 ||
        !is_done_by_others(upcoming.first)) {
        return false;
    }
    steps_at_sleep = take_upcoming(1);
    before_sleep = do_at_sleep;
    return true;
}

/* --- All of them ---------------------------------------------------------- */

static const Operation operations[] = {
    {2, executor_new_}, {1, executor_free_}, {8, run},
    {6, block_on},      {1, cancel_all},     {6, pair},
    {2, make_pipe},     {3, listen_},        {2, connect_now},
    {3, ask},           {4, close_},         {4, reopen},
    {2, move},          {1, shutdown_},      {8, peer_write},
    {4, peer_read},     {1, peer_shutdown},  {2, peer_close},
    {4, dial},          {9, read_},          {6, write_},
    {6, accept_},       {4, connect_},       {5, timer},
    {6, probe},         {4, select_},        {18, poll_},
    {8, drop},          {3, take},           {14, spawn},
    {3, cancel},        {6, slot},           {8, thread},
    {3, time_},         {4, refuse_},        {20, when},
    {3, at_sleep},      {3, misuse},
};

static bool is_done_by_others(const Step *step) {
    bool (*what)(unsigned, unsigned) = operations[step->operation].perform;
    return what == peer_write || what == peer_read || what == peer_close ||
           what == dial || what == thread;
}

static void perform_step(const Step *step) {
    if (operations[step->operation].perform(step->a, step->b)) {
        count_call();
    }
}

void perform_steps(Steps steps) {
    for (size_t i = 0; i < steps.count; i++) {
        perform_step(&steps.first[i]);
    }
}

/* No event has said that there is something to read where nothing was sent. */
static void check_signals(void) {
    for (int i = 0; i < LINES; i++) {
        const Line *line = &lines[i];
        if (line->open && (line->kind == PAIR || line->kind == PIPE_IN) &&
            line->sent == 0 && !line->ended) {
            must(!socket_has_data_to_read(line->socket),
                 "A socket has the event of another one.");
        }
    }
}

static void check_all(void) {
    check_told();
    check_signals();
    size_t with_waker;
    must(local_executor() == NULL ||
             executor_pending_tasks(executor) == live_tasks(&with_waker),
         "executor_pending_tasks() says another number.");
}

/* --- The end -------------------------------------------------------------- */

/* Keeps the executor turning, a few times. */
typedef struct Turns {
    Future future;
    int left;
} Turns;

static Poll turns_poll(Future *future, Context *context) {
    Turns *self = (Turns *)future;
    self->left -= 1;
    waker_wake_by_ref(context->waker);
    return self->left > 0 ? POLL_PENDING : POLL_READY;
}

static void turns_drop(Future *future) {
    (void)future;
}

static void settle(void) {
    static const FutureVtable vtable = {turns_poll, turns_drop};
    Turns some = {{&vtable}, 8};
    refuse_nothing();
    turns = 0;
    running = true;
    unsigned before = cancels + refused;
    if (local_executor() != NULL &&
        executor_block_on(executor, &some.future) != 0) {
        must(cancels + refused != before, "The last turns have failed.");
    }
    running = false;
    check_all();
}

static void drop_all(void) {
    for (int i = 0; i < record_count; i++) {
        if (is_ours(&records[i])) {
            record_drop(&records[i]);
        }
    }
}

static void close_all(void) {
    for (int i = 0; i < LINES; i++) {
        Line *line = &lines[i];
        if (line->open) {
            close_((unsigned)i, 0);
        }
        if (line->peer >= 0) {
            peer_close((unsigned)i, 0);
        }
    }
    while (dialed_count > 0) {
        close(dialed[--dialed_count]);
    }
}

/* What is dropped first, and what the executor outlives, the seed decides. */
static void end(unsigned order) {
    settle();
    if (order % 2 == 0) {
        executor_free_(0, 0);
    }
    for (unsigned i = 0; i < SLOTS; i++) {
        slot(i, order / 2);
    }
    if (order % 4 < 2) {
        close_all();
    }
    say("all that is left is dropped;");
    do {
        drop_all();
        close_all();
        executor_free_(0, 0);
        for (unsigned i = 0; i < SLOTS; i++) {
            slot(i, 2); /* which may make new ones */
        }
    } while (pick(0, is_ours) != NULL || local_executor() != NULL);
    close_all();
}

static int open_descriptors(void) {
    int count = 0;
    for (int object = 0; object < 200; object++) {
        count += fcntl(object, F_GETFD) >= 0;
    }
    return count;
}

static void begin(void) {
    struct sockaddr_storage address;
    address_of(NULL, &address); /* it has a descriptor of its own */
    signal(SIGPIPE, SIG_IGN);
    record_count = 0;
    depth = polls = task_polls = 0;
    moments = cancels = 0;
    before_sleep = NULL;
    now_ns = NS_PER_S;
    blocks = 0;
    for (int i = 0; i < LINES; i++) {
        let_go(lines[i].socket);
        lines[i] = (Line){.peer = -1};
    }
    for (int i = 0; i < PATTERN + 256; i++) {
        pattern[i] = (unsigned char)(i * i / 3 + i);
    }
    refuse_nothing();
}

static void perform(const Step *steps, size_t count) {
    start_threads();
    pthread_mutex_lock(&noting);
    begin();
    int descriptors = open_descriptors();
    executor_new_(0, 0);
    upcoming = (Steps){steps, count};
    while (upcoming.count > 0) {
        perform_steps(take_upcoming(1));
        breathe();
        check_all();
    }
    end(count > 0 ? steps[0].b : 0);
    await_others();
    check_nothing_left();
    must(blocks == 0, "Memory is left.");
    must(open_descriptors() == descriptors, "A descriptor is left.");
    pthread_mutex_unlock(&noting);
}

const Scenario scenario = {operations, sizeof operations / sizeof *operations,
                           perform};
