/*
 * What two threads do at the same moment, one step at a time.
 *
 * Here the sources are compiled once more, with a step() before each of their
 * atomic operations. So a test lets another thread's whole call happen between
 * any two of them, on every run: what a race would do once in a million times.
 */
#include "stage.h"

#include <stdatomic.h>

#include "mailbox.h"
#include "task.h"

/* Called between two steps, at step number `steps_left` from now. */
static int steps_left;
static void (*other_thread)(void);

static void step(void) {
    if (steps_left > 0 && --steps_left == 0) {
        other_thread();
    }
}

/* The operations as they are, for each type that the sources use. */
#define REAL(type, name)                                                       \
    static type load_##name(const volatile _Atomic(type) *place) {             \
        return atomic_load((volatile _Atomic(type) *)place);                   \
    }                                                                          \
    static void store_##name(volatile _Atomic(type) *place, type value) {      \
        atomic_store(place, value);                                            \
    }                                                                          \
    static type exchange_##name(volatile _Atomic(type) *place, type value) {   \
        return atomic_exchange(place, value);                                  \
    }

REAL(Task *, note)
REAL(unsigned, count)
REAL(bool, flag)

static unsigned add(atomic_uint *count, unsigned more) {
    return atomic_fetch_add(count, more);
}

static unsigned subtract(atomic_uint *count, unsigned less) {
    return atomic_fetch_sub(count, less);
}

static bool replace(_Atomic(Task *) *place, Task **expected, Task *task) {
    return atomic_compare_exchange_strong(place, expected, task);
}

#define FOR_TYPE(place, operation)                                             \
    _Generic((place), _Atomic(Task *) *                                        \
             : operation##_note, const _Atomic(Task *) *                       \
             : operation##_note, atomic_uint *                                 \
             : operation##_count, const atomic_uint *                          \
             : operation##_count, atomic_bool *                                \
             : operation##_flag, const atomic_bool *                           \
             : operation##_flag)

#undef atomic_load
#undef atomic_load_explicit
#undef atomic_store
#undef atomic_store_explicit
#undef atomic_exchange
#undef atomic_exchange_explicit
#undef atomic_fetch_add
#undef atomic_fetch_add_explicit
#undef atomic_fetch_sub
#undef atomic_fetch_sub_explicit
#undef atomic_compare_exchange_weak_explicit
#undef atomic_compare_exchange_strong_explicit
#define atomic_load(place) (step(), FOR_TYPE(place, load)(place))
#define atomic_load_explicit(place, order) atomic_load(place)
#define atomic_store(place, value)                                             \
    (step(), FOR_TYPE(place, store)(place, value))
#define atomic_store_explicit(place, value, order) atomic_store(place, value)
#define atomic_exchange(place, value)                                          \
    (step(), FOR_TYPE(place, exchange)(place, value))
#define atomic_exchange_explicit(place, value, order)                          \
    atomic_exchange(place, value)
#define atomic_fetch_add(place, more) (step(), add(place, more))
#define atomic_fetch_add_explicit(place, more, order)                          \
    atomic_fetch_add(place, more)
#define atomic_fetch_sub(place, less) (step(), subtract(place, less))
#define atomic_fetch_sub_explicit(place, less, order)                          \
    atomic_fetch_sub(place, less)
#define atomic_compare_exchange_weak_explicit(place, expected, task, yes, no)  \
    (step(), replace(place, expected, task))
#define atomic_compare_exchange_strong_explicit(place, expected, task, yes,    \
                                                no)                            \
    (step(), replace(place, expected, task))

/* Under other names, beside those that all other tests use. */
#define mailbox_init stepped_mailbox_init
#define mailbox_is_closed stepped_mailbox_is_closed
#define mailbox_push stepped_mailbox_push
#define mailbox_announce_sleep stepped_mailbox_announce_sleep
#define mailbox_take_all stepped_mailbox_take_all
#define mailbox_close stepped_mailbox_close
#define task_new stepped_task_new
#define task_run stepped_task_run
#define task_take_note stepped_task_take_note
#define task_cancel stepped_task_cancel
#define task_has_waker stepped_task_has_waker
#define task_retain stepped_task_retain
#define task_release stepped_task_release

