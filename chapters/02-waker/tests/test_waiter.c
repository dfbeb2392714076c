#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "probe.h"
#include "waiter.h"

enum { A, B, C, D, TASKS };

static ProbeWaker tasks[TASKS];
static Waiter nodes[TASKS];
static WaiterList list;

static void set_up(void) {
    static const char *const names[TASKS] = {"A", "B", "C", "D"};
    for (int i = 0; i < TASKS; i++) {
        probe_waker_init(&tasks[i], names[i]);
    }
    memset(&list, 0x5a, sizeof list);
    waiter_list_init(&list);
}

static void assert_nothing_left(void) {
    cr_assert(waiter_list_is_empty(&list),
              "All were woken or removed, and the list is not empty.");
    for (int i = 0; i < TASKS; i++) {
        cr_assert(!waiter_is_waiting(&nodes[i]),
                  "The node of %s was woken or removed, and says that it still "
                  "waits.",
                  tasks[i].name);
        assert_balanced(&tasks[i]);
    }
}

TestSuite(waiter, .init = set_up, .timeout = 60);

/* The node waits for the task. */
static void insert(int node, int task) {
    Waker lent = probe_waker_lend(&tasks[task]);
    waiter_list_insert(&list, &nodes[node], &lent);
}

/* So many nodes, in a ring that is the same in both directions. */
static void assert_ring(int nodes_in_it) {
    int seen = 0;
    WaiterLink *link = &list.ends;
    do {
        cr_assert(link->next != NULL && link->next->prev == link,
                  "After a node came or went its neighbours are not each "
                  "other's neighbours: both of them have a link to change.");
        link = link->next;
        seen += 1;
    } while (link != &list.ends && seen <= TASKS);
    cr_assert(seen - 1 == nodes_in_it, "%d nodes wait, and the list has %s%d.",
              nodes_in_it, seen > TASKS ? "more than " : "", seen - 1);
}

static void insert_a_b_c(void) {
    insert(A, A);
    insert(B, B);
    insert(C, C);
    assert_ring(3);
}

Test(waiter, in_no_list_waits_for_nothing, .timeout = 60) {
    cr_assert(!waiter_is_waiting(&nodes[A]),
              "A node of zeroes is in no list, and says that it waits.");
    waiter_remove(&nodes[A]);
    Waker taken = waiter_take(&nodes[A]);
    cr_assert(waker_is_empty(&taken),
              "A node that was in no list gave a waker away: it has none.");
    assert_nothing_left();
}

Test(waiter, list_of_nobody_wakes_nobody, .timeout = 60) {
    cr_assert(waiter_list_is_empty(&list),
              "Nobody waits in a new list, and it says that somebody does.");
    waiter_list_wake_all(&list);
    Waker taken = waiter_list_take_first(&list);
    cr_assert(waker_is_empty(&taken), "An empty list gave a waker away.");
    assert_nothing_left();
}

Test(waiter, inserted_keeps_a_clone_and_waits, .timeout = 60) {
    insert(A, A);
    cr_assert(tasks[A].held == 1,
              "The waker was lent for the call only: to keep it, the node has "
              "to clone it. It holds %d clones.",
              tasks[A].held);
    cr_assert(waiter_is_waiting(&nodes[A]) && !waiter_list_is_empty(&list),
              "A node was put into the list, and one of the two denies it.");
    waiter_remove(&nodes[A]);
    assert_nothing_left();
}

Test(waiter, all_are_woken_in_order_of_arrival, .timeout = 60) {
    insert_a_b_c();
    waiter_list_wake_all(&list);
    assert_trace("wake A, wake B, wake C",
                 "Three wait. Each is woken once, the first first.");
    assert_nothing_left();
}

Test(waiter, woken_is_not_woken_again, .timeout = 60) {
    insert_a_b_c();
    waiter_list_wake_all(&list);
    waiter_list_wake_all(&list);
    assert_trace(
        "wake A, wake B, wake C",
        "Who was woken has left the list: the next call finds nobody.");
    assert_nothing_left();
}

Test(waiter, removed_takes_out_its_own_node_only, .timeout = 60) {
    static const char *const left[] = {
        "wake B, wake C",
        "wake A, wake C",
        "wake A, wake B",
    };
    for (int i = A; i <= C; i++) {
        trace_clear();
        insert_a_b_c();
        waiter_remove(&nodes[i]);
        cr_assert(tasks[i].held == 0,
                  "The node of %s was removed and keeps its waker: the task "
                  "can never be freed.",
                  tasks[i].name);
        assert_ring(2);
        waiter_list_wake_all(&list);
        assert_ring(0);
        assert_trace(left[i], "One of three nodes was removed: the other two "
                              "go on waiting, in their order.");
    }
    assert_nothing_left();
}

Test(waiter, inserted_again_keeps_its_place_and_the_latest_waker,
     .timeout = 60) {
    insert(A, A);
    insert(B, B);
    insert(A, C);
    assert_ring(2);
    cr_assert(tasks[A].held == 0,
              "A later waker took the place of an earlier one, which was not "
              "dropped: its task can never be freed.");
    waiter_list_wake_all(&list);
    assert_trace("wake C, wake B",
                 "The first node was given another waker. It keeps its place "
                 "and is woken with the latest one only.");
    assert_nothing_left();
}

