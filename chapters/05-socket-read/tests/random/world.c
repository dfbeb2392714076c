#include "world.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "refusals.h"

Line lines[LINES];
Record records[RECORDS];
int record_count;
struct Slot slots[SLOTS];
unsigned epoch;
int task_polls, polls;
unsigned moments;
unsigned char rings[LINES][RING];

/* --- Names ---------------------------------------------------------------- */

int record_index(const Record *record) {
    return (int)(record - records);
}

const char *record_name(const Record *record) {
    static const char *const kinds[] = {"read",  "write", "accept", "connect",
                                        "timer", "join",  "select", "probe"};
    static char names[4][24];
    static unsigned turn;
    char *name = names[turn++ % 4];
    snprintf(name, sizeof names[0], "%s%d", kinds[record->kind],
             record_index(record));
    return name;
}

bool line_is_orphan(const Line *line) {
    return local_executor() == NULL || line->epoch != epoch;
}

static bool is_orphan(const Record *record) {
    return local_executor() == NULL || record->epoch != epoch;
}

/* A task has completed when its future was ready or is gone. */
static bool is_finished(const Record *task) {
    return task->ending || (task->state == READY && !task->busy);
}

/* --- Moments -------------------------------------------------------------- */

void reach(Record *record, Moment moment) {
    static const char *const names[] = {
        "a waker of %s is cloned:", "%s is woken:",
        "a waker of %s is given back:", "%s has been polled:",
        "%s has been dropped:"};
    Steps steps = record->then[moment];
    if (steps.count > 0) {
        record->then[moment].count = 0;
        moments += 1;
        depth += 1;
        say(names[moment], record_name(record));
        perform_steps(steps);
        depth -= 1;
    }
}

/* --- Wakers of the user's own --------------------------------------------- */

static void *bell_clone(void *data) {
    Bell *bell = data;
    bell->held += 1;
    reach(bell->record, CLONED);
    return bell;
}

/* The record itself, or a part of the Select that is polled with this bell. */
static void tell(const Bell *bell) {
    for (int i = 0; i < record_count; i++) {
        if (records[i].bell == bell) {
            records[i].told = true;
        }
    }
}

static void bell_wake_by_ref(void *data) {
    Bell *bell = data;
    if (bell->held <= 0) {
        fail("A waker of %s is woken with after it was given back.",
             record_name(bell->record));
    }
    bell->wakes += 1;
    tell(bell);
    reach(bell->record, WOKEN);
}

static void give_back(Bell *bell) {
    bell->held -= 1;
    if (bell->held < 0) {
        fail("A waker of %s is given back twice.", record_name(bell->record));
    }
}

static void bell_drop(void *data) {
    Bell *bell = data;
    give_back(bell);
    reach(bell->record, GIVEN_BACK);
}

static void bell_wake(void *data) {
    Bell *bell = data;
    give_back(bell);
    bell->wakes += 1;
    tell(bell);
    reach(bell->record, WOKEN);
}

static const WakerVtable bell_vtable = {bell_clone, bell_wake, bell_wake_by_ref,
                                        bell_drop};

/* --- Outputs -------------------------------------------------------------- */

static unsigned char sent_byte(const Line *line, uint32_t position) {
    return pattern[(position * 7 + (uint32_t)(line - lines)) % PATTERN];
}

static void check_read(const Record *record, const Line *line, ssize_t result) {
    for (ssize_t i = 0; i < result && line->kind != STRANGER; i++) {
        if (line->got + (uint32_t)i >= line->sent) {
            fail("%s has read more than was sent.", record_name(record));
        }
        if (record->buffer[i] != sent_byte(line, line->got + (uint32_t)i)) {
            fail("%s has read a wrong byte, or one out of order.",
                 record_name(record));
        }
    }
    if (result == 0 && !line->ended) {
        fail("%s says end of file, which has not come.", record_name(record));
    }
}

