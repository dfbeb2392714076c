/*
 * An IoBlocker for each test, and the sentences that all of them use. At the
 * end of each test nothing may be left: no memory, no descriptor.
 */
#ifndef FIXTURE_H
#define FIXTURE_H

#include <criterion/criterion.h>

#include "clock.h"
#include "io_blocker.h"
#include "network.h"

extern IoBlocker *blocker;

void fixture_open(void);
void fixture_close(void);

/* A suite whose tests have it: Suite(io_blocker); */
#define Suite(name) TestSuite(name, .init = fixture_open, .fini = fixture_close)

/* The same for what only one back end promises: with another one, skipped. */
void fixture_open_for_epoll(void);
void fixture_open_for_kqueue(void);
void fixture_open_for_poll(void);
void fixture_open_for_port(void);
void fixture_open_for_iocp(void);

#define SuiteFor(backend, name)                                                \
    TestSuite(name, .init = fixture_open_for_##backend, .fini = fixture_close)

#define READABLE SIGNAL_READABLE
#define WRITABLE SIGNAL_WRITABLE
#define BOTH (SIGNAL_READABLE | SIGNAL_WRITABLE)

/* Asks for signals; the test fails if that fails. */
void ask(IoObject object, uint64_t id, Signals signals);
void stop_asking(IoObject object, Signals signals);

/*
 * Waits for one event, a second at most of the script's time, which takes
 * none of ours. Without an event all of it is zero.
 */
Event look(void);

#define assert_event(expected_id, expected_signals, sentence)                  \
    do {                                                                       \
        Event reported_event = look();                                         \
        cr_assert(reported_event.id == (expected_id) &&                        \
                      reported_event.signals == (expected_signals),            \
                  "%s (expected: object %d is %s; reported: object %d is %s)", \
                  sentence, (int)(expected_id),                                \
                  signals_name(expected_signals), (int)reported_event.id,      \
                  signals_name(reported_event.signals));                       \
    } while (0)

#define assert_silence(sentence)                                               \
    do {                                                                       \
        Event reported_event = look();                                         \
        cr_assert(reported_event.signals == 0,                                 \
                  "%s (reported: object %d is %s)", sentence,                  \
                  (int)reported_event.id,                                      \
                  signals_name(reported_event.signals));                       \
    } while (0)

#endif
