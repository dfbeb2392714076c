#include <criterion/criterion.h>

#include "future.h"
#include "probe.h"
#include "socket_read.h"

Test(future, poll_hands_the_context_on, .timeout = 60) {
    ProbeWaker task;
    ProbeFuture a;
    probe_waker_init(&task, "T");
    probe_future_init(&a, "A", 1);
    Waker lent = probe_waker_lend(&task);
    Context context = {&lent};
    future_poll(&a.future, &context);
    cr_assert(waker_will_wake(&a.kept, &lent),
              "The future saw another waker than its caller's: future_poll() "
              "hands the context on as it is.");
    future_drop(&a.future);
    assert_balanced(&task);
}

Test(future, poll_answers_what_the_future_answers, .timeout = 60) {
    ProbeFuture a;
    probe_future_init(&a, "A", 1);
    cr_assert(poll_for_nobody(&a.future) == POLL_PENDING,
              "The future answered POLL_PENDING, its caller was told ready.");
    cr_assert(poll_for_nobody(&a.future) == POLL_READY,
              "The future answered POLL_READY, its caller was told pending.");
    assert_trace("poll A, pending A, poll A, ready A",
                 "One future_poll() is one poll.");
}

Test(future, drop_ends_it_once_and_without_a_poll, .timeout = 60) {
    ProbeFuture a;
    probe_future_init(&a, "A", 1);
    future_drop(&a.future);
    assert_trace("drop A", "future_drop() calls the future's own drop, once, "
                           "and nothing else.");
}

Test(future, only_the_one_whose_data_came_is_woken, .timeout = 60) {
    for (int which = 0; which < 2; which++) {
        Socket sockets[2];
        SocketRead reads[2];
        ProbeWaker tasks[2];
        char buffers[2][4];
        for (int i = 0; i < 2; i++) {
            socket_init(&sockets[i]);
            socket_read_init(&reads[i], &sockets[i], buffers[i], 4);
            probe_waker_init(&tasks[i], i == 0 ? "A" : "B");
            poll_pending(&reads[i].future, &tasks[i],
                         "Nothing has arrived, but a read is ready.");
        }
        socket_deliver(&sockets[which], "x", 1);
        cr_assert(tasks[1 - which].wakes == 0,
                  "Data came for one future, and the task of the other was "
                  "woken: each waits with the waker of its own task.");
        assert_wakes(&tasks[which], 1,
                     "Data came for a future: its own task "
                     "is to be woken once.");
        for (int i = 0; i < 2; i++) {
            future_drop(&reads[i].future);
            socket_deinit(&sockets[i]);
            assert_balanced(&tasks[i]);
        }
    }
}
