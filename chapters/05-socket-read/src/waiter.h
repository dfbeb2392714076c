/**
 * @file
 * The futures that wait for the same thing.
 *
 * A future that waits puts a node into a list: the node is a part of the
 * future, so waiting allocates nothing and cannot fail. Each future has a node
 * of its own. So any number may wait for one socket, and a future that is
 * dropped takes its own node out, and no other.
 *
 * A list is a ring: its two ends are neighbours. A node can therefore leave
 * without knowing the list that it is in.
 */
#ifndef WAITER_H
#define WAITER_H

#include <stdbool.h>
#include <stddef.h>

#include "waker.h"

/** A place in a ring. */
typedef struct WaiterLink {
    /** Neighbours; `NULL` while the node is in no list. */
    struct WaiterLink *prev, *next;
} WaiterLink;

/** One future's node. All zero waits for nothing. */
typedef struct Waiter {
    /** Where it stands; the first member, so both have the same address. */
    WaiterLink link;
    /** Of the task that waits; empty while the node is in no list. */
    Waker waker;
} Waiter;

/** Who waits, in order of arrival. It must not be moved. */
typedef struct WaiterList {
    /** `next` is the first waiter, `prev` the last. */
    WaiterLink ends;
} WaiterList;

/**
 * Makes an empty list.
 *
 * @param[out] list  memory of the caller's; holds nothing to release while
 *                   it is empty.
 */
void waiter_list_init(WaiterList *list);

/**
 * Whether a list is empty.
 *
 * @param[in] list  borrowed.
 * @return true if no node is in it.
 */
static inline bool waiter_list_is_empty(const WaiterList *list) {
    return list->ends.next == &list->ends;
}

/**
 * Puts a node at the end, with a clone of the waker. If it is in the list
 * already, it stays where it is and keeps the latest waker.
 *
 * @param[in,out] list    borrowed.
 * @param[in,out] waiter  borrowed until it is woken or removed; in no other
 *                        list.
 * @param[in] waker       borrowed.
 */
void waiter_list_insert(WaiterList *list, Waiter *waiter, const Waker *waker);

/**
 * As waiter_list_insert(), and calls nothing of the wakers': for a list that
 * is under a lock.
 *
 * @param[in,out] list    borrowed.
 * @param[in,out] waiter  as above.
 * @param[in] waker       owned by the node from now on.
 * @return the waker that the node had, which the caller owns; often empty.
 */
Waker waiter_list_put(WaiterList *list, Waiter *waiter, Waker waker);

/**
 * Whether a node waits to be woken.
 *
 * @param[in] waiter  borrowed.
 * @return true while it is in a list.
 */
static inline bool waiter_is_waiting(const Waiter *waiter) {
    return waiter->link.next != NULL;
}

/**
 * Takes a node out of its list, without waking its task.
 *
 * @param[in,out] waiter  its waker is dropped; nothing happens if it is in no
 *                        list.
 */
void waiter_remove(Waiter *waiter);

/**
 * As waiter_remove(), and calls nothing of the waker's.
 *
 * @param[in,out] waiter  in no list afterwards.
 * @return its waker, which the caller owns; empty if it was in no list.
 */
Waker waiter_take(Waiter *waiter);

/**
 * Moves all nodes to the end of another list, in their order.
 *
 * @param[in,out] from  left empty.
 * @param[in,out] to    borrowed.
 */
void waiter_list_move(WaiterList *from, WaiterList *to);

/**
 * Takes the first node out, to wake it. If only one of several is woken, mind
 * that its future may be dropped before it is polled: then the wake-up has to be
 * passed on to the next.
 *
 * @param[in,out] list  borrowed.
 * @return its waker, which the caller owns; empty if the list is.
 */
Waker waiter_list_take_first(WaiterList *list);

/**
 * Wakes all, the first first. A node that is put in meanwhile waits for the
 * next time.
 *
 * @param[in,out] list  borrowed for the move only: a waker that is called may
 *                      even free it.
 */
void waiter_list_wake_all(WaiterList *list);

#endif
