/*
 * The public calls of this chapter on a few pipes and sockets, whose other ends
 * write, read, shut down and close meanwhile; and what the header promises.
 *
 * The truth about an object is asked of poll(2), directly.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "clock.h"
#include "platform.h"
#include "random.h"

enum { OBJECTS = 8, TOO_OFTEN = 40, FAR_NUMBER = 10000000 };

/* A descriptor, its other end, and what we have asked for. */
typedef struct Object {
    int ours;  /* -1 if closed */
    int peer;  /* -1 if closed */
    bool pipe; /* and ours is the end that is read */
    uint64_t id;
    Signals wanted;
    int passed_over; /* waits that have not told, though it was there */
} Object;

static Object objects[OBJECTS];
static IoBlocker *blocker;
static uint64_t last_id;
static bool woken;    /* and not yet told */
static int calls;     /* that it may tell of: of two, it may have noticed one */
static int untold;    /* waits since then */
static int passwd_fd; /* a regular file */

static void must(bool holds, const char *sentence) {
    if (!holds) {
        fail("%s", sentence);
    }
}

/* --- What the system refuses ---------------------------------------------- */

static int until_no_memory, until_not_armed; /* 0: never */
static bool refused;
static long blocks;
static size_t largest;

static bool comes_to_one(int *left) {
    bool now = *left == 1;
    *left -= *left > 0;
    refused |= now;
    return now;
}

void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void __real_free(void *memory);
int __real_backend_arm(Backend *backend, IoObject object, uint32_t generation,
                       Signals before, Signals after);

void *__wrap_calloc(size_t count, size_t size) {
    if (comes_to_one(&until_no_memory)) {
        return NULL;
    }
    void *memory = __real_calloc(count, size);
    blocks += memory != NULL;
    return memory;
}

void *__wrap_realloc(void *memory, size_t size) {
    largest = size > largest ? size : largest;
    if (comes_to_one(&until_no_memory)) {
        return NULL;
    }
    void *grown = __real_realloc(memory, size);
    blocks += memory == NULL && grown != NULL;
    return grown;
}

void __wrap_free(void *memory) {
    blocks -= memory != NULL;
    __real_free(memory);
}

/* What is taken back cannot be refused. */
int __wrap_backend_arm(Backend *backend, IoObject object, uint32_t generation,
                       Signals before, Signals after) {
    bool more = (after & ~before) != 0;
    return more && comes_to_one(&until_not_armed)
               ? -ENOSPC
               : __real_backend_arm(backend, object, generation, before, after);
}

/* --- Which object a step is about ----------------------------------------- */

static int number_of(const Object *object) {
    return (int)(object - objects);
}

static Object *pick(unsigned a, bool (*fits)(const Object *object)) {
    for (unsigned i = 0; i < OBJECTS; i++) {
        if (fits(&objects[(a + i) % OBJECTS])) {
            return &objects[(a + i) % OBJECTS];
        }
    }
    return NULL;
}

static bool is_open(const Object *object) {
    return object->ours >= 0;
}

static bool is_gone(const Object *object) {
    return object->ours < 0 && object->peer < 0;
}

static bool has_peer(const Object *object) {
    return object->peer >= 0;
}

/* --- Objects -------------------------------------------------------------- */

static void open_with(Object *object, int ours, int peer, bool pipe) {
    fcntl(ours, F_SETFL, O_NONBLOCK);
    fcntl(peer, F_SETFL, O_NONBLOCK);
    *object = (Object){.ours = ours, .peer = peer, .pipe = pipe};
    say("o%d = %d, one end of a %s;", number_of(object), ours,
        pipe ? "pipe" : "pair");
}

static bool open_pair(unsigned a, unsigned b) {
    Object *object = pick(a, is_gone);
    int ends[2];
    if (object == NULL || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) {
        return false;
    }
    int small = 4096;
    setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    open_with(object, ends[b % 2], ends[1 - b % 2], false);
    return true;
}

static bool open_pipe(unsigned a, unsigned b) {
    Object *object = pick(a, is_gone);
    int ends[2];
    if (object == NULL || pipe(ends) != 0) {
        return false;
    }
    open_with(object, ends[b % 2], ends[1 - b % 2], true);
    return true;
}