/* What writes have taken goes out in this order. */
void note_written(const Line *line) {
    for (int i = 0; i < record_count; i++) {
        Record *record = &records[i];
        if (record->kind != WRITE || record->line != line ||
            record->state == DROPPED || record->here == NULL) {
            continue;
        }
        const SocketWrite *write = &record->here->as.write;
        for (; record->noted < write->written; record->noted++) {
            rings[line - lines][record->line->put++ % RING] =
                write->bytes[record->noted];
        }
    }
}

/* Whether an error may be what the other end has done. */
static bool is_of_the_peer(const Line *line, int result) {
    return line->kind == STRANGER ||
           (line->ended && (result == -EPIPE || result == -ECONNRESET)) ||
           (line->shut && result == -EPIPE);
}

/* Whether an error is one that the headers name, with its cause at hand. */
static bool is_right_error(const Record *record, int result, bool failed) {
    const Line *line = record->line;
    switch (result) {
    case -EBADF:
        return line != NULL && record->kind != CONNECT && !line->open;
    case -ECANCELED:
        return is_orphan(record) || (line != NULL && line_is_orphan(line));
    case -ENOMEM:
    case -EMFILE:
        return failed;
    case -EAGAIN:
        return failed && record->kind == CONNECT;
    case -ECONNREFUSED:
        return (record->kind == CONNECT && (line == NULL || !line->open)) ||
               (line != NULL && line->kind == STRANGER);
    case -ECONNRESET: /* a listener was closed before it accepted */
        return line != NULL &&
               (record->kind == CONNECT ? !line->open
                                        : is_of_the_peer(line, result));
    default:
        return line != NULL && record->kind != CONNECT &&
               record->kind != ACCEPT && is_of_the_peer(line, result);
    }
}

static int result_of(const Record *record) {
    const Watched *here = record->here;
    switch (record->kind) {
    case READ:
        return (int)here->as.read.result;
    case WRITE:
        return here->as.write.result;
    case ACCEPT:
        return here->as.accept.result;
    case CONNECT:
        return here->as.connect.result;
    case TIMER:
        return here->as.timer.result;
    default:
        return 0;
    }
}

const char *error_name(int result) {
    static char other[24];
    switch (result) {
    case 0:
        return "0";
    case -EBADF:
        return "-EBADF";
    case -ECANCELED:
        return "-ECANCELED";
    case -ENOMEM:
        return "-ENOMEM";
    case -EMFILE:
        return "-EMFILE";
    case -EAGAIN:
        return "-EAGAIN";
    case -EPERM:
        return "-EPERM";
    case -EPIPE:
        return "-EPIPE";
    case -ECONNRESET:
        return "-ECONNRESET";
    case -ECONNREFUSED:
        return "-ECONNREFUSED";
    case -EDEADLK:
        return "-EDEADLK";
    default:
        snprintf(other, sizeof other, "%d (%s)", result, strerror(-result));
        return other;
    }
}

/* It is ready: rightly, and with the right output? `failed`: a call was
 * refused meanwhile. */
static void check_ready(Record *record, bool failed) {
    int result = result_of(record);
    Line *line = record->line;
    if (result < 0) {
        if (!is_right_error(record, result, failed)) {
            fail("%s ends with %s, for which there is no cause.",
                 record_name(record), error_name(result));
        }
        return;
    }
    switch (record->kind) {
    case READ:
        check_read(record, line, result);
        line->got += (uint32_t)result;
        break;
    case WRITE:
        if (record->here->as.write.written != record->here->as.write.length) {
            fail("%s is ready with a part written.", record_name(record));
        }
        break;
    case ACCEPT:
        line->backlog -= 1;
        if (line->backlog < 0) {
            fail("%s has accepted a connection that was not made.",
                 record_name(record));
        }
        break;
    case TIMER:
        if (now_ns < record->here->as.timer.deadline_ns) {
            fail("%s is ready before its time.", record_name(record));
        }
        break;
    case JOIN:
        if (!is_finished(record->task)) {
            fail("%s is ready, and %s is not.", record_name(record),
                 record_name(record->task));
        }
        break;
    case SELECT: {
        Future *winner = record->here->as.select.winner;
        bool first = record->parts[0]->state == READY;
        if (winner != &record->parts[!first]->here->future ||
            record->parts[first]->state != DROPPED) {
            fail("%s names the wrong winner, or keeps the loser.",
                 record_name(record));
        }
        break;
    }
    default:
        break;
    }
}

