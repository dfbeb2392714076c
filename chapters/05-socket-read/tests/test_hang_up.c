/*
 * The far end goes, or never was. Nobody asks for a hang-up or an error: they
 * arrive as whatever was asked for, and the next call says which it was.
 */
#include <errno.h>
#include <signal.h>

#include "fixture.h"
#include "platform.h"

Suite(hang_up);

Test(hang_up, wakes_a_reader_that_reads_the_end_of_file, .timeout = 60) {
    Pair pair = pair_open();
    char byte;
    ask(pair.near, 1, READABLE);
    far_closes(&pair);
    assert_event(1, READABLE,
                 "The far end closed, and the reader was not told: a hang-up "
                 "arrives as what was asked for. It would wait for ever.");
    cr_assert(near_reads(&pair, &byte, 1) == 0, "That is the end of file.");
}

Test(hang_up, wakes_a_writer_whose_socket_is_full, .timeout = 60) {
    Pair pair = pair_open();
    near_fills(&pair);
    ask(pair.near, 1, WRITABLE);
    far_closes(&pair);
    assert_event(1, WRITABLE,
                 "The far end closed, and the writer was not told: there will "
                 "never be room, so it would wait for ever.");
}

Test(hang_up, wakes_reader_and_writer_alike, .timeout = 60) {
    Pair pair = pair_open();
    near_fills(&pair);
    ask(pair.near, 1, BOTH);
    far_closes(&pair);
    Signals came = look().signals;
    if (came != BOTH) {
        came |= look().signals;
    }
    cr_assert(came == BOTH,
              "The far end closed while a reader and a writer waited, but only "
              "%s was reported.",
              signals_name(came));
}

Test(hang_up, comes_after_the_data, .timeout = 60) {
    Pair pair = pair_open();
    char buffer[8];
    ask(pair.near, 1, READABLE);
    far_sends(&pair, "last");
    far_closes(&pair);
    assert_event(1, READABLE, "There are data and the end of file.");
    cr_assert(near_reads(&pair, buffer, 8) == 4,
              "Data first: the hang-up must not hide the bytes before it.");
    ask(pair.near, 1, READABLE);
    assert_event(1, READABLE,
                 "The data have been read; now the end of file is there, and "
                 "it was not reported.");
    cr_assert(near_reads(&pair, buffer, 8) == 0, "Then the end of file.");
}

Test(hang_up, comes_again_to_whoever_asks_again, .timeout = 60) {
    Pair pair = pair_open();
    far_closes(&pair);
    for (int i = 0; i < 5; i++) {
        ask(pair.near, 1, READABLE);
        assert_event(1, READABLE,
                     "The end of file stays: each reader that asks is to be "
                     "told, not only the first.");
        assert_silence("Nobody asked again.");
    }
}

Test(hang_up, of_one_direction_leaves_the_other_working, .timeout = 60) {
    Pair pair = pair_open();
    char byte;
    near_fills(&pair);
    ask(pair.near, 1, BOTH);
    shutdown(pair.far, SHUT_WR);
    assert_event(1, READABLE,
                 "The far end will write no more, which is the end of file "
                 "for the reader. It still reads, so the writer goes on "
                 "waiting for room.");
    cr_assert(near_reads(&pair, &byte, 1) == 0, "That is the end of file.");
    far_drains(&pair);
    assert_event(1, WRITABLE, "The far end has read: there is room.");
}

Test(hang_up, of_a_pipe_wakes_its_reader, .timeout = 60) {
    Pair pair = pair_open_pipe_to_read();
    char byte;
    ask(pair.near, 1, READABLE);
    far_closes(&pair);
    assert_event(1, READABLE,
                 "The last writer of a pipe has gone. The system says "
                 "hang-up, without readable; the reader must hear of it.");
    cr_assert(near_reads(&pair, &byte, 1) == 0, "That is the end of file.");
}

Test(hang_up, of_a_pipe_wakes_its_writer, .timeout = 60) {
    Pair pair = pair_open_pipe_to_write();
    signal(SIGPIPE, SIG_IGN);
    near_fills(&pair);
    ask(pair.near, 1, WRITABLE);
    far_closes(&pair);
    assert_event(1, WRITABLE,
                 "The last reader of a pipe has gone. The system says error, "
                 "without writable; the writer must hear of it.");
    cr_assert(write(pair.near, "x", 1) < 0 && errno == EPIPE,
              "The write that follows says what happened: EPIPE.");
}

