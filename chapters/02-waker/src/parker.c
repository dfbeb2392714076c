#include "parker.h"

/* The condition's sleeps are measured on the clock of clock_now_ns(). */
int parker_init(Parker *self) {
    pthread_condattr_t attributes;
    self->unparked = false;
    int error = pthread_mutex_init(&self->lock, NULL);
    if (error != 0) {
        return -error;
    }
    error = pthread_condattr_init(&attributes);
    if (error == 0) {
#ifndef __APPLE__ /* knows no such condition, and waits for a length of time */
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
#endif
        error = pthread_cond_init(&self->called, &attributes);
        pthread_condattr_destroy(&attributes);
    }
    if (error != 0) {
        pthread_mutex_destroy(&self->lock);
    }
    return -error;
}

void parker_deinit(Parker *self) {
    pthread_cond_destroy(&self->called);
    pthread_mutex_destroy(&self->lock);
}

//! [park]
void parker_park(Parker *self) {
    pthread_mutex_lock(&self->lock);
    while (!self->unparked) {
        pthread_cond_wait(&self->called, &self->lock);
    }
    self->unparked = false;
    pthread_mutex_unlock(&self->lock);
}

void parker_unpark(Parker *self) {
    pthread_mutex_lock(&self->lock);
    self->unparked = true;
    pthread_cond_signal(&self->called);
    pthread_mutex_unlock(&self->lock);
}
//! [park]

/* One sleep, which may end early. The caller has the lock. */
static void sleep_until(Parker *self, uint64_t deadline_ns) {
#ifdef __APPLE__
    uint64_t now_ns = clock_now_ns();
    uint64_t left_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;
    struct timespec left = clock_timespec(left_ns);
    pthread_cond_timedwait_relative_np(&self->called, &self->lock, &left);
#else
    struct timespec deadline = clock_timespec(deadline_ns);
    pthread_cond_timedwait(&self->called, &self->lock, &deadline);
#endif
}

void parker_park_until(Parker *self, uint64_t deadline_ns) {
    pthread_mutex_lock(&self->lock);
    while (!self->unparked && clock_now_ns() < deadline_ns) {
        sleep_until(self, deadline_ns);
    }
    self->unparked = false;
    pthread_mutex_unlock(&self->lock);
}
