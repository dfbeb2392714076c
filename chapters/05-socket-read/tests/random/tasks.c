/*
 * Executors, futures and tasks: the public calls, each with its preconditions.
 */
#include <errno.h>
#include <pthread.h>

#include "clock.h"
#include "operations.h"
#include "refusals.h"

Executor *executor;
bool running, freeing, cancelling;
unsigned cancels;
bool lost_in_sleep;
unsigned char pattern[PATTERN + 256];

/* --- Whom a step is about ------------------------------------------------- */

/* The first one from `a` on that fits. */
Record *pick(unsigned a, bool (*fits)(const Record *record)) {
    for (int i = 0; i < record_count; i++) {
        Record *record = &records[(a + (unsigned)i) % (unsigned)record_count];
        if (fits(record)) {
            return record;
        }
    }
    return NULL;
}

/* It is in our hands, and no call of it is under way. */
bool is_ours(const Record *record) {
    return record->owner == NULL && !record->spawned && !record->busy &&
           !record->lent && record->state != DROPPED;
}

static bool can_be_polled(const Record *record) {
    return is_ours(record) && record->state != READY &&
           record_may_be_polled(record);
}

bool can_be_moved(const Record *record) {
    return is_ours(record) && record->state == MADE;
}

static bool is_our_join_handle(const Record *record) {
    return is_ours(record) && record->kind == JOIN;
}

bool can_be_reached(const Record *record) {
    return record->state != DROPPED;
}

/* --- Executors ------------------------------------------------------------ */

bool try_executor_new(unsigned a, unsigned b) {
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

bool try_executor_free(unsigned a, unsigned b) {
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

bool try_run(unsigned a, unsigned b) {
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

bool try_block_on(unsigned a, unsigned b) {
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

bool try_cancel_all(unsigned a, unsigned b) {
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

/* --- Futures -------------------------------------------------------------- */

bool try_read(unsigned a, unsigned b) {
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

bool try_write(unsigned a, unsigned b) {
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

bool try_accept(unsigned a, unsigned b) {
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

bool try_connect(unsigned a, unsigned b) {
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

bool try_timer(unsigned a, unsigned b) {
    (void)a;
    Record *record = record_new(TIMER, NULL);
    say("timer_future_init(%s, in %u ms);", record_name(record), b % 30);
    timer_future_init(&record->here->as.timer, now_ns + b % 30 * NS_PER_MS);
    return true;
}

bool try_probe(unsigned a, unsigned b) {
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

bool try_select(unsigned a, unsigned b) {
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

bool try_poll(unsigned a, unsigned b) {
    Record *record = pick(a, can_be_polled);
    if (record == NULL) {
        return false;
    }
    say("future_poll(%s, waker %u);", record_name(record), b % 2);
    record_poll(record, (int)(b % 2));
    return true;
}

bool try_drop(unsigned a, unsigned b) {
    (void)b;
    Record *record = pick(a, is_ours);
    if (record == NULL) {
        return false;
    }
    say("future_drop(%s);", record_name(record));
    record_drop(record);
    return true;
}

bool try_take(unsigned a, unsigned b) {
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

bool try_spawn(unsigned a, unsigned b) {
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

bool try_cancel(unsigned a, unsigned b) {
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

bool try_misuse(unsigned a, unsigned b) {
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