static const char *const sets[] = {"READABLE", "WRITABLE",
                                   "READABLE | WRITABLE"};

static bool add(unsigned a, unsigned b) {
    Object *object = pick(a, is_open);
    if (object == NULL || blocker == NULL) {
        return false;
    }
    Signals signals = 1 + b % 3;
    bool same = object->id != 0 && b / 3 % 4 != 0;
    uint64_t id = same ? object->id : ++last_id;
    say("io_blocker_add_io_event_interest(blocker, o%d, id %d, %s);",
        number_of(object), (int)id, sets[signals - 1]);
    refused = false;
    int result = io_blocker_add_io_event_interest(blocker, object->ours,
                                                  (Event){id, signals});
    bool taken = object->wanted != 0 && id != object->id;
    if (result == 0) {
        must(!taken, "A second id was accepted for one object.");
        object->id = id;
        object->wanted |= signals;
    } else if (result == -EEXIST) {
        must(taken, "It says -EEXIST, and no other id waits.");
    } else {
        must(refused && (result == -ENOMEM || result == -ENOSPC),
             "Asking for an event has failed.");
    }
    return true;
}

static bool remove_(unsigned a, unsigned b) {
    Object *object = pick(a, is_open);
    if (object == NULL || blocker == NULL) {
        return false;
    }
    Signals signals = 1 + b % 3;
    say("io_blocker_remove_io_event_interest(blocker, o%d, %s);",
        number_of(object), sets[signals - 1]);
    io_blocker_remove_io_event_interest(blocker, object->ours, signals);
    object->wanted &= ~signals;
    return true;
}

static bool close_(unsigned a, unsigned b) {
    (void)b;
    Object *object = pick(a, is_open);
    if (object == NULL) {
        return false;
    }
    say("remove all of o%d, close(o%d);", number_of(object), number_of(object));
    if (blocker != NULL) {
        io_blocker_remove_io_event_interest(blocker, object->ours,
                                            SIGNAL_READABLE | SIGNAL_WRITABLE);
    }
    close(object->ours);
    object->ours = -1;
    object->wanted = 0;
    object->id = 0;
    return true;
}

/* What cannot be waited for, and is asked about before anything grows. */
static bool add_wrong(unsigned a, unsigned b) {
    static const struct {
        int object, result;
    } wrong[] = {{-1, -EBADF}, {FAR_NUMBER, -EBADF}, {190, -EBADF}};
    if (blocker == NULL) {
        return false;
    }
    int object = a % 4 < 3 ? wrong[a % 4].object : passwd_fd;
    int right = a % 4 < 3 ? wrong[a % 4].result : -EPERM;
    say("io_blocker_add_io_event_interest(blocker, %d, …, %s);", object,
        sets[b % 3]);
    refused = false;
    largest = 0;
    int result = io_blocker_add_io_event_interest(
        blocker, object, (Event){++last_id, 1 + b % 3});
    must(result == right || (result == -ENOMEM && refused && right == -EPERM) ||
             (result == -ENOSPC && refused),
         "What cannot be waited for gets another answer than the header's.");
    must(largest < 1 << 20, "Memory was asked for before the system was.");
    return true;
}

/* --- The other ends ------------------------------------------------------- */

static bool peer_write(unsigned a, unsigned b) {
    Object *object = pick(a, has_peer);
    if (object == NULL) {
        return false;
    }
    say("o%d's other end writes;", number_of(object));
    ssize_t written = write(object->peer, "0123456789", 1 + b % 10);
    (void)written; /* it may be the reading end of a pipe */
    return true;
}

static bool peer_read(unsigned a, unsigned b) {
    (void)b;
    Object *object = pick(a, has_peer);
    char bytes[4096];
    if (object == NULL) {
        return false;
    }
    say("o%d's other end reads;", number_of(object));
    while (read(object->peer, bytes, sizeof bytes) > 0) {
        /* all that there is */
    }
    return true;
}

