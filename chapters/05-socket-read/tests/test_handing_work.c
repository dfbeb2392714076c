/*
 * How another thread hands work to an executor. It must not spawn there, nor
 * touch a socket: those are plain memory of the executor's thread. What it may
 * do is wake. So the work goes into an inbox under a lock. A task of the executor
 * waits for that inbox, is woken, and does the work on its own thread.
 */
#include <criterion/criterion.h>
#include <pthread.h>

#include "error_name.h"
#include "executor.h"
#include "script_time.h"

//! [inbox]
/* Work to be done. The link stands in it, so handing it over cannot fail. */
typedef struct Job {
    void (*run)(struct Job *self);
    struct Job *next;
} Job;

typedef struct Inbox {
    Future future;        /* ready when no job is left to come */
    int left;             /* executor's thread */
    pthread_mutex_t lock; /* guards all below */
    Job *first, **end;    /* the oldest, and where the next link goes */
    Waker waker;          /* of the task that empties the inbox */
} Inbox;
//! [inbox]

//! [put]
/* Any thread. It wakes when it has let go of the lock. */
static void inbox_put(Inbox *self, Job *job) {
    job->next = NULL;
    pthread_mutex_lock(&self->lock);
    *self->end = job;
    self->end = &job->next;
    Waker waker = waker_take(&self->waker);
    pthread_mutex_unlock(&self->lock);
    waker_wake(&waker);
}
//! [put]

//! [poll]
/* Takes all jobs and leaves the waker, in one step under the lock. */
static Job *inbox_take(Inbox *self, Waker waker) {
    pthread_mutex_lock(&self->lock);
    Waker previous = self->waker;
    self->waker = waker;
    Job *first = self->first;
    self->first = NULL;
    self->end = &self->first;
    pthread_mutex_unlock(&self->lock);
    waker_drop(&previous);
    return first;
}

static Poll inbox_poll(Future *future, Context *context) {
    Inbox *self = (Inbox *)future;
    Job *job = inbox_take(self, waker_clone(context->waker));
    while (job != NULL) {
        Job *next = job->next; /* a job may free itself */
        job->run(job);         /* and spawn, and use sockets and timers */
        job = next;
        self->left -= 1;
    }
    return self->left == 0 ? POLL_READY : POLL_PENDING;
}
//! [poll]

/* When no other thread uses the inbox any more. */
static void inbox_drop(Future *future) {
    waker_drop(&((Inbox *)future)->waker);
}

static const FutureVtable inbox_vtable = {inbox_poll, inbox_drop};

enum { THREADS = 3, EACH = 1000 };

static Inbox inbox = {
    .future = {&inbox_vtable},
    .left = THREADS * EACH,
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .end = &inbox.first,
};
static Executor *executor;
static Job jobs[THREADS][EACH];
static int done[THREADS];

static void run_in_order(Job *self) {
    int thread = (int)(self - jobs[0]) / EACH;
    cr_assert_eq(local_executor(), executor, "A job ran on another thread.");
    cr_assert_eq(self, &jobs[thread][done[thread]],
                 "Jobs of one thread ran in another order than they were put.");
    done[thread] += 1;
}

static void *hand_over(void *first) {
    for (int i = 0; i < EACH; i++) {
        ((Job *)first)[i].run = run_in_order;
        inbox_put(&inbox, (Job *)first + i);
    }
    return NULL;
}

Test(handing_work, of_three_threads_is_all_done, .timeout = 60) {
    pthread_t threads[THREADS];
    script_use_real_time(); /* the executor really sleeps */
    cr_assert_eq(executor_new(&executor), 0, "There is no executor.");
    for (int i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, hand_over, jobs[i]);
    }
    int result = executor_block_on(executor, &inbox.future);
    cr_assert_eq(result, 0, "executor_block_on() answered %s.",
                 error_name(result));
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    future_drop(&inbox.future);
    executor_free(executor);
}
