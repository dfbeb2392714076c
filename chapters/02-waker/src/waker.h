/**
 * @file
 * A wake-up that knows whom it wakes.
 *
 * A waker is two pointers: some data, which names the task, and a table of
 * four functions, which know what the data is. A waker that is kept owns a
 * reference to that task, which is given back once: by waking with it or by
 * dropping it. Each entry says in one word what it does with that reference:
 * it borrows it (leaves it alone), or it consumes it (gives it back).
 *
 * All of it may be called on any thread, also when the task has long completed:
 * then waking does nothing. Only a signal handler is no place for it: waking
 * may take a lock, and the last one to drop frees memory.
 *
 * A waker of your own may do, when it wakes or is dropped, whatever its thread
 * may do anywhere: open and close sockets, spawn, wake, drop other futures. The
 * caller keeps to one rule for that: take the waker out of the slot where it
 * was kept, let go of every lock, THEN call. Two things it must not do: wait,
 * since its caller waits with it; and end the future that is calling it. To
 * clone is only to make the copy: a future clones between its look and its
 * registration, and what happened there might be missed.
 */
#ifndef WAKER_H
#define WAKER_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

/** What a kind of waker can do. Rust: `RawWakerVTable`. */
typedef struct WakerVtable {
    /** Borrows `data`; returns the data of a second waker of the same task. */
    void *(*clone)(void *data);
    /** Consumes `data`: wakes the task. */
    void (*wake)(void *data);
    /** Borrows `data`: wakes the task. */
    void (*wake_by_ref)(void *data);
    /** Consumes `data`: does not wake. */
    void (*drop)(void *data);
} WakerVtable;

/**
 * One reference to a task that can be woken. Rust: `Waker`.
 *
 * All zero is an empty waker: it wakes no task and owns nothing.
 */
typedef struct Waker {
    /** Whom to wake; only the functions of `vtable` look inside. */
    void *data;
    /** How; `NULL` in an empty waker. */
    const WakerVtable *vtable;
} Waker;

/**
 * Whether there is no task to wake.
 *
 * @param[in] waker  borrowed.
 * @return true for an empty waker.
 */
static inline bool waker_is_empty(const Waker *waker) {
    return waker->vtable == NULL;
}

/**
 * Whether two wakers wake the same task, so that one of them is enough.
 *
 * @param[in] waker  borrowed.
 * @param[in] other  borrowed.
 * @return true if they surely do; false if they may not.
 */
static inline bool waker_will_wake(const Waker *waker, const Waker *other) {
    return waker->data == other->data && waker->vtable == other->vtable;
}

/**
 * Makes a second waker of the same task.
 *
 * @param[in] waker  borrowed; not empty.
 * @return a waker that the caller owns.
 */
static inline Waker waker_clone(const Waker *waker) {
    assert(!waker_is_empty(waker) && "an empty waker cannot be cloned");
    return (Waker){waker->vtable->clone(waker->data), waker->vtable};
}

//! [take]
/**
 * Takes a waker out of the slot where it was kept. Rust: `Option::take`.
 *
 * @param[in,out] slot  left empty.
 * @return what was in it; the caller owns it.
 */
static inline Waker waker_take(Waker *slot) {
    Waker taken = *slot;
    *slot = (Waker){0};
    return taken;
}
//! [take]

//! [consume]
/**
 * Wakes the task and gives the reference back.
 *
 * @param[in,out] waker  consumed, and left empty before the task is woken;
 *                       nothing happens if it was.
 */
static inline void waker_wake(Waker *waker) {
    Waker owned = waker_take(waker);
    if (!waker_is_empty(&owned)) {
        owned.vtable->wake(owned.data);
    }
}

/**
 * Gives the reference back without waking the task.
 *
 * @param[in,out] waker  consumed, and left empty; nothing happens if it was.
 */
static inline void waker_drop(Waker *waker) {
    Waker owned = waker_take(waker);
    if (!waker_is_empty(&owned)) {
        owned.vtable->drop(owned.data);
    }
}
//! [consume]

/**
 * Wakes the task and keeps the reference.
 *
 * @param[in] waker  borrowed; not empty.
 */
static inline void waker_wake_by_ref(const Waker *waker) {
    assert(!waker_is_empty(waker) && "an empty waker wakes nobody");
    waker->vtable->wake_by_ref(waker->data);
}

//! [clone_from]
/**
 * Keeps the latest waker in place of an earlier one. Rust: `clone_from`.
 *
 * @param[in,out] slot  owns a waker or is empty; afterwards, one of `latest`'s
 *                      task. Nothing is cloned if it has that already.
 * @param[in] latest    borrowed; not empty.
 */
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