static bool peer_close(unsigned a, unsigned b) {
    Object *object = pick(a, has_peer);
    if (object == NULL) {
        return false;
    }
    if (b % 3 == 0 && !object->pipe) {
        say("o%d's other end writes no more;", number_of(object));
        shutdown(object->peer, SHUT_WR);
        return true;
    }
    say("o%d's other end is closed;", number_of(object));
    close(object->peer);
    object->peer = -1;
    return true;
}

static bool read_(unsigned a, unsigned b) {
    Object *object = pick(a, is_open);
    char bytes[4096];
    if (object == NULL) {
        return false;
    }
    say("read(o%d);", number_of(object));
    ssize_t length = read(object->ours, bytes, b % 2 == 0 ? 1 : sizeof bytes);
    (void)length;
    return true;
}

static bool fill(unsigned a, unsigned b) {
    (void)b;
    static const char zeros[4096];
    Object *object = pick(a, is_open);
    if (object == NULL) {
        return false;
    }
    say("write(o%d) until it is full;", number_of(object));
    while (write(object->ours, zeros, sizeof zeros) > 0) {
        /* there is room */
    }
    return true;
}

/* --- Waiting -------------------------------------------------------------- */

/* What is there, of what is wanted. */
static Signals truth(const Object *object) {
    struct pollfd question = {.fd = object->ours, .events = POLLIN | POLLOUT};
    poll(&question, 1, 0);
    bool both = (question.revents & (POLLERR | POLLHUP)) != 0;
    Signals there = both ? SIGNAL_READABLE | SIGNAL_WRITABLE : 0u;
    there |= (question.revents & POLLIN) != 0 ? SIGNAL_READABLE : 0u;
    there |= (question.revents & POLLOUT) != 0 ? SIGNAL_WRITABLE : 0u;
    return there & object->wanted;
}

static void check_event(const Event *event) {
    for (int i = 0; i < OBJECTS; i++) {
        Object *object = &objects[i];
        if (object->ours >= 0 && object->id == event->id) {
            must(event->signals != 0 && (event->signals & ~object->wanted) == 0,
                 "An event has signals that were not asked for, or are spent.");
            object->wanted &= ~event->signals;
            object->passed_over = 0;
            return;
        }
    }
    fail("An event has the id %d, which no interest has.", (int)event->id);
}

/* Whether anything is there, or a wake-up. */
static bool is_due(void) {
    bool due = woken;
    for (int i = 0; i < OBJECTS; i++) {
        due |= objects[i].wanted != 0 && truth(&objects[i]) != 0;
    }
    return due;
}

static void check_passed_over(void) {
    for (int i = 0; i < OBJECTS; i++) {
        Object *object = &objects[i];
        bool there = object->wanted != 0 && truth(object) != 0;
        object->passed_over = there ? object->passed_over + 1 : 0;
        if (object->passed_over > TOO_OFTEN) {
            fail("o%d has what was asked for, and %d waits have not told.",
                 number_of(object), TOO_OFTEN);
        }
    }
    untold = woken ? untold + 1 : 0;
    must(untold <= TOO_OFTEN, "A wake-up was lost.");
}

/* Looks once; returns what the call did. */
static int look(size_t capacity, uint64_t deadline_ns) {
    Event events[IO_BLOCKER_BATCH];
    int count = io_blocker_block_until(blocker, deadline_ns, events, capacity);
    for (int i = 0; i < count; i++) {
        check_event(&events[i]);
    }
    if (count == -ECANCELED) {
        must(calls > 0,
             "It says -ECANCELED without a call of io_blocker_wake().");
        calls -= 1;
        woken = false;
    } else {
        must(count != 0 && count <= (int)capacity,
             "It returns a wrong number.");
        must(count > 0 || count == -ETIMEDOUT, "Waiting has failed.");
    }
    check_passed_over();
    return count;
}

static bool block(unsigned a, unsigned b) {
    size_t capacity = a % 3 == 0 ? 1 : a % 3 == 1 ? 3 : IO_BLOCKER_BATCH;
    if (blocker == NULL) {
        return false;
    }
    /* What is there ends the longest wait; a hang is found by its alarm. */
    uint64_t deadline_ns =
        b % 2 == 0 && is_due() ? DEADLINE_NEVER : DEADLINE_NOW;
    say("io_blocker_block_until(blocker, %s, …, %zu);",
        deadline_ns == DEADLINE_NOW ? "DEADLINE_NOW" : "DEADLINE_NEVER",
        capacity);
    look(capacity, deadline_ns);
    return true;
}

