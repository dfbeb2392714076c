/*
 * Chapter 3's parking, model-checked: no wake-up is lost and nobody deadlocks,
 * in any order in which one executor and two wakers can run.
 *
 * How to run it, in this folder or a copy (apt-get install spin gcc; a second
 * or two in all; it leaves files named pan.*):
 *
 *     spin -a ch3-parking.pml && gcc -O2 -o pan pan.c && ./pan -a
 *     spin -DBROKEN_ORDER -a ch3-parking.pml && gcc -O2 -o pan pan.c && ./pan -a
 *
 * The first has to end with "errors: 0". The second has to find an error: there
 * the executor looks at the queue before it announces its sleep, and sleeps for
 * ever ("acceptance cycle": a run in which the task never completes). `spin
 * -DBROKEN_ORDER -t -p ch3-parking.pml` then prints the steps to it. -DBROKEN_CLEAR
 * is the other famous mistake, QUEUED cleared after the poll: it fails as well.
 *
 * What stands for what. There is one task. A waker has news for it (`news`),
 * wakes it, and is gone. The task reads all the news at each poll, and is
 * ready once it has read that of both wakers. Each line is one atomic step
 * of the code, named as in executor.c and task.c. Promela's memory is
 * sequentially consistent, as E1, E2, W1 and W2 are in C.
 */
#define WAKERS 2

byte news = 0;         /* what the wakers have written */
byte seen = 0;         /* what the task has read of it */
bool queued = true;    /* the task's QUEUED bit: born in the queue */
bool in_queue = true;  /* the ready queue: this one task, or empty */
bool sleeping = false; /* the executor's announcement */
bool unparked = false; /* the parker's memory of a call */
bool completed = false;
byte pushes = 0;

inline push_task() {
    atomic {
        assert(!in_queue); /* a task is in the queue once, or QUEUED lies */
        in_queue = true
    }
}

proctype Waker() {
    bool was_queued, was_sleeping;

    news++;
    atomic { was_queued = queued; queued = true } /* task_wake: fetch_or */
    if
    :: was_queued -> skip
    :: else ->
        push_task();                              /* W1 */
        if
        :: sleeping ->                            /* W2: a load, and then ... */
            atomic { was_sleeping = sleeping; sleeping = false };
            if
            :: was_sleeping -> unparked = true    /* W3 */
            :: else -> skip                       /* the other one calls */
            fi
        :: else -> skip                           /* busy: never called */
        fi
    fi
}

inline park() {
    atomic { unparked -> unparked = false }       /* waits for a call */
}

inline sleep() {
#ifdef BROKEN_ORDER
    if
    :: !in_queue -> sleeping = true; park()       /* E2, E1, E3 */
    :: else -> skip
    fi;
#else
    sleeping = true;                              /* E1 */
    if
    :: !in_queue -> park()                        /* E2, E3 */
    :: else -> skip
    fi;
#endif
    sleeping = false
}

inline run_task() {
#ifdef BROKEN_CLEAR
    seen = news;                                  /* the poll, ... */
    queued = false;                               /* and then the bit */
#else
    queued = false;                               /* task_run: fetch_and */
    seen = news;                                  /* the poll */
#endif
    completed = (seen == WAKERS)
}

active proctype Executor() {
    bool taken;

    do
    :: completed -> break
    :: else ->
        sleep();
        atomic { taken = in_queue; in_queue = false }; /* take_all */
        if
        :: taken -> run_task()
        :: else -> skip
        fi
    od
}

init {
    atomic { run Waker(); run Waker() }
}

/* Not only that nobody is stuck: the task does come to its end. */
ltl finishes { <> completed }