/* It is pending: what it waits for is yet to come? Or it came `meanwhile`, when
 * a waker was called, and has woken already. */
static void check_pending(const Record *record, bool meanwhile) {
    bool ready = false;
    if (meanwhile && (record->told || record->bell == NULL)) {
        return;
    }
    switch (record->kind) {
    case TIMER:
        ready = now_ns >= record->here->as.timer.deadline_ns;
        break;
    case JOIN:
        ready = is_finished(record->task);
        break;
    case READ:
    case WRITE:
    case ACCEPT:
        ready = !record->line->open || line_is_orphan(record->line);
        break;
    case CONNECT:
        ready = is_orphan(record);
        break;
    default:
        break;
    }
    if (ready) {
        fail("%s is pending, though what it waits for has happened.",
             record_name(record));
    }
}

/* --- The future ----------------------------------------------------------- */

static Poll probe_poll(Record *record, Context *context) {
    struct Slot *slot = &slots[record->slot];
    if (record->rings == 0) {
        return POLL_READY;
    }
    Waker kept = waker_clone(context->waker);
    Waker before = slot_ring(slot, false);
    *slot = (struct Slot){kept, record};
    if (kept.vtable == &bell_vtable) {
        ((Bell *)kept.data)->kept += 1;
    }
    slot_forget(&before);
    waker_drop(&before);
    breathe();
    return POLL_PENDING;
}

static void begin_poll(Record *record, Watched *here, const Waker *waker) {
    record->here = here;
    if (record->state == READY || record->state == DROPPED) {
        fail("%s is polled after it was %s.", record_name(record),
             record->state == READY ? "ready" : "dropped");
    }
    if (record->busy) {
        fail("%s is polled within its own poll.", record_name(record));
    }
    record->busy = true;
    record->bell = waker->vtable == &bell_vtable ? waker->data : NULL;
    record->told = false;
    record->turns = 0;
    if (record->state == MADE) {
        record->epoch = epoch;
    }
    task_polls += record->bell == NULL;
    polls += 1;
}

static Poll watched_poll(Future *future, Context *context) {
    Watched *here = (Watched *)future;
    Record *record = here->record;
    unsigned refused_before = refused;
    unsigned moments_before = moments;
    begin_poll(record, here, context->waker);
    if (record->kind == WRITE) {
        note_written(record->line);
    }
    Poll poll = record->kind == PROBE ? probe_poll(record, context)
                                      : future_poll(&here->as.future, context);
    if (record->kind == WRITE) {
        note_written(record->line);
    }
    if (poll == POLL_READY) {
        record->state = READY;
        check_ready(record, refused != refused_before);
    } else {
        record->state = PENDING;
        check_pending(record, moments != moments_before);
    }
    reach(record, POLLED);
    task_polls -= record->bell == NULL;
    polls -= 1;
    record->busy = false;
    return poll;
}

static void watched_drop(Future *future) {
    Watched *here = (Watched *)future;
    Record *record = here->record;
    if (record->state == DROPPED) {
        fail("%s is dropped twice.", record_name(record));
    }
    if (record->busy && !record->lent) {
        fail("%s is dropped within its own poll.", record_name(record));
    }
    record->busy = true;
    record->ending = true;
    if (record->kind != PROBE) {
        future_drop(&here->as.future);
    }
    record->state = DROPPED;
    for (int i = 0; i < 2 && record->kind == SELECT; i++) {
        let_go(record->parts[i]->here);
        record->parts[i]->here = NULL;
    }
    if (record->line != NULL) {
        record->line->borrowers -= 1;
    }
    reach(record, ENDED);
    record->busy = false;
}