static void *wake_elsewhere(void *argument) {
    io_blocker_wake(argument);
    return NULL;
}

static bool wake(unsigned a, unsigned b) {
    (void)a;
    pthread_t other;
    if (blocker == NULL) {
        return false;
    }
    say("io_blocker_wake(blocker)%s;", b % 8 == 0 ? " // another thread" : "");
    if (b % 8 == 0 &&
        pthread_create(&other, NULL, wake_elsewhere, blocker) == 0) {
        pthread_join(other, NULL);
    } else {
        io_blocker_wake(blocker);
    }
    woken = true;
    calls = calls == 0 ? 1 : 2;
    return true;
}

/* --- Circumstances -------------------------------------------------------- */

static bool refuse(unsigned a, unsigned b) {
    say("the call number %u of %s from here on fails;", 1 + b % 2,
        a % 2 == 0 ? "memory" : "backend_arm");
    *(a % 2 == 0 ? &until_no_memory : &until_not_armed) = 1 + (int)(b % 2);
    return true;
}

static bool new (unsigned a, unsigned b) {
    (void)a, (void)b;
    if (blocker != NULL) {
        return false;
    }
    say("io_blocker_new(&blocker);");
    refused = false;
    must(io_blocker_new(&blocker) == 0 || refused, "There is no IoBlocker.");
    return true;
}

static bool free_(unsigned a, unsigned b) {
    (void)a, (void)b;
    if (blocker == NULL) {
        return false;
    }
    say("io_blocker_free(blocker);");
    io_blocker_free(blocker);
    blocker = NULL;
    woken = false;
    calls = 0;
    for (int i = 0; i < OBJECTS; i++) {
        objects[i].wanted = 0;
        objects[i].id = 0;
    }
    return true;
}

/* --- All of them ---------------------------------------------------------- */

static const Operation operations[] = {
    {10, open_pair}, {5, open_pipe}, {24, add},        {8, remove_},
    {4, close_},     {2, add_wrong}, {12, peer_write}, {6, peer_read},
    {3, peer_close}, {8, read_},     {6, fill},        {24, block},
    {3, wake},       {2, refuse},    {1, new},         {1, free_},
};

static int open_descriptors(void) {
    int count = 0;
    for (int object = 0; object < 200; object++) {
        count += fcntl(object, F_GETFD) >= 0;
    }
    return count;
}

static void begin(void) {
    if (passwd_fd == 0) {
        passwd_fd = open("/etc/passwd", O_RDONLY);
    }
    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < OBJECTS; i++) {
        objects[i] = (Object){.ours = -1, .peer = -1};
    }
    last_id = 0;
    blocks = 0;
    until_no_memory = until_not_armed = 0;
    untold = 0;
}

/* All that is there is told now. */
static void settle(void) {
    until_no_memory = until_not_armed = 0;
    for (int i = 0; i < 3 * OBJECTS && blocker != NULL; i++) {
        look(IO_BLOCKER_BATCH, DEADLINE_NOW);
    }
    must(!is_due(), "What is there was never told.");
}

static void perform(const Step *steps, size_t count) {
    begin();
    int descriptors = open_descriptors();
    new (0, 0);
    for (size_t i = 0; i < count; i++) {
        if (operations[steps[i].operation].perform(steps[i].a, steps[i].b)) {
            count_call();
        }
    }
    say("looks until nothing is there;");
    settle();
    for (unsigned i = 0; i < OBJECTS; i++) {
        close_(i, 0);
        if (objects[i].peer >= 0) {
            close(objects[i].peer);
        }
    }
    free_(0, 0);
    must(blocks == 0, "Memory is left.");
    must(open_descriptors() == descriptors, "A descriptor is left.");
}

const Scenario scenario = {operations, sizeof operations / sizeof *operations,
                           perform};
