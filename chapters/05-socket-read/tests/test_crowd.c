/*
 * Very many clients at once, and what is told when some are not served.
 */
#include "crowd.h"
#include "platform.h"

#include <string.h>

#include "descriptors.h"
#include "echo_server.h"
#include "runtime.h"
#include "script_descriptors.h"
#include "script_memory.h"
#include "script_sleep.h"
#include "script_sockets.h"
#include "script_threads.h"
#include "script_waiting.h"

RuntimeSuite(crowd);

static EchoServer server;
static JoinHandle accepting;
static CrowdResult result;

/* Ends the server when its last guest has gone, so that the run has an end. */
typedef struct Doorman {
    Future future;
} Doorman;

static unsigned long expected;

static Poll doorman_poll(Future *future, Context *context) {
    (void)future;
    if (server.accepted < expected || server.open > 0) {
        waker_wake_by_ref(context->waker);
        return POLL_PENDING;
    }
    join_handle_cancel(&accepting);
    return POLL_READY;
}

static void doorman_drop(Future *future) {
    (void)future;
}

static void open_the_door(unsigned long guests) {
    static const FutureVtable vtable = {doorman_poll, doorman_drop};
    Doorman doorman = {{&vtable}};
    Spawner spawner = executor_spawner(runtime);
    descriptors_raise_limit();
    expected = guests;
    cr_assert_eq(echo_server_start(&server, runtime, 0, NULL, &accepting), 0,
                 "The server does not start.");
    cr_assert_eq(spawner_spawn(&spawner, &doorman.future, sizeof doorman, NULL),
                 0, "The test has no memory.");
}

static void close_the_door(void) {
    drop_handle(&accepting);
    echo_server_stop(&server);
}

static int visit(unsigned count) {
    return crowd_run(runtime, socket_port(&server.listener), count, &result);
}

static void assert_all_served(unsigned count) {
    open_the_door(count);
    int ran = visit(count);
    cr_assert_eq(ran, 0, "The run ended with %s.", strerror(-ran));
    cr_assert(result.connected == count && result.answered == count &&
                  result.failure == 0,
              "Of %u visitors %u were there at once, %u got both answers, and "
              "the first failure is \"%s\".",
              count, result.connected, result.answered,
              strerror(-result.failure));
    cr_assert_eq(server.bytes, 128u * count, "Each said 64 bytes twice: %d.",
                 (int)server.bytes);
    close_the_door();
}

Test(crowd, of_one_is_served, .timeout = 60) {
    assert_all_served(1);
}

Test(crowd, of_two_hundred_is_served_by_one_thread, .timeout = 60) {
    script_fail_always(&script_pthread_create, EAGAIN);
    assert_all_served(200);
    cr_assert_eq(script_pthread_create.calls, 0, "There was a second thread.");
}

Test(crowd, is_served_in_short_reads_and_writes, .timeout = 60) {
    script_reads_give = 10;
    script_writes_take = 30;
    assert_all_served(70);
}

Test(crowd, without_a_server_is_told_why, .timeout = 60) {
    uint16_t port;
    close(stranger_listens(&port));
    cr_assert_eq(crowd_run(runtime, port, 100, &result), 0,
                 "The run itself did not fail.");
    cr_assert(result.connected == 0 && result.answered == 0 &&
                  result.failure == -ECONNREFUSED,
              "Nobody listens: %u connected, %u answered, \"%s\".",
              result.connected, result.answered, strerror(-result.failure));
}

Test(crowd, some_of_whom_fail_lets_the_others_go_on, .timeout = 60) {
    open_the_door(99);
    script_fail(&script_connect, 10, ENETUNREACH);
    int ran = visit(100);
    cr_assert_eq(ran, 0, "The run ended with %s.", strerror(-ran));
    cr_assert(result.connected == 99 && result.answered == 99 &&
                  result.failure == -ENETUNREACH,
              "One of 100 could not connect: %u connected, %u answered, "
              "\"%s\".",
              result.connected, result.answered, strerror(-result.failure));
    close_the_door();
}

Test(crowd, refused_memory_before_it_begins_is_the_answer, .timeout = 60) {
    script_refuse_allocation = 1;
    cr_assert_eq(crowd_run(runtime, 1, 10, &result), -ENOMEM,
                 "There is no memory for the crowd.");
    script_refuse_allocation = 2;
    cr_assert_eq(crowd_run(runtime, 1, 10, &result), -ENOMEM,
                 "There is no memory for the first visitor.");
}

