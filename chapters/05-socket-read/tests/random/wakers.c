/*
 * Wakers that probes have left: they are used in turn, on a thread that is waited
 * for, or on threads that run freely.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "operations.h"

/* --- In turn -------------------------------------------------------------- */

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

bool try_slot(unsigned a, unsigned b) {
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
bool try_thread(unsigned a, unsigned b) {
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

/* --- On threads that run freely ------------------------------------------- */

/*
 * They take wakers while we let them, and use them while we go on. We hold the
 * lock of what is noted, they hold it while they take.
 */
pthread_mutex_t noting = PTHREAD_MUTEX_INITIALIZER;
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
void start_threads(void) {
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
