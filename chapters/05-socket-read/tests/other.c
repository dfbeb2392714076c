#include "other.h"

#include <criterion/criterion.h>

#include "script_threads.h"

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *), void *argument);
int __real_pthread_join(pthread_t thread, void **result_out);

static _Thread_local Other *myself;

/* Until the time has come for a mistake with a sentence. */
static void await_flag(const bool *flag, const bool *or_this) {
    struct timespec until = script_patience();
    while (!*flag && !*or_this && script_await_change(&until)) {
    }
    bool came = *flag || *or_this;
    script_insist(came, "A second thread has not come so far in %d seconds.",
                  SCRIPT_PATIENCE_S);
}

static void stand(void) {
    script_lock();
    myself->standing = true;
    script_unlock();
    script_lock();
    await_flag(&myself->released, &myself->released);
    script_unlock();
}

bool other_stood_before_push(void) {
    bool stands = myself != NULL && myself->stops_before_push;
    if (stands) {
        stand();
    }
    return stands;
}

bool other_stood_after_push(void) {
    bool stands = myself != NULL && myself->stops_after_push;
    if (stands) {
        stand();
    }
    return stands;
}

static void *run_other(void *argument) {
    script_second_thread = true;
    myself = argument;
    myself->act(myself->argument);
    script_lock();
    myself->ended = true;
    script_unlock();
    return NULL;
}

static void start_other(Other *other) {
    int error = __real_pthread_create(&other->thread, NULL, run_other, other);
    cr_assert_eq(error, 0, "The test needs a second thread and got none.");
}

void other_start_to_push(Other *other, void (*act)(void *), void *argument) {
    *other =
        (Other){.act = act, .argument = argument, .stops_before_push = true};
    start_other(other);
}

void other_start_and_push(Other *other, void (*act)(void *), void *argument) {
    *other =
        (Other){.act = act, .argument = argument, .stops_after_push = true};
    start_other(other);
}

bool other_stands_before_push(Other *other) {
    script_lock();
    await_flag(&other->standing, &other->ended);
    bool standing = other->standing;
    script_unlock();
    return standing;
}

void other_finish(Other *other) {
    script_lock();
    other->released = true;
    script_unlock();
    __real_pthread_join(other->thread, NULL);
}

void on_another_thread(void (*act)(void *), void *argument) {
    Other other = {.act = act, .argument = argument};
    start_other(&other);
    __real_pthread_join(other.thread, NULL);
}
