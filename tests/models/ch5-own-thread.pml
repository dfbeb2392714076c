/*
 * Chapter 5's short way, model-checked: the executor's thread changes a task's
 * state without an atomic step whenever nobody else has a waker; no wake-up is
 * lost, and no task is in the queue twice.
 *
 * How to run it, in this folder or a copy (apt-get install spin gcc):
 *
 *     spin -a ch5-own-thread.pml && gcc -O2 -o pan pan.c && ./pan -a
 *     spin -DBROKEN_ALWAYS -a ch5-own-thread.pml && gcc -O2 -o pan pan.c && ./pan -a
 *
 * The first has to end with "errors: 0". In the second the short way is always
 * taken: a bit that another thread sets between the load and the store is
 * overwritten.
 *
 * What stands for what. There is one task. The executor's thread polls it when
 * it is queued; each poll reads the news, and may wake the task itself (twice
 * in all), by the waker it was lent. The first poll leaves a clone with a
 * second thread, which has one piece of news, wakes, and gives the clone back.
 * Each line is one atomic step of task.c; the short way is two, a load and a
 * store.
 */
byte references = 1;   /* the executor's; a clone is one more */
bool queued = true;    /* the task's QUEUED bit: born in the queue */
bool in_queue = true;  /* both doors: this one task, or empty */
bool news = false;     /* what the other thread has written */
bool seen = false;     /* whether a poll has read it */
bool cloned = false;
byte to_itself = 2;    /* how often it may still wake itself */
bool before;           /* what set() or clear() found; executor's thread */

inline put_in() {
    atomic {
        assert(!in_queue); /* a task is in the queue once, or QUEUED lies */
        in_queue = true
    }
}

proctype Other() {
    bool was_queued;

    news = true;
    atomic { was_queued = queued; queued = true } /* task_wake: fetch_or */
    if
    :: was_queued -> skip
    :: else -> put_in()                           /* push */
    fi;
    references--                                  /* task_release */
}

inline change(value) { /* set and clear */
    if
#ifndef BROKEN_ALWAYS
    :: references > 1 -> atomic { before = queued; queued = value }
    :: references == 1 ->
#else
    :: true ->
#endif
        before = queued;                          /* a load ... */
        queued = value                            /* ... and a store */
    fi
}

inline wake_here() {
    change(true);
    if
    :: before -> skip
    :: else -> put_in()                           /* append */
    fi
}

inline poll() {
    if
    :: !cloned -> cloned = true; references++; run Other()
    :: else -> seen = news
    fi;
    if
    :: true -> skip
    :: to_itself > 0 -> to_itself--; wake_here()
    fi
}

active proctype Executor() {
    do
    :: seen -> break
    :: else ->
        atomic { in_queue -> in_queue = false };  /* take_all, or sleep */
        change(false);                            /* task_run: clear */
        poll()
    od
}

/* If the wake-up were lost, the executor would sleep for ever. */
ltl finishes { <> seen }
