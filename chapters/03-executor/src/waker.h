/** @file
 * A wake-up that knows whom it wakes.
 *
 * A waker is two pointers: some data, which names the task, and four functions,
 * which know what the data is. One that is kept owns a reference to the task,
 * and may be used on any thread, also when the task has long completed. One
 * that is lent for a poll stays on its thread (Rust's need not): clone it.
 * Signal handlers use none: it may take a lock, and free memory.
 *
 * When it wakes or is dropped, it may do whatever its thread may do, but not
 * wait, nor end the future that is calling it. So: take it out of the slot
 * where it was kept, let go of every lock, THEN call. To clone is only to make
 * the copy.
 * Pointers are borrowed, unless said to be owned. Rules: docs/headers.md. */
#ifndef WAKER_H
#define WAKER_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

/** What a kind of waker can do. Rust: `RawWakerVTable`. */
typedef struct WakerVtable {
    void *(*clone)(void *data); /**< Borrows; returns a second waker's data. */
    void (*wake)(void *data);   /**< Consumes: wakes the task. */
    void (*wake_by_ref)(void *data); /**< Borrows: wakes the task. */
    void (*drop)(void *data);        /**< Consumes: does not wake. */
} WakerVtable;

/** One reference to a task. Rust: `Waker`. All zero is empty: waking or
 * dropping it does nothing. */
typedef struct Waker {
    void *data; /**< Names the task; only `vtable`'s functions look inside. */
    const WakerVtable *vtable; /**< `NULL` in an empty waker. */
} Waker;

/** Whether there is no task to wake. */
static inline bool waker_is_empty(const Waker *waker) {
    return waker->vtable == NULL;
}

/** Whether two wakers surely wake the same task, so that one is enough. */
static inline bool waker_will_wake(const Waker *waker, const Waker *other) {
    return waker->data == other->data && waker->vtable == other->vtable;
}

/** Makes a second waker of the task of one that is not empty. */
static inline Waker waker_clone(const Waker *waker) {
    assert(!waker_is_empty(waker) && "an empty waker cannot be cloned");
    return (Waker){waker->vtable->clone(waker->data), waker->vtable};
}

//! [take]
/** Takes a waker out of its slot, which is left empty. Rust: `Option::take`. */
static inline Waker waker_take(Waker *slot) {
    Waker taken = *slot;
    *slot = (Waker){0};
    return taken;
}
//! [take]

//! [consume]
/** Wakes the task and gives the reference back. Empties the waker first. */
static inline void waker_wake(Waker *waker) {
    Waker owned = waker_take(waker);
    if (!waker_is_empty(&owned)) {
        owned.vtable->wake(owned.data);
    }
}

/** Gives the reference back without waking. Empties the waker first. */
static inline void waker_drop(Waker *waker) {
    Waker owned = waker_take(waker);
    if (!waker_is_empty(&owned)) {
        owned.vtable->drop(owned.data);
    }
}
//! [consume]

/** Wakes the task of a waker that is not empty, and keeps the reference. */
static inline void waker_wake_by_ref(const Waker *waker) {
    assert(!waker_is_empty(waker) && "an empty waker wakes nothing");
    waker->vtable->wake_by_ref(waker->data);
}

//! [clone_from]
/** Replaces the waker in a slot by a clone of the latest one, unless both wake
 * the same task. Rust: `clone_from`. */
static inline void waker_clone_from(Waker *slot, const Waker *latest) {
    if (!waker_will_wake(slot, latest)) {
        Waker clone = waker_clone(latest);
        Waker previous = *slot;
        *slot = clone;
        waker_drop(&previous);
    }
}
//! [clone_from]

#endif
