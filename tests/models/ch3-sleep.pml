/*
 * The executor's sleep, model-checked: no note is slept over, and each sleep is
 * called to an end at most once, in any order in which an executor and two other
 * threads can run.
 *
 * How to run it, in this folder or a copy (apt-get install spin gcc; a second or
 * two; it leaves files named pan.*):
 *
 *     spin -a ch3-sleep.pml && gcc -O2 -o pan pan.c && ./pan -a
 *     spin -DTWO_STEPS -a ch3-sleep.pml && gcc -O2 -o pan pan.c && ./pan -a
 *
 * The first has to end with "errors: 0". The second has to find an error, and so
 * have the other words that stand behind `#ifdef` and `#ifndef`; `spin -DTWO_STEPS
 * -t -p ch3-sleep.pml` then prints the steps to it.
 *
 * An inline has the name of the C function that it stands for. A step of it that
 * is atomic in C ends with the piece of C that it stands for, behind `C:`; that
 * all of them stand in the function, in this order, is checked by
 * scripts/orders.sh. A note, here, is only counted: ch3-noted.pml has its link,
 * its task and its flag. What the executor sleeps in remembers a call; in
 * chapter 5 a sleep may also end for another reason, which is an event here, and
 * a call may be used up by a look that does not wait.
 *
 * Spin's memory is sequentially consistent. So this proves that the order of the
 * steps is right, not that the memory orders in C keep it: for these there is
 * tests/orders.txt.
 */
#define WAKERS 2
#define ROUNDS 3
#define NOTES (WAKERS * ROUNDS)
#define SLEEPING 255

byte newest = 0;       /* the mailbox's word: so many notes, or SLEEPING */
byte taken = 0;        /* notes that the executor has read */
bool unparked = false; /* the parker's memory of a call */
byte events = 1;       /* other reasons to end a sleep, or not to begin one */
byte sleeps = 0;       /* announced */
byte calls = 0;        /* never more than there were sleeps */
byte gone = 0;         /* threads that have left all their notes */

inline mailbox_push() {
    looked = newest;                          /* C: atomic_load_explicit( */
    decided = looked;
    do
    :: atomic { newest == looked ->           /* C: compare_exchange_weak */
           newest = (looked == SLEEPING -> 1 : looked + 1); break }
    :: atomic { newest != looked -> looked = newest }
    od;
#ifndef FIRST_LOOK_DECIDES
    decided = looked
#endif
}

inline executor_leave_note() {
    mailbox_push();                           /* C: mailbox_push( */
    if
    :: decided == SLEEPING ->                 /* C: note == NOTE_LEFT_ASLEEP */
        atomic { unparked = true; calls++ };  /* C: parker_unpark( */
        assert(calls <= sleeps)
    :: else -> skip
    fi
}

proctype Waker() {
    byte looked, decided, round;

    for (round : 1 .. ROUNDS) {
        executor_leave_note()
    }
    gone++
}

inline mailbox_announce_sleep() {
#ifdef TWO_STEPS
    announced = (newest == 0);
    if
    :: announced -> newest = SLEEPING; sleeps++
    :: else -> skip
    fi
#else
    atomic {                                  /* C: compare_exchange_strong */
        announced = (newest == 0);
        if
        :: announced -> newest = SLEEPING; sleeps++
        :: else -> assert(newest != SLEEPING) /* who stays awake has a note */
        fi
    }
#endif
}

inline parker_park() {
    if
    :: unparked -> unparked = false           /* C: self->unparked = false */
    :: events > 0 -> events--
    fi
}

inline executor_sleep() {
    if
    :: mailbox_announce_sleep()               /* C: mailbox_announce_sleep( */
    :: events > 0 -> events--; announced = false /* a task is ready */
    fi;
    if
    :: announced -> parker_park()             /* C: parker_park( */
    :: !announced -> skip
    :: !announced -> unparked = false         /* chapter 5 looks, in any case */
    fi
}

inline take_all() {
#ifdef MARK_LEFT
    if
    :: newest == SLEEPING -> skip
    :: newest != SLEEPING ->
        atomic { taken = taken + newest; newest = 0 }
    fi
#else
    atomic {                                  /* C: atomic_exchange_explicit( */
        taken = taken + (newest == SLEEPING -> 0 : newest);
        newest = 0
    }
#endif
}

inline executor_turn() {
    executor_sleep();                         /* C: executor_sleep( */
    take_all()                                /* C: mailbox_take_all( */
}

active proctype Executor() {
    bool announced;

    do
    :: taken == NOTES -> break
    :: else -> executor_turn()
    od
}

init {
    atomic { run Waker(); run Waker() }
}

/* Nobody is stuck, and nobody turns for ever: each note is read. */
ltl finishes { <> (taken == NOTES && gone == WAKERS) }
