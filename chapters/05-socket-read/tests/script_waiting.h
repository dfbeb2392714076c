/*
 * Waiting: nothing here sleeps for the sake of a test. A wait that finds
 * nothing moves the clock on to its end, and one that would never end fails the
 * test with a sentence.
 */
#ifndef SCRIPT_WAITING_H
#define SCRIPT_WAITING_H

#include <stdint.h>

#include "script_time.h"

/* What the systems have for it; each back end calls some of them. */
extern Scripted script_poll;
extern Scripted script_eventfd, script_epoll_create1, script_epoll_ctl,
    script_epoll_wait;
extern Scripted script_kqueue, script_kevent, script_kevent_changes;
extern Scripted script_dequeue;

/* How often the system has been asked to wait, whichever way. */
int script_waits(void);

/* Lets the nth wait from now fail, whichever way. */
void script_fail_wait(int nth, int error);

/* How often it has been told what to watch, if it keeps that. */
int script_controls(void);

/* Objects that all waits have reported. */
extern int script_reports;

/* The next `times` waits are interrupted, each after so much time. */
void script_interrupt(int times, uint64_t after_ns);

/* The time-outs in milliseconds of the first waits, in order. */
enum { SCRIPT_TIMEOUTS = 16 };
extern int script_timeouts[SCRIPT_TIMEOUTS];

/* How much time passes with each wait. */
extern uint64_t script_wait_takes_ns;

/* Called once, just before the next wait. */
extern void (*script_before_wait)(void);

/* --- For the files that stand before the calls --------------------------- */

/*
 * A wait begins (true: it fails; errno says how), lasts as long as the system
 * is to be asked for, and ends.
 */
bool script_wait_begins(Scripted *call, int timeout_ms);
int script_real_timeout_ms(int timeout_ms);
void script_wait_ends(int ready, int timeout_ms);

/* Called as each wait begins, and before one without an end fails the test. */
extern void (*script_at_wait)(int timeout_ms);
extern void (*script_at_endless_wait)(void);

/* What is asked by poll(2) now is no wait. */
extern bool script_poll_is_no_wait;

#endif
