/*
 * The system refuses: no memory, no descriptor. The answer is an error
 * number, and nothing is left behind or broken.
 */
#include <errno.h>

#include "error_name.h"
#include "fixture.h"
#include "platform.h"
#include "script_descriptors.h"
#include "script_memory.h"
#include "script_waiting.h"
#include "script_windows.h"

Suite(refusal);

/*
 * Makes one while the nth call fails, if there are so many. Returns what
 * io_blocker_new() does.
 */
static int new_while(Scripted *call, int nth, int error, bool *failed_out) {
    IoBlocker *untouched = (IoBlocker *)&untouched;
    IoBlocker *other = untouched;
    int descriptors = descriptors_open();
    int blocks = script_blocks;
    script_fail(call, nth, error);
    int result = io_blocker_new(&other);
    *failed_out = call->fail_in == 0;
    call->fail_in = 0;
    if (result == 0) {
        io_blocker_free(other);
    } else {
        cr_assert(other == untouched,
                  "io_blocker_new() failed, but wrote to its out-parameter: "
                  "it is left untouched on failure.");
    }
    cr_assert(script_blocks == blocks,
              "io_blocker_new() failed and left %d blocks of memory behind: "
              "give back what had been got before, in reverse order.",
              script_blocks - blocks);
    cr_assert(descriptors_open() == descriptors,
              "io_blocker_new() failed and left %d descriptors open: close "
              "what had been opened before, in reverse order.",
              descriptors_open() - descriptors);
    return result;
}

/*
 * Fails each call of a function in turn, until it is called no more. Returns
 * how many calls there are.
 */
static int fail_each(Scripted *call, const char *name, int error) {
    int nth = 0;
    bool failed = true;
    while (failed) {
        nth += 1;
        int result = new_while(call, nth, error, &failed);
        cr_assert(result == (failed ? -error : 0),
                  "Call %d of %s failed in io_blocker_new(), which returned "
                  "%s, not %d: each call can fail, and its error is the "
                  "answer.",
                  nth, name, error_name(result), -error);
    }
    return nth - 1;
}

Test(refusal, of_memory_is_the_answer_of_new, .timeout = 60) {
    int calls = fail_each(&script_malloc, "malloc", ENOMEM) +
                fail_each(&script_calloc, "calloc", ENOMEM) +
                fail_each(&script_realloc, "realloc", ENOMEM);
    cr_assert(calls > 0, "Where does io_blocker_new() take its memory from?");
}

/* Returns how many calls there are that open a descriptor or prepare it. */
static int fail_each_that_opens(void) {
    return fail_each(&script_pipe, "pipe", EMFILE) +
           fail_each(&script_fcntl, "fcntl", EMFILE) +
           fail_each(&script_eventfd, "eventfd", EMFILE) +
           fail_each(&script_epoll_create1, "epoll_create1", ENFILE) +
           fail_each(&script_epoll_ctl, "epoll_ctl", ENOSPC) +
           fail_each(&script_kqueue, "kqueue", EMFILE) +
           fail_each(&script_kevent_changes, "kevent", ENOMEM) +
           fail_each(&script_open_afd, "NtCreateFile", EMFILE) +
           fail_each(&script_create_port, "CreateIoCompletionPort", ENOMEM);
}

Test(refusal, of_a_descriptor_is_the_answer_of_new, .timeout = 60) {
    cr_assert(fail_each_that_opens() >= 2,
              "Which descriptors does io_blocker_new() open?");
}

/* The number 0 is a descriptor, and no sign that there is none. */
Test(refusal, closes_descriptor_0_as_well, .timeout = 60) {
    int kept = dup(0);
    close(0);
    (void)fail_each_that_opens();
    (void)dup(kept); /* 0 again */
    close(kept);
}

/* Each realloc fails once while a hundred sockets are added. */
Test(refusal, of_memory_is_the_answer_of_add, .timeout = 60) {
    int refused = 0;
    for (uint64_t i = 0; i < 200; i++) {
        Pair pair = pair_open();
        Event event = {i, WRITABLE};
        for (int nth = 1; nth <= 3; nth++) {
            script_fail(&script_realloc, nth, ENOMEM);
            int result =
                io_blocker_add_io_event_interest(blocker, pair.near, event);
            bool failed = script_realloc.fail_in == 0;
            script_realloc.fail_in = 0;
            cr_assert(result == (failed ? -ENOMEM : 0),
                      "Memory was %s, and adding an interest returned %s.",
                      failed ? "refused" : "there", error_name(result));
            refused += failed;
            stop_asking(pair.near, BOTH);
        }
        ask(pair.near, i, WRITABLE);
    }
    cr_assert(refused > 0, "Adding 200 objects took no memory at all.");
    bool seen[200] = {false};
    for (int i = 0; i < 200; i++) {
        Event event = look();
        cr_assert(event.signals == WRITABLE && !seen[event.id],
                  "After a refusal everything must go on as before: each of "
                  "the 200 sockets is reported, once.");
        seen[event.id] = true;
    }
}

Test(refusal, of_an_interest_leaves_the_others_alone, .timeout = 60) {
    Pair closed = pair_open(), waits = pair_open();
    ask(waits.near, 1, READABLE);
    network_close(closed.near);
    const IoObject objects[] = {closed.near, 1000}; /* in the table, beyond */
    for (int i = 0; i < 2; i++) {
        for (uint64_t id = 2; id < 4; id++) {
            int result = io_blocker_add_io_event_interest(blocker, objects[i],
                                                          (Event){id, BOTH});
            cr_assert(result == -EBADF,
                      "Descriptor %d is not open, and adding id %d returned "
                      "%s, not -EBADF. A refused interest does not exist, so "
                      "another id is refused for the same reason.",
                      objects[i], (int)id, error_name(result));
        }
    }
    far_sends(&waits, "x");
    assert_event(1, READABLE, "Somebody else's refusal changes nothing.");
}

Test(refusal, to_wait_is_the_answer_of_block, .timeout = 60) {
    Scripted *const waits[] = {&script_epoll_wait, &script_poll, &script_kevent,
                               &script_dequeue};
    Pair pair = pair_open();
    Event event = {42, BOTH};
    ask(pair.near, 1, WRITABLE);
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
        script_fail(waits[i], 1, EINVAL);
    }
    int result = io_blocker_block(blocker, &event);
    cr_assert(result == -EINVAL,
              "The system cannot wait (EINVAL), but io_blocker_block() "
              "returned %s: only EINTR is no error.",
              error_name(result));
    cr_assert(event.id == 42, "There is no event, but one was written.");
    assert_event(1, WRITABLE, "The interest is still there afterwards.");
}
