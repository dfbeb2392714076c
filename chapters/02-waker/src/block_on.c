/*
 * The task, here, is a whole thread: waking it means ending its sleep.
 *
 * Wakers outlive what they wake: a clone may be called after block_on() has
 * returned. So what they point to is not on block_on()'s stack. It lives in
 * memory that is shared by block_on() and every waker, counts them, and is
 * freed by the last one to go.
 */
#include "block_on.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "parker.h"

/* A thread in block_on(), seen by its wakers. */
typedef struct BlockedThread {
    Parker parker;
    atomic_uint references; /* block_on()'s own, and one for each waker */
} BlockedThread;

//! [references]
/* Borrows. Relaxed: the caller has a reference, so nothing can end. */
static void *thread_waker_clone(void *data) {
    BlockedThread *thread = data;
    atomic_fetch_add_explicit(&thread->references, 1, memory_order_relaxed);
    return thread;
}

/*
 * Consumes. Each change of the count reads what the one before it wrote.
 * Release: what this owner did comes before its decrement. Acquire: the last
 * owner sees, along that chain, what all the others did, and frees.
 */
static void thread_waker_drop(void *data) {
    BlockedThread *thread = data;
    if (atomic_fetch_sub_explicit(&thread->references, 1,
                                  memory_order_acq_rel) == 1) {
        parker_deinit(&thread->parker);
        free(thread);
    }
}
//! [references]

/* Borrows. */
static void thread_waker_wake_by_ref(void *data) {
    BlockedThread *thread = data;
    parker_unpark(&thread->parker);
}

/* Consumes. */
static void thread_waker_wake(void *data) {
    thread_waker_wake_by_ref(data);
    thread_waker_drop(data);
}

static const WakerVtable thread_waker_vtable = {
    .clone = thread_waker_clone,
    .wake = thread_waker_wake,
    .wake_by_ref = thread_waker_wake_by_ref,
    .drop = thread_waker_drop,
};

//! [block_on]
int block_on(Future *future) {
    BlockedThread *thread = malloc(sizeof *thread);
    if (thread == NULL) {
        return -ENOMEM;
    }
    int result = parker_init(&thread->parker);
    if (result != 0) {
        free(thread);
        return result;
    }
    atomic_init(&thread->references, 1);

    Waker waker = {thread, &thread_waker_vtable};
    Context context = {&waker};
    while (future_poll(future, &context) == POLL_PENDING) {
        parker_park(&thread->parker);
    }
    waker_drop(&waker);
    return 0;
}
//! [block_on]
