#include "parker.h"

int parker_init(Parker *self) {
    self->unparked = false;
    int error = pthread_mutex_init(&self->lock, NULL);
    if (error != 0) {
        return -error;
    }
    error = pthread_cond_init(&self->called, NULL);
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
