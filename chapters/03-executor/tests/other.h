/*
 * A second thread that does one thing, and may stand still before or after it
 * leaves its note in the mailbox.
 */
#ifndef OTHER_H
#define OTHER_H

#include <pthread.h>
#include <stdbool.h>

typedef struct Other {
    void (*act)(void *argument);
    void *argument;
    bool stops_before_push; /* it stands still before it leaves a note, */
    bool stops_after_push;  /* or right after it has, before it acts on that */
    bool standing, released, ended; /* under the script's lock */
    pthread_t thread;
} Other;

/* Starts a second thread that goes as far as to its push. */
void other_start_to_push(Other *other, void (*act)(void *), void *argument);

/* Starts one that goes as far as through it. */
void other_start_and_push(Other *other, void (*act)(void *), void *argument);

/* Waits for either. Returns false if it ended without any push. */
bool other_stands_before_push(Other *other);

/* Lets it go on, and waits for its end. */
void other_finish(Other *other);

/* Has a second thread do something, and waits for its end. */
void on_another_thread(void (*act)(void *), void *argument);

/* --- For what stands before the mailbox ----------------------------------- */

/*
 * Whether this thread has just stood still, because this is where it was to.
 */
bool other_stood_before_push(void);
bool other_stood_after_push(void);

#endif