Record *record_new(Kind kind, Line *line) {
    static const FutureVtable vtable = {watched_poll, watched_drop};
    Record *record = &records[record_count++];
    *record = (Record){.kind = kind, .line = line};
    record->here = keep(sizeof *record->here);
    record->here->future.vtable = &vtable;
    record->here->record = record;
    record->bells[0].record = record->bells[1].record = record;
    if (line != NULL) {
        line->borrowers += 1;
    }
    return record;
}

/* Clones of its wakers that are held, but for those that probes have left. */
static int held_by_others(const Record *record) {
    const Bell *bells = record->bells;
    return bells[0].held - bells[0].kept + bells[1].held - bells[1].kept;
}

Poll record_poll(Record *record, int bell) {
    record->bells[bell].held += 1; /* lent for the poll, so it is ours */
    Waker lent = {&record->bells[bell], &bell_vtable};
    Context context = {&lent};
    Poll poll = future_poll(&record->here->future, &context);
    record->bells[bell].held -= 1;
    if (poll == POLL_READY && polls == 0 && moments == 0 &&
        held_by_others(record) != 0) {
        fail("%s is ready and goes on waiting: its waker is still held.",
             record_name(record));
    }
    return poll;
}

/* All that has been done with the wakers of all others. */
static long sum_of_others(const Record *record) {
    long sum = 0;
    for (int i = 0; i < record_count; i++) {
        const Bell *bells = records[i].bells;
        if (&records[i] != record) {
            sum += bells[0].wakes + bells[1].wakes +
                   1000L * (bells[0].held + bells[1].held);
        }
    }
    return sum;
}

void record_drop(Record *record) {
    long before = sum_of_others(record);
    unsigned moments_before = moments;
    Watched *here = record->here;
    future_drop(&here->future);
    let_go(here);
    record->here = NULL;
    if (held_by_others(record) != 0) {
        fail("%s is dropped, and its waker is still held.",
             record_name(record));
    }
    if (moments == moments_before && sum_of_others(record) != before) {
        fail("Dropping %s has touched another future's waker.",
             record_name(record));
    }
}

/* --- Slots ---------------------------------------------------------------- */

Waker slot_ring(struct Slot *slot, bool used) {
    if (used && slot->record != NULL && slot->record->rings > 0) {
        slot->record->rings -= 1;
        slot->record->told |=
            slot->record->bell == NULL &&
            (slot->record->state == PENDING || slot->record->busy);
    }
    slot->record = NULL;
    return waker_take(&slot->waker);
}

void slot_forget(const Waker *waker) {
    if (waker->vtable == &bell_vtable) {
        ((Bell *)waker->data)->kept -= 1;
    }
}

/* --- Who is due ----------------------------------------------------------- */

bool record_may_be_polled(const Record *record) {
    bool here = local_executor() != NULL;
    switch (record->kind) {
    case TIMER:
        return here || record->state == PENDING;
    case CONNECT:
        return here || record->state == PENDING;
    case SELECT:
        return record_may_be_polled(record->parts[0]) &&
               record_may_be_polled(record->parts[1]);
    default:
        return true;
    }
}

bool record_is_live_task(const Record *record) {
    return record->spawned && !is_finished(record);
}

/* Its task may be gone: the waker that it has wakes nothing. */
static bool is_deaf(const Record *record) {
    const Record *root = record->owner != NULL ? record->owner : record;
    return record->bell == NULL && !root->spawned && !root->lent;
}

static bool is_waiting(const Record *record) {
    return record->state == PENDING && !record->told && !record->busy &&
           !is_deaf(record);
}