Test(hang_up, of_a_pipe_is_told_to_its_writer_each_time, .timeout = 60) {
    Pair pair = pair_open_pipe_to_write();
    near_fills(&pair);
    ask(pair.near, 1, WRITABLE);
    assert_silence("The pipe is full.");
    far_closes(&pair);
    for (int i = 0; i < 3; i++) {
        assert_event(1, WRITABLE,
                     "The last reader of a full pipe has gone while the writer "
                     "waited. It must hear of it each time it asks, not only "
                     "the first time.");
        ask(pair.near, 1, WRITABLE);
    }
}

Test(hang_up, of_a_pipe_is_told_to_a_writer_who_asks_late, .timeout = 60) {
    Pair pair = pair_open_pipe_to_write();
    far_closes(&pair);
    for (int i = 0; i < 2; i++) {
        ask(pair.near, 1, WRITABLE);
        assert_event(1, WRITABLE,
                     "The last reader of a pipe had gone when the writer "
                     "asked; it must hear of it, each time it asks.");
        assert_silence("Nobody asked again.");
    }
}

Test(hang_up, of_one_direction_comes_after_its_data, .timeout = 60) {
    Pair pair = pair_open_tcp();
    char buffer[8];
    far_sends(&pair, "last");
    shutdown(pair.far, SHUT_WR);
    ask(pair.near, 1, READABLE);
    assert_event(1, READABLE, "There are data, and the end of file.");
    cr_assert(near_reads(&pair, buffer, 8) == 4, "Data first.");
    ask(pair.near, 1, READABLE);
    assert_event(1, READABLE, "Then the end of file, which was not reported.");
    cr_assert(near_reads(&pair, buffer, 8) == 0, "That is the end of file.");
    ask(pair.near, 1, WRITABLE);
    assert_event(1, WRITABLE, "The other direction still has room.");
}

Test(hang_up, of_our_own_direction_leaves_the_reader_waiting, .timeout = 60) {
    Pair pairs[2] = {pair_open(), pair_open_tcp()};
    for (int i = 0; i < 2; i++) {
        shutdown(pairs[i].near, SHUT_WR);
        ask(pairs[i].near, 1, READABLE);
        assert_silence("We shall write no more, which is nothing to read: the "
                       "far end may have much to say yet.");
        far_sends(&pairs[i], "x");
        assert_event(1, READABLE, "The far end goes on writing.");
        stop_asking(pairs[i].near, BOTH);
    }
}

Test(hang_up, by_reset_wakes_a_reader, .timeout = 60) {
    Pair pair = pair_open_tcp();
    char byte;
    ask(pair.near, 1, READABLE);
    far_resets(&pair);
    assert_event(1, READABLE,
                 "The connection was reset, and the reader was "
                 "not told.");
    cr_assert(near_reads(&pair, &byte, 1) < 0 && errno == ECONNRESET,
              "The read that follows says what happened: ECONNRESET.");
}

Test(hang_up, by_reset_wakes_a_writer, .timeout = 60) {
    Pair pair = pair_open_tcp();
    signal(SIGPIPE, SIG_IGN);
    do { /* the system makes room twice or so, while bytes are under way */
        near_fills(&pair);
        ask(pair.near, 1, WRITABLE);
    } while (look().signals != 0);
    far_resets(&pair);
    assert_event(1, WRITABLE,
                 "The connection was reset, and the writer was "
                 "not told.");
    cr_assert(write(pair.near, "x", 1) < 0 && errno == ECONNRESET,
              "The write that follows says what happened: ECONNRESET.");
}

Test(hang_up, of_a_refused_connection_shows_in_so_error, .timeout = 60) {
    const Signals either[] = {READABLE, WRITABLE};
    for (int i = 0; i < 2; i++) {
        int descriptor = refused_open();
        ask(descriptor, 1, either[i]);
        assert_event(1, either[i],
                     "The connection was refused; whoever waits for it must "
                     "be told, whatever it asked for.");
        int error = 0;
        socklen_t length = sizeof error;
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length);
        cr_assert(error == ECONNREFUSED,
                  "WRITABLE alone does not mean connected: SO_ERROR says "
                  "ECONNREFUSED, unless somebody has fetched it before "
                  "(it says %d).",
                  error);
        stop_asking(descriptor, BOTH);
    }
}

Test(hang_up, is_kept_until_somebody_asks, .timeout = 60) {
    Pair pair = pair_open();
    far_sends(&pair, "x");
    ask(pair.near, 1, READABLE);
    assert_event(1, READABLE, "The socket has data.");
    far_closes(&pair);
    assert_silence("Nobody waits for the socket any more: whatever happens to "
                   "it reaches nobody.");
    ask(pair.near, 1, WRITABLE);
    assert_event(1, WRITABLE,
                 "The far end closed while nobody waited. Whoever asks "
                 "afterwards must be told.");
}
