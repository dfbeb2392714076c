#include "refusals.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "backend.h"
#include "clock.h"
#include "random.h"
#include "world.h"

unsigned refused;
atomic_long blocks;
uint64_t now_ns;
void (*before_sleep)(void);
int turns;

static int left[CALLS]; /* until the one that fails; 0 for none */

void refuse(Call call, int nth) {
    left[call] = nth;
}

void refuse_nothing(void) {
    memset(left, 0, sizeof left);
}

const char *call_name(Call call) {
    static const char *const names[] = {"memory",  "backend_arm", "wait",
                                        "socket",  "accept",      "connect",
                                        "SO_ERROR"};
    return names[call];
}

static bool is_refused(Call call) {
    bool now = left[call] == 1;
    left[call] -= left[call] > 0;
    refused += now;
    return now;
}

/* --- Memory --------------------------------------------------------------- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void __real_free(void *memory);

static void *counted(void *memory) {
    blocks += memory != NULL;
    return memory;
}

void *__wrap_malloc(size_t size) {
    return is_refused(CALL_MEMORY) ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size) {
    return is_refused(CALL_MEMORY) ? NULL : counted(__real_calloc(count, size));
}

void *__wrap_realloc(void *memory, size_t size) {
    if (is_refused(CALL_MEMORY)) {
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

void *keep(size_t size) {
    return __real_calloc(1, size);
}

void let_go(void *memory) {
    __real_free(memory);
}

/* --- Calls of the system -------------------------------------------------- */

int __real_poll(struct pollfd *entries, nfds_t count, int ms);
int __real_socket(int family, int type, int protocol);
int __real_accept(int listener, struct sockaddr *address, socklen_t *length);
int __real_connect(int object, const struct sockaddr *address,
                   socklen_t length);
int __real_getsockopt(int object, int level, int name, void *value,
                      socklen_t *length);
int __real_getpeername(int object, struct sockaddr *address, socklen_t *length);
int __real_backend_arm(Backend *backend, IoObject object, uint32_t generation,
                       Signals before, Signals after);

static int fails(int error) {
    errno = error;
    return -1;
}

/* For ourselves: what is really there. */
int ask_poll(struct pollfd *entries, size_t count) {
    return __real_poll(entries, count, 0);
}

int own_socket(int family) {
    return __real_socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0);
}

int own_accept(int listener) {
    return __real_accept(listener, NULL, NULL);
}

int own_connect(int object, const struct sockaddr *address, socklen_t length) {
    return __real_connect(object, address, length);
}

/* The library's own; it never waits either. */
int __wrap_poll(struct pollfd *entries, nfds_t count, int ms) {
    (void)ms;
    return __real_poll(entries, count, 0);
}

int __wrap_socket(int family, int type, int protocol) {
    return is_refused(CALL_SOCKET) ? fails(EMFILE)
                                   : __real_socket(family, type, protocol);
}

int __wrap_accept(int listener, struct sockaddr *address, socklen_t *length) {
    return is_refused(CALL_ACCEPT) ? fails(EMFILE)
                                   : __real_accept(listener, address, length);
}

/* What a Unix socket says if too many wait to be accepted. */
int __wrap_connect(int object, const struct sockaddr *address,
                   socklen_t length) {
    return is_refused(CALL_CONNECT) ? fails(EAGAIN)
                                    : __real_connect(object, address, length);
}

/* Connecting takes longer than here, and its end is not known at once. */
static bool not_yet;

int __wrap_getsockopt(int object, int level, int name, void *value,
                      socklen_t *length) {
    not_yet = name == SO_ERROR && is_refused(CALL_SO_ERROR);
    if (not_yet) {
        *(int *)value = 0;
        return 0;
    }
    return __real_getsockopt(object, level, name, value, length);
}

int __wrap_getpeername(int object, struct sockaddr *address,
                       socklen_t *length) {
    return not_yet ? fails(ENOTCONN)
                   : __real_getpeername(object, address, length);
}

int __wrap_backend_arm(Backend *backend, IoObject object, uint32_t generation,
                       Signals before, Signals after) {
    bool more = (after & ~before) != 0;
    return more && is_refused(CALL_ARM)
               ? -ENOMEM
               : __real_backend_arm(backend, object, generation, before, after);
}

/* --- Time ----------------------------------------------------------------- */

int __wrap_clock_gettime(clockid_t clock, struct timespec *now_out) {
    (void)clock;
    *now_out = clock_timespec(now_ns);
    return 0;
}

int __real_io_blocker_block_until(IoBlocker *blocker, uint64_t deadline_ns,
                                  Event *events_out, size_t capacity);

/* What would be a sleep: looks, and if there is nothing, says so. */
static int sleep_until(IoBlocker *blocker, uint64_t deadline_ns,
                       Event *events_out, size_t capacity) {
    int count = -ETIMEDOUT;
    if (before_sleep != NULL) {
        void (*once)(void) = before_sleep;
        before_sleep = NULL;
        once();
    }
    for (int looks = 0; looks < 3 && count == -ETIMEDOUT; looks++) {
        if (looks > 0) {
            await_others(); /* what they use now may be a wake-up */
        }
        count = __real_io_blocker_block_until(blocker, DEADLINE_NOW, events_out,
                                              capacity);
    }
    if (count == -ETIMEDOUT) {
        check_sleep();
        if (deadline_ns == DEADLINE_NEVER) {
            return ASLEEP;
        }
        now_ns = deadline_ns;
    }
    return count;
}

int __wrap_io_blocker_block_until(IoBlocker *blocker, uint64_t deadline_ns,
                                  Event *events_out, size_t capacity) {
    breathe();
    check_turn();
    turns += 1;
    if (turns > 300) {
        fail("The executor makes no end: it has turned 300 times.");
    }
    if (is_refused(CALL_WAIT)) {
        return -EIO;
    }
    return deadline_ns > now_ns
               ? sleep_until(blocker, deadline_ns, events_out, capacity)
               : __real_io_blocker_block_until(blocker, DEADLINE_NOW,
                                               events_out, capacity);
}