/* From the 65th on, a visitor comes in when an earlier one is answered. */
Test(crowd, refused_memory_for_a_late_visitor_is_told, .timeout = 60) {
    int told = 0;
    for (int nth = 65; nth < 85; nth++) {
        open_the_door(69);
        script_fail(&script_malloc, nth, ENOMEM);
        int ran = visit(70);
        cr_assert_eq(ran, 0, "The run ended with %s.", strerror(-ran));
        cr_assert(result.failure != 0 && result.connected == 69 &&
                      result.answered == 69,
                  "Memory was refused to one visitor or to his connection; of "
                  "the other 69, %u connected and %u were answered.",
                  result.connected, result.answered);
        told += result.failure == -ENOMEM;
        close_the_door();
    }
    cr_assert_gt(told, 0, "No late visitor was told that there is no memory.");
}

/* --- A server that is not what it should be ------------------------------- */

typedef struct Impostor {
    int listener;
    int stranger;
    int rounds;      /* answers that are right */
    const char *lie; /* then this; NULL: closes */
    bool resets;
} Impostor;

static Impostor impostor;

static void play(void *unused) {
    char heard[64];
    script_before_park = (Cue){play, unused, 0};
    if (impostor.stranger < 0) {
        impostor.stranger = accept(impostor.listener, NULL, NULL);
    }
    int length = impostor.stranger < 0
                     ? -1
                     : stranger_reads(impostor.stranger, heard, 64);
    if (length <= 0) {
        return;
    }
    if (impostor.rounds-- > 0) {
        (void)stranger_writes(impostor.stranger, heard, (size_t)length);
    } else if (impostor.lie != NULL) {
        memset(heard, impostor.lie[0], 64);
        (void)stranger_writes(impostor.stranger, heard, 64);
    } else if (impostor.resets) {
        stranger_resets(impostor.stranger);
        impostor.stranger = -1;
    } else {
        close(impostor.stranger);
        impostor.stranger = -1;
    }
}

static void visit_impostor(int rounds, const char *lie, bool resets) {
    uint16_t port;
    impostor = (Impostor){.listener = stranger_listens(&port),
                          .stranger = -1,
                          .rounds = rounds,
                          .lie = lie,
                          .resets = resets};
    script_before_park = (Cue){play, NULL, 0};
    int ran = crowd_run(runtime, port, 1, &result);
    cr_assert_eq(ran, 0, "The run ended with %s.", strerror(-ran));
    close(impostor.listener);
    if (impostor.stranger >= 0) {
        close(impostor.stranger);
    }
}

static void assert_failed(unsigned connected, int failure) {
    cr_assert(result.connected == connected && result.answered == 0 &&
                  result.failure == failure,
              "%u connected, %u answered, \"%s\"; instead of %u, 0, \"%s\".",
              result.connected, result.answered, strerror(-result.failure),
              connected, strerror(-failure));
}

Test(crowd, sees_a_wrong_answer, .timeout = 60) {
    visit_impostor(0, "x", false);
    assert_failed(0, -EILSEQ);
}

Test(crowd, sees_a_wrong_second_answer, .timeout = 60) {
    visit_impostor(1, "x", false);
    assert_failed(1, -EILSEQ);
}

Test(crowd, sees_that_an_answer_is_missing, .timeout = 60) {
    visit_impostor(0, NULL, false);
    assert_failed(0, -EPIPE);
}

Test(crowd, sees_a_reset, .timeout = 60) {
    visit_impostor(0, NULL, true);
    assert_failed(0, -ECONNRESET);
}

Test(crowd, is_told_that_a_visitor_cannot_write, .timeout = 60) {
    open_the_door(1);
    script_fail(&script_send, 1, ENOBUFS);
    cr_assert_eq(visit(1), 0, "The run itself did not fail.");
    assert_failed(0, -ENOBUFS);
    close_the_door();
}

Test(crowd, whose_executor_gives_up_returns_the_error, .timeout = 60) {
    open_the_door(5);
    script_fail_wait(3, EINVAL);
    cr_assert_eq(visit(5), -EINVAL, "The system cannot wait.");
    script_fail_wait(0, 0);
    runtime_free();
    close_the_door();
}