bool mailbox_is_closed(const Mailbox *box);
Note mailbox_push(Mailbox *box, Task *task);
bool mailbox_announce_sleep(Mailbox *box);
Task *mailbox_take_all(Mailbox *box);
Task *mailbox_close(Mailbox *box);
int task_new(Executor *executor, const Future *future, size_t size,
             Task **task_out);
void task_run(Task *task);
void task_take_note(Task *task);
void task_cancel(Task *task);
bool task_has_waker(const Task *task);
void task_retain(Task *task);
void task_release(Task *task);

#include "mailbox.c"
#include "other.h"
#include "script_memory.h"
#include "script_tasks.h"
#include "task.c"

/* --- The mailbox ------------------------------------------------------------ */

/*
 * The executor's side is one thread, those who push are others. While one of
 * them is in the middle of a call, the other side does all that it may do.
 */
static Mailbox mailbox;
static Task a, b, c;
static int taken;   /* notes that came out */
static bool sleeps; /* announced, and not called since */

static void take(void) {
    for (const Task *task = stepped_mailbox_take_all(&mailbox); task != NULL;
         task = task->next_note) {
        taken += 1;
    }
}

static void heed(Note note) {
    sleeps = sleeps && note != NOTE_LEFT_ASLEEP;
}

static void push_b(void) {
    heed(stepped_mailbox_push(&mailbox, &b));
}

static void take_and_announce(void) {
    take();
    sleeps = stepped_mailbox_announce_sleep(&mailbox);
}

static void close_it(void) {
    for (const Task *task = stepped_mailbox_close(&mailbox); task != NULL;
         task = task->next_note) {
        taken += 1;
    }
}

/* An empty mailbox, one with a note, and one whose executor sleeps. */
static void begin(int state, int at_step, void (*meanwhile)(void)) {
    stepped_mailbox_init(&mailbox);
    taken = 0;
    sleeps = false;
    steps_left = 0;
    if (state == 1) {
        stepped_mailbox_push(&mailbox, &c);
    } else if (state == 2) {
        sleeps = stepped_mailbox_announce_sleep(&mailbox);
    }
    steps_left = at_step;
    other_thread = meanwhile;
}

enum { STATES = 3, STEPS = 8 };

/* The executor must not sleep with a note in its mailbox and uncalled. */
static void assert_awake_or_empty(const char *what, int expected) {
    cr_assert(!sleeps || taken == expected,
              "%s: %d notes were left, %d were taken, and the executor sleeps "
              "and was not called.",
              what, expected, taken);
    take();
    cr_assert_eq(taken, expected, "%s: %d notes were left, and %d came out.",
                 what, expected, taken);
}

Test(steps, a_note_between_any_two_of_an_announcement_is_not_slept_over,
     .timeout = 60) {
    for (int state = 0; state < 2; state++) {
        for (int at = 1; at <= STEPS; at++) {
            begin(state, at, push_b);
            sleeps = stepped_mailbox_announce_sleep(&mailbox);
            if (steps_left > 0) { /* it had no more steps: right after it */
                steps_left = 0;
                push_b();
            }
            assert_awake_or_empty(
                "A note came in the middle of the announcement of a sleep",
                state + 1);
        }
    }
}

Test(steps, an_executor_that_sleeps_in_the_middle_of_a_push_is_called,
     .timeout = 60) {
    for (int state = 0; state < STATES; state++) {
        for (int at = 1; at <= STEPS; at++) {
            begin(state, at, take_and_announce);
            Note note = stepped_mailbox_push(&mailbox, &a);
            steps_left = 0;
            heed(note);
            assert_awake_or_empty("The executor took its notes and announced a "
                                  "sleep in the middle of a push",
                                  1 + (state == 1));
        }
    }
}

