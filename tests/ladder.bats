#!/usr/bin/env bats
# Chapter 5's bench: the rows are all there, and counts that are certain hold. Times
# decide nothing.

load helper

# A copy of what is needed: other tests build in the tree at the same time.
setup_file() {
    local course=$BATS_FILE_TMPDIR folder
    cp -R Makefile setup.sh scripts support "$course"
    for folder in chapters/01-simple-future chapters/05-socket-read; do
        mkdir -p "$course/$folder"
        cp -R "$folder/Makefile" "$folder/src" "$folder/demo" "$course/$folder"
    done
    cp -R "$folder/bench" "$course/$folder"
}

setup() { cd "$BATS_FILE_TMPDIR" || return 1; }

build_bench() {
    succeeds make -C chapters/05-socket-read build/cc-O2-epoll/run-bench
    bench=chapters/05-socket-read/build/cc-O2-epoll/run-bench
}

# For a test that changes something.
copy_of_chapter_5() {
    mkdir "$BATS_TEST_TMPDIR/chapters"
    ln -s "$BATS_FILE_TMPDIR/support" "$BATS_TEST_TMPDIR/support"
    cp -pR chapters/05-socket-read "$BATS_TEST_TMPDIR/chapters/5"
    cd "$BATS_TEST_TMPDIR/chapters/5" || return 1
}

# The figures of a way to wait: calls, read, wait, ctl, looks, wakes, sleeps, forced,
# threads, bytes, microseconds.
figures_of() { # NAME
    printf '%s\n' "$output" | sed -n "s/^$1 *//p" | tr -s ' '
}

counts_of() { # NAME FIRST-COLUMN LAST-COLUMN
    figures_of "$1" | cut -d' ' -f"$2-$3"
}

@test "six ways to wait and the limit, with the counts that the text explains" {
    succeeds make chapter-5 bench QUICK=1 ARGS="--sockets 20 --messages 50"
    prints "10 of 20 active"
    [ "$(counts_of '1 ask each in turn' 3 4)" = "0.00 0.00" ]
    #                                              calls read wait ctl looks wakes
    [ "$(counts_of '2 a thread each' 1 6)" = "2.00 1.00 0.00 0.00 1.00 1.00" ]
    [ "$(counts_of '3 poll(2)' 1 6)" = "3.00 1.00 1.00 0.00 20.00 1.00" ]
    [ "$(counts_of '4 epoll, add + remove' 1 6)" = "5.00 1.00 1.00 2.00 1.00 1.00" ]
    [ "$(counts_of '5 epoll, one-shot' 1 6)" = "4.00 1.00 1.00 1.00 1.00 1.00" ]
    [ "$(counts_of '6 this chapter' 1 6)" = "3.00 1.00 1.00 0.00 2.00 1.00" ]
    [ "$(counts_of '- epoll by hand' 1 6)" = "3.00 1.00 1.00 0.00 1.00 1.00" ]
    [ "$(counts_of '2 a thread each' 9 9)" = 20 ]
    for way in '1 ask each in turn' '3 poll(2)' '4 epoll, add + remove' \
        '5 epoll, one-shot' '6 this chapter' '- epoll by hand'; do
        [ "$(counts_of "$way" 9 9)" = 1 ]
    done
}

@test "one socket is enough, and whoever asks over and over never sleeps" {
    succeeds make chapter-5 bench ARGS="--sockets 1 --messages 1000"
    prints "1 of 1 active"
    [ "$(counts_of '1 ask each in turn' 6 7)" = "0.00 0.00" ]
    [ "$(counts_of '2 a thread each' 9 9)" = 1 ]
    [ "$(counts_of '6 this chapter' 1 6)" = "3.00 1.00 1.00 0.00 2.00 1.00" ]
}

@test "where there is no room for the threads, the row says so" {
    build_bench
    ulimit -v 800000
    succeeds $bench --sockets 500 --messages 5
    [[ $(figures_of '2 a thread each') =~ ^-EAGAIN\ after\ [0-9]+\ threads ]]
    [ "$(counts_of '6 this chapter' 1 4)" = "3.00 1.00 1.00 0.00" ]
}

@test "where there are too few descriptors, it says how many there are" {
    build_bench
    ulimit -n 50
    succeeds $bench --quick
    prints "10 of 10 active"
    prints "10000 sockets: left out, since a process may open 50 descriptors here;"
}

@test "the whole of it is drawn, on the terminal and as a picture" {
    command -v gnuplot >/dev/null || skip "gnuplot is not installed"
    succeeds make chapter-5 bench QUICK=1 ARGS="--messages 1"
    prints "10 of 1000 active"
    prints "Processor time for a message"
    picture=${lines[-1]#The same as a picture: }
    grep -q '6 this chapter' "$picture"
}

@test "without gnuplot there is the table, and a line says what is missing" {
    path_without gnuplot
    PATH=$path succeeds make chapter-5 bench QUICK=1 ARGS="--messages 1 --rung 6"
    prints "10 of 1000 active"
    [[ ${lines[-1]} == "There is no gnuplot to draw it: run '"*"'sh setup.sh --bench' in the course's folder." ]]
}

@test "a chapter without a bench says so" {
    succeeds make chapter-1 bench
    says "This chapter has nothing to measure: it has no bench folder."
}

@test "one-shot in place of the level costs an epoll_ctl a message" {
    copy_of_chapter_5
    sed -i 's/    return ((signals & SIGNAL_READABLE)/    return EPOLLONESHOT | ((signals \& SIGNAL_READABLE)/' src/backends/epoll.c
    sed -i 's/if (signals == interest->armed)/if ((signals | interest->armed) == 0)/' src/io_blocker.c
    sed -i 's/    (void)arm(blocker, report->object, interest->armed & ~idle);/    if (idle != 0) &/' src/io_blocker.c
    succeeds make bench ARGS="--rung 6 --sockets 20 --messages 50"
    [ "$(counts_of '6 this chapter' 1 6)" = "4.00 1.00 1.00 1.00 2.00 1.00" ]
}

@test "a wake-up that is lost ends the bench with a sentence" {
    copy_of_chapter_5
    sed -i 's/SECONDS_TO_END = 60/SECONDS_TO_END = 1/' bench/work.c
    sed -i 's/tell(epoll, EPOLL_CTL_MOD/tell(epoll, EPOLL_CTL_DEL/' bench/ways.c
    fails make bench ARGS="--rung 5 --sockets 20 --messages 50"
    prints "It did not end within 1 s: a wake-up was lost, or there are too many messages."
    prints "'5 epoll, one-shot' with 20 sockets failed."
}

@test "a wrong byte ends the bench with a sentence" {
    copy_of_chapter_5
    sed -i 's/message\[i\] ^= 0xff/message[i] ^= 0xfe/' bench/driver.c
    sed -i 's/    message_answer(expected, MESSAGE_SIZE, socket);/    message_answer(expected, MESSAGE_SIZE, socket); expected[63] ^= 1;/' bench/driver.c
    fails make bench ARGS="--rung 6 --sockets 20 --messages 50"
    prints "Message 0 got a wrong answer."
}
