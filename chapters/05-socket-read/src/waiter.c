#include "waiter.h"

void waiter_list_init(WaiterList *list) {
    list->ends = (WaiterLink){&list->ends, &list->ends};
}

//! [insert]
Waker waiter_list_put(WaiterList *list, Waiter *waiter, Waker waker) {
    Waker previous = waiter->waker;
    waiter->waker = waker;
    if (!waiter_is_waiting(waiter)) {
        waiter->link = (WaiterLink){list->ends.prev, &list->ends};
        waiter->link.prev->next = &waiter->link;
        waiter->link.next->prev = &waiter->link;
    }
    return previous;
}

void waiter_list_insert(WaiterList *list, Waiter *waiter, const Waker *waker) {
    if (!waiter_is_waiting(waiter) || !waker_will_wake(&waiter->waker, waker)) {
        Waker previous = waiter_list_put(list, waiter, waker_clone(waker));
        waker_drop(&previous);
    }
}
//! [insert]

//! [remove]
Waker waiter_take(Waiter *waiter) {
    if (waiter_is_waiting(waiter)) {
        waiter->link.prev->next = waiter->link.next;
        waiter->link.next->prev = waiter->link.prev;
        waiter->link = (WaiterLink){NULL, NULL};
    }
    return waker_take(&waiter->waker);
}

void waiter_remove(Waiter *waiter) {
    Waker waker = waiter_take(waiter);
    waker_drop(&waker);
}
//! [remove]

void waiter_list_move(WaiterList *from, WaiterList *to) {
    if (!waiter_list_is_empty(from)) {
        from->ends.next->prev = to->ends.prev;
        to->ends.prev->next = from->ends.next;
        from->ends.prev->next = &to->ends;
        to->ends.prev = from->ends.prev;
        waiter_list_init(from);
    }
}

Waker waiter_list_take_first(WaiterList *list) {
    bool empty = waiter_list_is_empty(list);
    return empty ? (Waker){0} : waiter_take((Waiter *)list->ends.next);
}

//! [wake_all]
/*
 * Move out, then call. A waker is code of others: it may drop the future that
 * stands next in line, which then leaves `woken` by itself. It may begin to
 * wait again, in `list`. Or it may end the owner of the list.
 */
void waiter_list_wake_all(WaiterList *list) {
    WaiterList woken;
    waiter_list_init(&woken);
    waiter_list_move(list, &woken);
    while (!waiter_list_is_empty(&woken)) {
        Waker waker = waiter_list_take_first(&woken);
        waker_wake(&waker);
    }
}
//! [wake_all]
