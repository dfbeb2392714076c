/*
 * The end of an executor, model-checked: executor_free() against two threads,
 * each about to leave a note, about to be refused, or about to call. The
 * IoBlocker is never called after its end, memory that is gone is not touched,
 * and all of it goes, in any order of their steps.
 *
 * It is run and tied to the C code as ch3-sleep.pml is, which says what it does
 * not prove. Each word behind `#ifdef` or `#ifndef` makes it wrong.
 *
 * There is one task. Each thread has a waker of it, and uses it up. The executor
 * turns a few times, and is freed; a sleep may end at any time, since there are
 * sockets and timers. USE is what memory checkers do: who has no reference left
 * has been freed. That no note is slept over is shown in ch3-sleep.pml.
 */
#define WAKERS 2
#define TURNS 2
#define NOTE 1     /* the mailbox's word: nothing, the note, or a mark */
#define SLEEPING 2
#define CLOSED 3
#define USE(it) assert(it > 0)

byte task = 1 + WAKERS; /* its references; no note yet */
bool noted = false;
bool completed = false;
#ifndef EXECUTOR_NOT_KEPT
byte executor = 2;      /* its references: executor_free()'s, the task's */
#else
byte executor = 1;
#endif
byte newest = 0;
bool calling = false;   /* the lock */
bool io_blocker = true; /* not ended */

inline executor_release() {
    atomic { USE(executor); executor-- } /* C: atomic_fetch_sub */
}

inline task_release() {
    atomic { USE(task); task--; last = (task == 0) }  /* C: atomic_fetch_sub */
    if
#ifndef EXECUTOR_NOT_KEPT
    :: last -> executor_release()        /* C: executor_release( */
    :: else -> skip
#else
    :: skip
#endif
    fi
}

inline lock() { atomic { USE(executor); !calling -> calling = true } }
inline unlock() { USE(executor); calling = false }

inline executor_call() {
#ifndef CALL_WITHOUT_LOCK
    lock();                              /* C: pthread_mutex_lock( */
#endif
    if
    :: io_blocker ->                     /* C: executor->io_blocker != NULL */
        assert(io_blocker)               /* C: io_blocker_wake( */
    :: else -> skip
    fi;
#ifndef CALL_WITHOUT_LOCK
    unlock()                             /* C: pthread_mutex_unlock( */
#endif
}

inline executor_leave_note() {
    atomic {                             /* C: mailbox_push( */
        USE(executor);
        found = newest;
        newest = (found == CLOSED -> CLOSED : NOTE)
    }
    if
    :: found == SLEEPING ->              /* C: note == NOTE_LEFT_ASLEEP */
        executor_call()                  /* C: executor_call( */
    :: found == CLOSED ->                /* C: note == NOTE_REFUSED */
#ifndef REFUSED_NOT_GIVEN_BACK
        task_release()                   /* C: task_release( */
#else
        skip
#endif
    :: else -> skip
    fi
}

inline task_wake() {
    atomic {                             /* C: atomic_exchange_explicit( */
        USE(task);
        was_noted = noted;
        noted = true
    }
    if
    :: was_noted -> skip
    :: else ->
        atomic { USE(task); task++ }     /* C: task_retain( */
        executor_leave_note()            /* C: executor_leave_note( */
    fi
}

inline task_waker_wake() {
    task_wake();                         /* C: task_wake( */
    task_release()                       /* C: task_release( */
}

proctype Waker() {
    byte found;
    bool was_noted, last;

    task_waker_wake()
}

inline take_note_if_any() {
    if
    :: found == NOTE ->
        if
        :: completed -> skip
        :: else -> noted = false
        fi;
        task_release()
    :: else -> skip
    fi
}

inline executor_turn() {
    if
    :: atomic { newest == 0 -> newest = SLEEPING } /* and any reason ends it */
    :: skip
    fi;
    atomic { found = newest; newest = 0 };
    take_note_if_any()
}

inline executor_close() {
    lock();                              /* C: pthread_mutex_lock( */
    io_blocker = false;                  /* C: io_blocker_free( */
    unlock()                             /* C: pthread_mutex_unlock( */
}

inline executor_free() {
    completed = true;                    /* C: executor_cancel_all( */
    noted = true;
    task_release();
    atomic { found = newest; newest = CLOSED }; /* C: mailbox_close( */
    take_note_if_any();
    executor_close();                    /* C: executor_close( */
    executor_release()                   /* C: executor_release( */
}

active proctype Executor() {
    byte found, turn;
    bool last;

    for (turn : 1 .. TURNS) {
        executor_turn()
    }
    executor_free()
}

init {
    atomic { run Waker(); run Waker() }
}

/* All memory goes; after that, no step is left. */
ltl finishes { <> (task == 0 && executor == 0) }
