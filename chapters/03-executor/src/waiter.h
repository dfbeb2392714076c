/** @file
 * The futures that wait for the same thing. A future that waits puts a node
 * into a list. The node is a part of the future, so waiting cannot fail, and a
 * future that is dropped takes out its own node and no other. A list is a ring:
 * a node can leave without knowing which list it is in.
 * Pointers are borrowed, unless said to be owned. Rules: docs/headers.md. */
#ifndef WAITER_H
#define WAITER_H

#include <stdbool.h>
#include <stddef.h>

#include "waker.h"

/** A node's neighbours in its ring; `NULL` while it is in no list. */
typedef struct WaiterLink {
    struct WaiterLink *prev, *next;
} WaiterLink;

/** One future's node. All zero is in no list. */
typedef struct Waiter {
    WaiterLink link; /**< The first member, so both have the same address. */
    Waker waker;     /**< Of the task that waits; empty while in no list. */
} Waiter;

/** The nodes that wait, in order of arrival. */
typedef struct WaiterList {
    WaiterLink ends; /**< `next` is the first waiter, `prev` the last. */
} WaiterList;

/** Makes an empty list. */
void waiter_list_init(WaiterList *list);

/** Whether no node is in a list. */
static inline bool waiter_list_is_empty(const WaiterList *list) {
    return list->ends.next == &list->ends;
}

/** Puts a node at the end, with a clone of the waker, until it is woken or
 * taken out. If it is there already, it stays and keeps the latest waker. It
 * must be in no other list. */
void waiter_list_insert(WaiterList *list, Waiter *waiter, const Waker *waker);

/** As waiter_list_insert(), under a lock: owns `waker` itself, calls nothing of
 * the wakers', and returns the waker that the node had, often empty. */
Waker waiter_list_put(WaiterList *list, Waiter *waiter, Waker waker);

/** Whether a node is in a list. */
static inline bool waiter_is_waiting(const Waiter *waiter) {
    return waiter->link.next != NULL;
}

/** Takes a node out of its list, if it is in one, and drops its waker. */
void waiter_remove(Waiter *waiter);

/** As waiter_remove(), but returns the waker; empty if it was in no list. */
Waker waiter_take(Waiter *waiter);

/** Moves all nodes to the end of another list, in their order. */
void waiter_list_move(WaiterList *from, WaiterList *to);

/** Takes the first node out and returns its waker; or an empty one. If only one
 * is woken, and its future dropped before its poll, pass the wake-up on. */
Waker waiter_list_take_first(WaiterList *list);

/** Wakes all, but none that is put in meanwhile. A waker may free the list. */
void waiter_list_wake_all(WaiterList *list);

#endif