Test(steps, a_push_in_the_middle_of_a_push_loses_neither, .timeout = 60) {
    for (int state = 0; state < STATES; state++) {
        for (int at = 1; at <= STEPS; at++) {
            begin(state, at, push_b);
            heed(stepped_mailbox_push(&mailbox, &a));
            bool came = steps_left == 0;
            steps_left = 0;
            assert_awake_or_empty("One note came in the middle of another",
                                  1 + came + (state == 1));
        }
    }
}

Test(steps, a_push_in_the_middle_of_taking_is_taken_then_or_later,
     .timeout = 60) {
    for (int state = 0; state < STATES; state++) {
        for (int at = 1; at <= STEPS; at++) {
            begin(state, at, push_b);
            take();
            bool came = steps_left == 0;
            steps_left = 0;
            sleeps = false;
            assert_awake_or_empty("A note came in the middle of taking all",
                                  came + (state == 1));
        }
    }
}

Test(steps, a_push_is_refused_or_taken_when_the_mailbox_is_closed,
     .timeout = 60) {
    for (int state = 0; state < STATES; state++) {
        for (int at = 1; at <= STEPS; at++) {
            begin(state, at, close_it);
            bool refused = stepped_mailbox_push(&mailbox, &a) == NOTE_REFUSED;
            if (steps_left > 0) {
                steps_left = 0;
                close_it();
            }
            cr_assert_eq(taken + refused, 1 + (state == 1),
                         "A mailbox was closed in the middle of a push: of %d "
                         "notes %d came out and %d were refused.",
                         1 + (state == 1), taken, refused);
        }
    }
}

/* --- The task --------------------------------------------------------------- */

static Task *shared;

static void release_shared(void) {
    stepped_task_release(shared);
}

static Task *make_task(Executor *executor, Future *future) {
    Task *task = NULL;
    cr_assert_eq(stepped_task_new(executor, future, sizeof *future, &task), 0);
    return task;
}

static Poll never_poll(Future *future, Context *context) {
    (void)future;
    (void)context;
    return POLL_PENDING;
}

static void never_drop(Future *future) {
    (void)future;
}

Test(steps, of_the_last_two_references_released_at_once_one_frees,
     .timeout = 60) {
    static const FutureVtable vtable = {never_poll, never_drop};
    Future future = {&vtable};
    for (int at = 1; at <= STEPS; at++) {
        Executor *executor = stage_open();
        script_keep_freed = true;
        shared = make_task(executor, &future);
        stepped_task_retain(shared); /* two late wakers */
        stepped_task_retain(shared);
        executor_free(executor);
        steps_left = at;
        other_thread = release_shared;
        stepped_task_release(shared);
        if (steps_left > 0) {
            steps_left = 0;
            release_shared();
        }
        cr_assert_eq(script_freed_twice, 0,
                     "Two threads released the last two references of a task, "
                     "one in the middle of the other, and it was freed twice.");
        cr_assert_eq(script_blocks, 0,
                     "Two threads released the last two references of a task, "
                     "one in the middle of the other, and %d blocks are left.",
                     script_blocks);
        cr_assert_eq(script_used_after_free(), 0,
                     "Two threads released the last two references of a task, "
                     "one in the middle of the other, and it was used after it "
                     "had been freed.");
    }
}

static void wake_shared(void) {
    task_waker_wake_by_ref(shared);
}

static void wake_shared_in_steps(void *at) {
    steps_left = *(int *)at;
    other_thread = wake_shared;
    wake_shared();
}

Test(steps, of_two_threads_that_wake_at_once_one_leaves_a_note, .timeout = 60) {
    static const FutureVtable vtable = {never_poll, never_drop};
    Future future = {&vtable};
    for (int at = 1; at <= STEPS; at++) {
        Executor *executor = stage_open();
        shared = make_task(executor, &future);
        script_pushes = 0;
        on_another_thread(wake_shared_in_steps, &at);
        steps_left = 0;
        cr_assert_eq(script_pushes, 1,
                     "Two threads woke a task, one in the middle of the other, "
                     "and %d notes were left for it.",
                     script_pushes);
        stage_close(executor);
    }
}