Test(waiter, same_task_again_clones_nothing, .timeout = 60) {
    for (int i = 0; i < 10; i++) {
        insert(A, A);
    }
    cr_assert(tasks[A].clones == 1,
              "The node has a waker of this task already, and it was cloned "
              "%d times: ask waker_will_wake() first.",
              tasks[A].clones);
    waiter_list_wake_all(&list);
    assert_trace("wake A", "A node is in its list once, however often it is "
                           "inserted.");
    assert_nothing_left();
}

Test(waiter, woken_may_wait_again, .timeout = 60) {
    for (int i = 0; i < 3; i++) {
        insert(A, A);
        waiter_list_wake_all(&list);
    }
    assert_trace("wake A, wake A, wake A",
                 "A node that was woken may be inserted again.");
    assert_nothing_left();
}

static void look_at_the_node(ProbeWaker *self, const char *what) {
    (void)self;
    cr_assert(*what != 'w' || (!waiter_is_waiting(&nodes[A]) &&
                               waker_is_empty(&nodes[A].waker)),
              "While a waker is called its node is still in the list: take it "
              "out first, since the one who is woken may free it.");
    cr_assert(*what != 'd' || nodes[A].waker.data != self,
              "While a waker is dropped it still stands in its node, where "
              "the code that runs may find it and drop it again: take it out "
              "first.");
}

Test(waiter, is_out_of_the_list_when_its_waker_is_called, .timeout = 60) {
    tasks[A].hook = look_at_the_node;
    insert(A, A);
    waiter_list_wake_all(&list);
    insert(A, A);
    waiter_remove(&nodes[A]);
    insert(A, A);
    insert(A, B);
    waiter_remove(&nodes[A]);
    assert_nothing_left();
}

static void wake_all(ProbeWaker *self, const char *what) {
    (void)what;
    self->hook = NULL;
    waiter_list_wake_all(&list);
}

Test(waiter, may_be_woken_while_its_latest_waker_is_cloned, .timeout = 60) {
    insert(A, A);
    tasks[B].hook = wake_all;
    insert(A, B);
    waiter_list_wake_all(&list);
    assert_trace(
        "wake A, wake B",
        "The node was woken while a later waker was being cloned for "
        "it. The clone is made first, and then the node is looked at.");
    assert_nothing_left();
}

static void remove_a(ProbeWaker *self, const char *what) {
    if (*what == 'd') {
        self->hook = NULL;
        waiter_remove(&nodes[A]);
    }
}

Test(waiter, may_be_removed_while_its_earlier_waker_is_dropped, .timeout = 60) {
    tasks[A].hook = remove_a;
    insert(A, A);
    insert(A, B);
    cr_assert(tasks[B].held == 0,
              "The node was removed while its earlier waker was being dropped, "
              "and the later one is still held: it has to stand in the node "
              "before any code of others is called.");
    assert_nothing_left();
}

/* --- What a waker may do while all are woken -------------------------------*/

static void remove_b(ProbeWaker *self, const char *what) {
    (void)self;
    if (*what == 'w') {
        waiter_remove(&nodes[B]);
        memset(&nodes[B], 0, sizeof nodes[B]);
    }
}

Test(waiter, next_in_line_may_leave, .timeout = 60) {
    tasks[A].hook = remove_b;
    insert_a_b_c();
    waiter_list_wake_all(&list);
    assert_trace("wake A, wake C",
                 "The first waker removed the second node. That one is not "
                 "woken any more, and the third one is.");
    assert_nothing_left();
}

static void remove_b_and_c(ProbeWaker *self, const char *what) {
    remove_b(self, what);
    if (*what == 'w') {
        waiter_remove(&nodes[C]);
    }
}

Test(waiter, all_others_may_leave, .timeout = 60) {
    tasks[A].hook = remove_b_and_c;
    insert_a_b_c();
    waiter_list_wake_all(&list);
    assert_trace("wake A", "The first waker removed the other two nodes, so "
                           "they are not woken any more.");
    assert_nothing_left();
}

static void wait_again(ProbeWaker *self, const char *what) {
    if (*what == 'w') {
        cr_assert(self->wakes < 10,
                  "One call woke the same task %d times: who begins to wait "
                  "meanwhile waits for the next time.",
                  self->wakes);
        insert(A, A);
    }
}

Test(waiter, waiting_again_meanwhile_is_for_the_next_time, .timeout = 60) {
    tasks[A].hook = wait_again;
    insert_a_b_c();
    waiter_list_wake_all(&list);
    assert_trace("wake A, wake B, wake C",
                 "The first waker put its node into the list again: that is "
                 "for the next time.");
    cr_assert(waiter_is_waiting(&nodes[A]),
              "A node that was inserted while all were woken is in no list.");
    tasks[A].hook = NULL;
    waiter_list_wake_all(&list);
    assert_wakes(&tasks[A], 2,
                 "The node that was inserted while all were "
                 "woken is to be woken the next time.");
    assert_nothing_left();
}