/* Whether it is owed a wake-up that needs no turn of the executor. */
static bool is_owed_at_once(const Record *record) {
    switch (record->kind) {
    case READ:
    case WRITE:
    case ACCEPT:
        return !record->line->open || line_is_orphan(record->line);
    case CONNECT:
    case TIMER:
        return is_orphan(record);
    case JOIN:
        return is_finished(record->task);
    default:
        return false;
    }
}

void check_told(void) {
    for (int i = 0; i < record_count; i++) {
        const Record *record = &records[i];
        if (record->bell != NULL && is_waiting(record) &&
            is_owed_at_once(record)) {
            fail("%s has not been woken, though what it waits for is over.",
                 record_name(record));
        }
    }
}

/* What a record wants to know of the system; -1 if nothing. */
static struct pollfd question_of(const Record *record) {
    struct pollfd question = {.fd = -1};
    if (record->kind == CONNECT) {
        question.fd = record->here->as.connect.connected.object;
        question.events = POLLOUT;
    } else if (record->line != NULL && record->line->open) {
        question.fd = record->line->socket->object;
        question.events = record->kind == WRITE ? POLLOUT : POLLIN;
    }
    return question;
}

static bool is_due(const Record *record, const struct pollfd *answer) {
    bool expired =
        record->kind == TIMER && now_ns >= record->here->as.timer.deadline_ns;
    return is_owed_at_once(record) || expired || answer->revents != 0;
}

/* Calls `see` for each that waits and is due, and for each task that was woken
 * and has not been polled. Others have their turns set back. */
static void for_each_due(void (*see)(Record *record)) {
    struct pollfd answers[RECORDS];
    Record *waiting[RECORDS];
    size_t count = 0;
    for (int i = 0; i < record_count; i++) {
        Record *record = &records[i];
        if (is_waiting(record)) {
            answers[count] = question_of(record);
            waiting[count++] = record;
        } else if (record->told && record->bell == NULL &&
                   record->state == PENDING && !is_deaf(record)) {
            see(record);
        }
    }
    ask_poll(answers, count);
    for (size_t i = 0; i < count; i++) {
        if (is_due(waiting[i], &answers[i])) {
            see(waiting[i]);
        } else {
            waiting[i]->turns = 0;
        }
    }
}

static void count_turn(Record *record) {
    record->turns += 1;
    if (record->turns > 3) {
        fail("%s is ready, and three turns have not %s it.",
             record_name(record), record->bell == NULL ? "polled" : "woken");
    }
}

void check_turn(void) {
    if (others_are_busy()) {
        return; /* what we have noted is yet to happen */
    }
    for_each_due(count_turn);
}

static void must_not_sleep(Record *record) {
    fail("The executor goes to sleep, and %s is %s.", record_name(record),
         record->told ? "woken" : "ready");
}

void check_sleep(void) {
    for_each_due(must_not_sleep);
}

/* --- Tasks ---------------------------------------------------------------- */

bool record_has_waker(const Record *record) {
    switch (record->kind) {
    case SELECT:
        return record_has_waker(record->parts[0]) ||
               record_has_waker(record->parts[1]);
    case PROBE:
        for (int i = 0; i < SLOTS; i++) {
            if (slots[i].record == record) {
                return true;
            }
        }
        return false;
    default:
        return record->state == PENDING;
    }
}

size_t live_tasks(size_t *with_waker_out) {
    size_t count = 0;
    *with_waker_out = 0;
    for (int i = 0; i < record_count; i++) {
        if (record_is_live_task(&records[i])) {
            count += 1;
            *with_waker_out += record_has_waker(&records[i]);
        }
    }
    return count;
}

void check_nothing_left(void) {
    for (int i = 0; i < record_count; i++) {
        const Record *record = &records[i];
        if (record->state != DROPPED) {
            fail("%s was never dropped.", record_name(record));
        }
        if (record->bells[0].held + record->bells[1].held != 0) {
            fail("A waker of %s was never given back.", record_name(record));
        }
    }
}
