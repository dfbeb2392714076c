/*
 * Timers wait in a pairing heap. Its links stand in the timers, so that waiting
 * allocates nothing.
 *
 * Each timer has a row of children, none of which is earlier than itself; so
 * the root is the earliest of all. To add a timer is to compare it with the
 * root: the later of the two becomes the first child of the other. Only when
 * the root leaves must its children be compared: first in pairs, then the
 * winners one after the other. That is what makes it fast: each pair that has
 * been compared need never be compared again, and n timers cost n log n
 * comparisons, in whatever order they come.
 */
#include "timer_future.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>

#include "clock.h"
#include "executor.h"

static inline TimerFuture *timer_future_of(Future *future) {
    return (TimerFuture *)future;
}

//! [heap]
static bool is_earlier(const TimerFuture *timer, const TimerFuture *other) {
    return timer->deadline_ns != other->deadline_ns
               ? timer->deadline_ns < other->deadline_ns
               : timer->number < other->number;
}

/* Makes one heap of two: the later root becomes a child of the earlier one. */
static TimerFuture *merge(TimerFuture *a, TimerFuture *b) {
    if (a == NULL || b == NULL) {
        return a != NULL ? a : b;
    }
    TimerFuture *root = is_earlier(b, a) ? b : a;
    TimerFuture *child = root == a ? b : a;
    child->next = root->child;
    if (child->next != NULL) {
        child->next->link = &child->next;
    }
    child->link = &root->child;
    root->child = child;
    return root;
}

/* Makes one heap of a row of children. */
static TimerFuture *merge_row(TimerFuture *row) {
    TimerFuture *winners = NULL; /* linked by `next`, the last one in front */
    while (row != NULL) {
        TimerFuture *a = row;
        TimerFuture *b = a->next;
        row = b != NULL ? b->next : NULL;
        TimerFuture *winner = merge(a, b);
        winner->next = winners;
        winners = winner;
    }
    TimerFuture *root = NULL;
    while (winners != NULL) {
        TimerFuture *winner = winners;
        winners = winner->next;
        root = merge(root, winner);
    }
    return root;
}

static void heap_insert(TimerHeap *heap, TimerFuture *timer) {
    timer->heap = heap;
    timer->number = heap->count++;
    timer->child = NULL;
    heap->root = merge(heap->root, timer);
}

static void heap_remove(TimerFuture *timer) {
    TimerHeap *heap = timer->heap;
    if (timer == heap->root) {
        heap->root = NULL;
    } else {
        *timer->link = timer->next;
        if (timer->next != NULL) {
            timer->next->link = timer->link;
        }
    }
    heap->root = merge(heap->root, merge_row(timer->child));
    timer->heap = NULL;
}
//! [heap]

uint64_t timer_heap_deadline_ns(const TimerHeap *heap) {
    return heap->root != NULL ? heap->root->deadline_ns : DEADLINE_NEVER;
}

//! [expired]
/*
 * Out of the heap, then woken: a waker is code of others, which may end this
 * timer, or others of the heap.
 */
void timer_heap_wake_expired(TimerHeap *heap) {
    if (heap->root == NULL) {
        return;
    }
    uint64_t now_ns = clock_now_ns();
    while (timer_heap_deadline_ns(heap) <= now_ns) {
        TimerFuture *timer = heap->root;
        heap_remove(timer);
        waker_wake(&timer->waiter.waker);
    }
}
//! [expired]

void timer_heap_deinit(TimerHeap *heap, WaiterList *waiters) {
    while (heap->root != NULL) {
        TimerFuture *timer = heap->root;
        heap_remove(timer);
        timer->result = -ECANCELED;
        Waiter *waiter = &timer->waiter;
        (void)waiter_list_put(waiters, waiter, waker_take(&waiter->waker));
    }
}

/* The heap of this thread's executor, unless the timer is in another one. */
static TimerHeap *heap_for(const TimerFuture *self) {
    Executor *executor = local_executor();
    TimerHeap *heap = executor != NULL ? executor_timers(executor) : NULL;
    bool here = heap != NULL && (self->heap == NULL || self->heap == heap);
    assert(here && "a timer is used on the thread of its executor");
    return here ? heap : NULL;
}

//! [poll]
static Poll timer_future_poll(Future *future, Context *context) {
    TimerFuture *self = timer_future_of(future);
    if (self->result != 0 || clock_now_ns() >= self->deadline_ns) {
        future_drop(future); /* it may be polled before it is woken */
        return POLL_READY;
    }
    Waker kept = waker_clone(context->waker);
    TimerHeap *heap = heap_for(self);
    if (heap == NULL) {
        self->result = -EPERM;
        waker_drop(&kept);
        return POLL_READY;
    }
    Waker previous = self->waiter.waker;
    self->waiter.waker = kept;
    if (self->heap == NULL) {
        heap_insert(heap, self);
    }
    waker_drop(&previous);
    return POLL_PENDING;
}

static void timer_future_drop(Future *future) {
    TimerFuture *self = timer_future_of(future);
    if (self->heap != NULL) {
        if (heap_for(self) == NULL) {
            return;
        }
        heap_remove(self);
    }
    waiter_remove(&self->waiter);
}
//! [poll]

void timer_future_init(TimerFuture *self, uint64_t deadline_ns) {
    static const FutureVtable vtable = {timer_future_poll, timer_future_drop};
    *self = (TimerFuture){.future = {&vtable}, .deadline_ns = deadline_ns};
}