Test(waiter, others_may_be_woken_from_within, .timeout = 60) {
    insert_a_b_c();
    tasks[A].hook = wake_all;
    waiter_list_wake_all(&list);
    cr_assert(tasks[A].wakes == 1 && tasks[B].wakes == 1 && tasks[C].wakes == 1,
              "A waker called waiter_list_wake_all() for the same list. Each "
              "of the three is woken once; they were woken %d, %d and %d "
              "times.",
              tasks[A].wakes, tasks[B].wakes, tasks[C].wakes);
    assert_nothing_left();
}

static WaiterList *owned;

static void free_the_list(ProbeWaker *self, const char *what) {
    (void)self;
    if (*what == 'w') {
        memset(owned, 0x5a, sizeof *owned);
        free(owned);
    }
}

Test(waiter, list_may_be_freed_from_within, .timeout = 60) {
    owned = malloc(sizeof *owned);
    cr_assert(owned != NULL, "There is no memory for this test.");
    waiter_list_init(owned);
    tasks[A].hook = free_the_list;
    for (int i = A; i <= C; i++) {
        Waker lent = probe_waker_lend(&tasks[i]);
        waiter_list_insert(owned, &nodes[i], &lent);
    }
    waiter_list_wake_all(owned);
    assert_trace("wake A, wake B, wake C",
                 "The first waker freed the list. All who waited in it have "
                 "left it before the first of them is called.");
    assert_nothing_left();
}

/* --- The parts, for lists under a lock ------------------------------------ */

static void fail_when_called(ProbeWaker *self, const char *what) {
    cr_assert_fail("The %s of a waker of %s was called, and this function is "
                   "for use under a lock: it calls nothing.",
                   what, self->name);
}

Test(waiter, put_and_take_call_nothing, .timeout = 60) {
    Waker of_a = probe_waker_lend(&tasks[A]);
    Waker of_b = probe_waker_lend(&tasks[B]);
    tasks[A].hook = fail_when_called;
    tasks[B].hook = fail_when_called;
    Waker previous = waiter_list_put(&list, &nodes[A], of_a);
    cr_assert(waker_is_empty(&previous),
              "The node had no waker, and another one was given back.");
    previous = waiter_list_put(&list, &nodes[A], of_b);
    cr_assert(waker_will_wake(&previous, &of_a),
              "The node had a waker of A, and not that one was given back: "
              "the caller has to drop it, outside the lock.");
    Waker taken = waiter_take(&nodes[A]);
    cr_assert(waker_will_wake(&taken, &of_b),
              "The node had a waker of B, and waiter_take() gave another one.");
    cr_assert(waker_is_empty(&nodes[A].waker),
              "The waker was taken and still stands in its node: two owners.");
    assert_nothing_left();
}

Test(waiter, take_first_follows_the_order_of_arrival, .timeout = 60) {
    insert_a_b_c();
    for (int i = A; i <= C; i++) {
        Waker taken = waiter_list_take_first(&list);
        cr_assert(taken.data == &tasks[i],
                  "The first of the list is %s, and another waker was taken.",
                  tasks[i].name);
        waker_drop(&taken);
    }
    assert_nothing_left();
}

Test(waiter, move_takes_all_and_keeps_their_order, .timeout = 60) {
    WaiterList other;
    waiter_list_init(&other);
    insert_a_b_c();
    waiter_list_move(&list, &other);
    cr_assert(waiter_list_is_empty(&list),
              "All nodes were moved to another list, and some are still here.");
    insert(D, D);
    waiter_remove(&nodes[A]);
    waiter_list_wake_all(&other);
    assert_trace("wake B, wake C",
                 "Three nodes were moved and the first of them removed: the "
                 "other list has the second and the third, in their order.");
    waiter_list_wake_all(&list);
    assert_wakes(&tasks[D], 1,
                 "A node came after the move: it is to be woken "
                 "with the list that it came to, once.");
    cr_assert(waiter_list_is_empty(&other), "All were woken, and the other "
                                            "list is not empty.");
    assert_nothing_left();
}

Test(waiter, move_comes_after_those_who_wait_there, .timeout = 60) {
    WaiterList other;
    waiter_list_init(&other);
    Waker of_d = probe_waker_lend(&tasks[D]);
    waiter_list_insert(&other, &nodes[D], &of_d);
    insert(A, A);
    insert(B, B);
    waiter_list_move(&list, &other);
    waiter_list_move(&other, &list);
    assert_ring(3);
    waiter_list_wake_all(&list);
    assert_trace("wake D, wake A, wake B",
                 "Two nodes were moved to a list with one: those who waited "
                 "there stay in front.");
    assert_nothing_left();
}

Test(waiter, move_of_an_empty_list_changes_nothing, .timeout = 60) {
    WaiterList other;
    waiter_list_init(&other);
    insert_a_b_c();
    waiter_list_move(&other, &list);
    assert_ring(3);
    waiter_list_wake_all(&list);
    assert_trace("wake A, wake B, wake C",
                 "An empty list was moved: the other one keeps its nodes.");
    assert_nothing_left();
}
