/*
 * The operations, how often each is dealt, and how a sequence of them begins and
 * ends. What must hold after each of them is in world.c.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "clock.h"
#include "operations.h"
#include "platform.h"
#include "refusals.h"

static Steps upcoming;       /* which an operation may take for later */
static Steps steps_at_sleep; /* what is done before the next sleep */

/* --- Circumstances -------------------------------------------------------- */

static bool try_time(unsigned a, unsigned b) {
    (void)a;
    if (depth > 0) {
        return false;
    }
    say("%u ms pass;", b % 20);
    now_ns += b % 20 * NS_PER_MS;
    return true;
}

static bool try_refuse(unsigned a, unsigned b) {
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
static bool try_when(unsigned a, unsigned b) {
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

static bool try_at_sleep(unsigned a, unsigned b) {
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
    {2, try_executor_new}, {1, try_executor_free}, {8, try_run},
    {6, try_block_on},     {1, try_cancel_all},    {6, try_pair},
    {2, try_make_pipe},    {3, try_listen},        {2, try_connect_now},
    {3, try_ask},          {4, try_close},         {4, try_reopen},
    {2, try_move},         {1, try_shutdown},      {8, try_peer_write},
    {4, try_peer_read},    {1, try_peer_shutdown}, {2, try_peer_close},
    {4, try_dial},         {9, try_read},          {6, try_write},
    {6, try_accept},       {4, try_connect},       {5, try_timer},
    {6, try_probe},        {4, try_select},        {18, try_poll},
    {8, try_drop},         {3, try_take},          {14, try_spawn},
    {3, try_cancel},       {6, try_slot},          {8, try_thread},
    {3, try_time},         {4, try_refuse},        {20, try_when},
    {3, try_at_sleep},     {3, try_misuse},
};

static bool is_done_by_others(const Step *step) {
    Perform *what = operations[step->operation].perform;
    return what == try_peer_write || what == try_peer_read ||
           what == try_peer_close || what == try_dial || what == try_thread;
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

/* What is dropped first, and what the executor outlives, the seed decides. */
static void end(unsigned order) {
    settle();
    if (order % 2 == 0) {
        try_executor_free(0, 0);
    }
    for (unsigned i = 0; i < SLOTS; i++) {
        try_slot(i, order / 2);
    }
    if (order % 4 < 2) {
        close_all();
    }
    say("all that is left is dropped;");
    do {
        drop_all();
        close_all();
        try_executor_free(0, 0);
        for (unsigned i = 0; i < SLOTS; i++) {
            try_slot(i, 2); /* which may make new ones */
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
    try_executor_new(0, 0);
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
