/**
 * @file
 * A wake-up that knows whom it wakes.
 *
 * A waker is two pointers: some data, which names the task, and a table of
 * four functions, which know what the data is. Whoever keeps a waker owns a
 * reference to that task and has to give it back, once: by waking with it or by
 * dropping it. Each entry says in one word what it does with that reference:
 * it borrows it (leaves it alone), or it consumes it (gives it back).
 *
 * All of it may be called on any thread, at any time, also when the task has
 * long completed: then waking does nothing.
 */
#ifndef WAKER_H
#define WAKER_H

#include <stdbool.h>

/** What a kind of waker can do. Rust: `RawWakerVTable`. */
typedef struct WakerVtable {
    /** Borrows `data`; returns the data of a second waker of the same task. */
    void *(*clone)(void *data);
    /** Consumes `data`: wakes the task. */
    void (*wake)(void *data);
    /** Borrows `data`: wakes the task. */
    void (*wake_by_ref)(void *data);
    /** Consumes `data`: wakes nobody. */
    void (*drop)(void *data);
} WakerVtable;

/**
 * One reference to a task that can be woken. Rust: `Waker`.
 *
 * All zero is an empty waker: it wakes nobody, and nothing is owned.
 */
typedef struct Waker {
    /** Whom to wake; only the functions of `vtable` look inside. */
    void *data;
    /** How; `NULL` in an empty waker. */
    const WakerVtable *vtable;
} Waker;

/**
 * Whether there is nobody to wake.
 *
 * @param[in] waker  borrowed.
 * @return true for an empty waker.
 */
bool waker_is_empty(const Waker *waker);

/**
 * Whether two wakers wake the same task, so that one of them is enough.
 *
 * @param[in] waker  borrowed.
 * @param[in] other  borrowed.
 * @return true if they surely do; false if they may not.
 */
bool waker_will_wake(const Waker *waker, const Waker *other);

/**
 * Makes a second waker of the same task.
 *
 * @param[in] waker  borrowed.
 * @return a waker that the caller owns.
 */
Waker waker_clone(const Waker *waker);

/**
 * Wakes the task and gives the reference back.
 *
 * @param[in,out] waker  consumed, and left empty; nothing happens if it was.
 */
void waker_wake(Waker *waker);

/**
 * Wakes the task and keeps the reference.
 *
 * @param[in] waker  borrowed; not empty.
 */
void waker_wake_by_ref(const Waker *waker);

/**
 * Gives the reference back without waking anybody.
 *
 * @param[in,out] waker  consumed, and left empty; nothing happens if it was.
 */
void waker_drop(Waker *waker);

/**
 * Takes a waker out of the place where it was kept.
 *
 * @param[in,out] slot  left empty.
 * @return what was in it; the caller owns it. Rust: `Option::take`.
 */
Waker waker_take(Waker *slot);

/**
 * Keeps the latest waker in place of an earlier one. Rust: `clone_from`.
 *
 * @param[in,out] slot  owns a waker or is empty; afterwards, one of `latest`'s
 *                      task. Nothing is cloned if it has that already.
 * @param[in] latest    borrowed.
 */
void waker_clone_from(Waker *slot, const Waker *latest);

#endif
