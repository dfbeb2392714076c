/*
 * A task's NOTED, its note and its references, model-checked: each wake-up from
 * another thread is followed by a poll that sees what was written before it, and
 * nobody touches a task that has been freed, in any order in which an executor
 * and two other threads can run.
 *
 * It is run and tied to the C code as ch3-sleep.pml is, which says what it does
 * not prove. Each word behind `#ifdef` or `#ifndef` makes it wrong.
 *
 * Two threads hold a waker of each of two tasks. They write something, and wake;
 * at the end they give their wakers back. A task is ready when a poll has seen
 * all there is, or ends earlier. A task with no reference left has been freed:
 * USE is what memory checkers do. How the executor sleeps is ch3-sleep.pml's.
 *
 * NOTED has to be cleared before the poll; whether the task is queued before or
 * after that makes no difference, as only the executor looks at its queue.
 */
#define TASKS 2
#define WAKERS 2
#define ROUNDS 3
#define TASK_OF(round) (round == 2 -> 2 : 1) /* 1, 2, 1 */
#define ALL(t) (t == 1 -> 2 * WAKERS : WAKERS)
#define USE(t) assert(task[t].references > 0)

typedef Task {
    byte references;
    bool noted, queued, completed;
    byte next_note;
    byte written, seen; /* how often; by the threads, by the poll */
    bool over;          /* it has completed, and NOTED is set for good */
}
Task task[TASKS + 1]; /* task 0 is NULL */
byte newest = 0;      /* the mailbox's word */
byte freed = 0;       /* tasks whose last reference is gone */

inline task_retain(t) {
    atomic { USE(t); task[t].references++ }      /* C: atomic_fetch_add */
}

inline task_release(t) {
    atomic {                                     /* C: atomic_fetch_sub */
        USE(t);
        task[t].references--;
        freed = freed + (task[t].references == 0 -> 1 : 0)
    }
}

inline mailbox_push(t) {
    below = newest;                              /* C: atomic_load_explicit( */
    do
    :: USE(t); task[t].next_note = below;        /* C: task->next_note = */
        if
        :: atomic { newest == below ->           /* C: compare_exchange_weak */
               newest = t; break }
        :: atomic { newest != below -> below = newest }
        fi
    od
}

inline task_wake(t) {
    atomic {                                     /* C: (&task->noted, true */
        USE(t);
        was_noted = task[t].noted;
        task[t].noted = true;
        assert(was_noted || !task[t].over)       /* late wakers leave no note */
    }
    if
    :: was_noted -> skip
    :: else ->
#ifndef NO_REFERENCE
        task_retain(t);                          /* C: task_retain(task) */
#endif
        mailbox_push(t)                          /* C: executor_leave_note( */
    fi
}

proctype Waker() {
    byte round, t, below;
    bool was_noted;

    for (round : 1 .. ROUNDS) {
        t = TASK_OF(round);
        task[t].written++;
        task_wake(t)
    }
    for (t : 1 .. TASKS) {
        task_release(t)
    }
}

inline task_take_note(t) {
    if
    :: task[t].completed -> skip                 /* C: !task->completed */
    :: else ->
#ifndef CLEARED_AFTER_THE_POLL
        USE(t); task[t].noted = false;           /* C: (&task->noted, false */
#endif
        task[t].queued = true                    /* C: task_queue(task) */
    fi;
#ifndef NO_REFERENCE
    task_release(t)                              /* C: task_release(task) */
#endif
}

inline read_notes() {
    do
    :: first == 0 -> break
    :: else ->
        t = first;
#ifdef NEXT_AFTER_NOTED
        task_take_note(t);
        first = task[t].next_note
#else
        USE(t); first = task[t].next_note;       /* C: first = task->next_note */
        task_take_note(t)                        /* C: task_take_note(task) */
#endif
    od
}

inline task_complete(t) {
    task[t].completed = true;                    /* C: task->completed = true */
#ifndef NOT_NOTED_AT_THE_END
    task[t].noted = true;                        /* C: (&task->noted, true */
#endif
    task[t].over = true;
    task_release(t)                              /* C: task_release(task) */
}

inline task_run(t) {
    USE(t); task[t].queued = false;              /* C: task->queued = false */
    task[t].seen = task[t].written;              /* C: future_poll( */
    if
    :: task[t].seen == ALL(t) ->
        task_complete(t)                         /* C: task_complete(task) */
    :: task[t].seen < ALL(t) -> skip
    :: task[t].seen < ALL(t) -> task_complete(t)
    fi;
#ifdef CLEARED_AFTER_THE_POLL
    if
    :: !task[t].completed -> task[t].noted = false
    :: else -> skip
    fi
#endif
}

/* Never is a task given up for lost (-EDEADLK) that still has news to see. */
inline task_has_waker(t) {
    assert(task[t].completed || task[t].references > 1) /* C: > others */
}

active proctype Executor() {
    byte first, t;

    do
    :: newest != 0 || task[1].queued || task[2].queued ->
        atomic { first = newest; newest = 0 };
        read_notes();
        for (t : 1 .. TASKS) {
            if
            :: task[t].queued -> task_run(t)
            :: else -> skip
            fi;
            task_has_waker(t)
        }
    od
}

init {
    byte t;

    atomic {
        for (t : 1 .. TASKS) {
            task[t].references = 1 + WAKERS;
            task[t].queued = true
        }
        run Waker(); run Waker()
    }
}

/* A lost wake-up leaves its task waiting, a lost reference leaves its memory. */
ltl finishes { <> (freed == TASKS) }
