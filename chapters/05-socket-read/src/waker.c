#include "waker.h"

#include <assert.h>
#include <stddef.h>

bool waker_is_empty(const Waker *waker) {
    return waker->vtable == NULL;
}

bool waker_will_wake(const Waker *waker, const Waker *other) {
    return waker->data == other->data && waker->vtable == other->vtable;
}

Waker waker_clone(const Waker *waker) {
    assert(!waker_is_empty(waker) && "an empty waker cannot be cloned");
    return (Waker){waker->vtable->clone(waker->data), waker->vtable};
}

Waker waker_take(Waker *slot) {
    Waker taken = *slot;
    *slot = (Waker){0};
    return taken;
}

//! [consume]
/* What is consumed leaves the caller's hands first: no second wake or drop. */
void waker_wake(Waker *waker) {
    Waker owned = waker_take(waker);
    if (!waker_is_empty(&owned)) {
        owned.vtable->wake(owned.data);
    }
}

void waker_wake_by_ref(const Waker *waker) {
    assert(!waker_is_empty(waker) && "an empty waker wakes nobody");
    waker->vtable->wake_by_ref(waker->data);
}

void waker_drop(Waker *waker) {
    Waker owned = waker_take(waker);
    if (!waker_is_empty(&owned)) {
        owned.vtable->drop(owned.data);
    }
}
//! [consume]

//! [clone_from]
void waker_clone_from(Waker *slot, const Waker *latest) {
    if (!waker_will_wake(slot, latest)) {
        waker_drop(slot);
        *slot = waker_clone(latest);
    }
}
//! [clone_from]
