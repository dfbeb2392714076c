/**
 * @file
 * What is counted while a way of waiting is at work.
 */
#ifndef COUNTS_H
#define COUNTS_H

#ifndef __linux__
#error "Two of the six ways are epoll(7): the bench runs on Linux only."
#endif

/** What there is to count; the first four are system calls. */
typedef enum Count {
    COUNT_READ,
    COUNT_SEND,
    COUNT_WAIT,    /**< poll(2) or epoll_wait(2) */
    COUNT_CONTROL, /**< epoll_ctl(2) */
    COUNT_LOOK,    /**< a socket looked at, or a future polled */
    COUNT_WAKE_UP, /**< the end of a call that was allowed to sleep */
    COUNT_SWITCH,  /**< context switches that the program asked for: sleeps */
    COUNT_FORCED,  /**< context switches that it did not ask for */
    COUNT_CPU_NS,  /**< processor time, of all threads */
    COUNTS
} Count;

/**
 * Counts something. Any thread.
 *
 * @param[in] what   COUNT_LOOK or COUNT_WAKE_UP; the calls count themselves.
 * @param[in] times  how often it happened.
 */
void count(Count what, unsigned long times);

/**
 * All counts as they stand. Any thread.
 *
 * @param[out] counts_out  an entry for each Count.
 */
void counts_take(unsigned long counts_out[COUNTS]);

/**
 * How many threads this process has.
 *
 * @return their number, from /proc/self/status.
 */
unsigned long counts_threads(void);

/**
 * How much memory of its own this process uses.
 *
 * @return bytes, in whole pages, from /proc/self/smaps_rollup; 0 where the
 *         system does not tell.
 */
unsigned long counts_memory(void);

#endif
