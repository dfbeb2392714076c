#!/usr/bin/env bats
# `make bench`: that every contestant does the same work, and that the work is
# checked. No figure decides anything here.

load helper

libraries_are_here() {
    sh bench/bench.sh --can || skip "$(sh bench/bench.sh --can 2>&1)"
}

# cheating FROM TO: builds $cheat, bare.c with a line changed, and the honest client.
cheating() {
    [ "$(uname -s)" = Linux ] || skip "only Linux has epoll"
    cheat=$BATS_TEST_TMPDIR/cheat
    honest=$BATS_TEST_TMPDIR/client
    sed "s/$1/$2/" bench/bare.c >"$cheat.c"
    ! cmp -s bench/bare.c "$cheat.c"
    cc -std=c11 -D_GNU_SOURCE -pthread -Ibench -o "$cheat" "$cheat.c" bench/workload.c bench/trouble.c
    cc -std=c11 -D_GNU_SOURCE -Ibench -o "$honest" bench/client.c bench/trouble.c
}

@test "every contestant does all of the work, and every row is in the table" {
    libraries_are_here
    export RESULTS=$BATS_TEST_TMPDIR/results.tsv
    SMALLEST=1 succeeds make bench
    while read -r row run figure what; do
        case $row in
            '#'*) ;;
            wake-2) [ "$(nproc)" = 1 ] || prints "$what" ;;
            ?*) prints "$what" ;;
        esac
    done <bench/rows.txt
    for name in "libuv 1." "libev 4." "libevent 2." "processor:" "kernel:" "compiler:"; do
        prints "$name"
    done
    # Each run by each of the five, with as many operations as the others.
    run awk -F '\t' '!/^#/ {
            if ($2 in count && count[$2] != $4) print $2 ": " $3 " did " $4 ", not " count[$2]
            count[$2] = $4
            by[$2]++
            if ($4 < 1 || $5 < 1 || $6 < 1) print $2 ": " $3 " has no figure"
        }
        END { for (run in by) if (by[run] != 5) print run " was made by " by[run] }' "$RESULTS"
    says ""
    # What is printed fits into a terminal.
    RESULTS=$RESULTS AGAIN=1 succeeds make bench
    [ "$(printf '%s\n' "$output" | awk '{ if (length($0) > most) most = length($0) } END { print most }')" -le 100 ]
}

# made_up ROUND COURSE BARE: what a round's results would be, in nanoseconds.
made_up() {
    local round=$1 run who ns
    for run in $(awk '!/^#/ && NF && !seen[$2]++ { print $2 }' bench/rows.txt); do
        for who in "course $2" "bare $3" "libuv $((2 * $3))" "libev $((3 * $3))" "libevent $((4 * $3))"; do
            ns=${who#* }
            printf '%s\t%s\t%s\t1\t%s\t%s\n' "$round" "$run" "${who% *}" "$ns" "$ns"
        done
    done >>"$RESULTS"
}

@test "a ratio is the median of ratios within one round" {
    export RESULTS=$BATS_TEST_TMPDIR/results.tsv AGAIN=1
    # The ratio of the medians would be 1.50.
    made_up 1 300 100
    made_up 2 200 200
    made_up 3 400 400
    succeeds sh bench/bench.sh
    prints "A self-waking task: one poll                  200 ns      1.00    2.00    3.00      4.00    0.50"
    prints "medians of the ratios of 3 rounds."
}

@test "the page says where others are ahead, and why, and nowhere else" {
    export RESULTS=$BATS_TEST_TMPDIR/results.tsv PAGE_FOLDER=$BATS_TEST_TMPDIR AGAIN=1
    printf 'chapter\tfrom clean\n1\t3.1\n' >"$BATS_TEST_TMPDIR/loop.tsv"
    printf 'bare\t1\t2\t3\t4\t3\t2\n' >"$BATS_TEST_TMPDIR/counts.tsv"
    made_up 1 250 100
    made_up 2 250 100
    PAGE=1 succeeds sh bench/bench.sh
    run cat "$BATS_TEST_TMPDIR/measured.md"
    prints "- A self-waking task: one poll: libuv (2.00); chapter 5 is at 2.50."
    prints "which the loop walks in each turn"
    prints "- Woken by a thread and back: 2 cores: libuv (2.00); chapter 5 is at 2.50."
    prints "These rows are time on the clock"
    prints_not "Why is not known"
    prints "| the limit | 1 | 2 | 3 | 4 | 3.00 | 2.00 |"
    # Four per cent are no news.
    : >"$RESULTS"
    made_up 1 208 100
    PAGE=1 succeeds sh bench/bench.sh
    run cat "$BATS_TEST_TMPDIR/measured.md"
    prints "Nowhere in this run."
    prints_not "chapter 5 is at"
}

@test "a library that is missing is named, with the command that installs it" {
    libraries_are_here
    cat >"$BATS_TEST_TMPDIR/cc" <<'END'
#!/bin/sh
case $* in *-E*) ! grep -q 'ev\.h' ;; *) exec cc "$@" ;; esac
END
    chmod +x "$BATS_TEST_TMPDIR/cc"
    fails make bench CC="$BATS_TEST_TMPDIR/cc"
    prints "libev is not installed, and 'make bench' needs it: run '"
    [ "${#lines[@]}" -eq 1 ]
}

@test "a task that is not run again, one that never ends and a token that goes astray are found" {
    cheating 'queue_push(take_turn, argument);' ';'
    fails "$cheat" poll 10 3
    says "A task did not get all of its turns."
    cheating '\*ended += 1;' ';'
    fails "$cheat" spawn 10 2
    says "Not every task that was begun has ended."
    cheating 'chain\[chain_next(self->pair)\]' 'chain[self->pair]'
    fails "$cheat" chain 10 2 5
    says "A token did not end where it should."
}

@test "an echo that is not what was sent is found" {
    cheating 'ssize_t length = read.*' '& self->buffer[5] ^= 1;'
    fails "$honest" "$cheat" 2 0 10
    says "An echo is not what was sent."
}

@test "a server that dies is told in one sentence" {
    cheating 'ssize_t length = read.*' '& exit(0);'
    fails "$honest" "$cheat" 2 0 10
    [ "${#lines[@]}" -eq 1 ]
    [[ $output == "The server closed a connection before its echo." ]] ||
        [[ $output == "An echo cannot be read: Connection reset by peer." ]]
    fails "$honest" "$BATS_TEST_TMPDIR/nobody" 2 0 10
    prints "The server cannot be started: No such file or directory."
}

@test "a server that never answers is not waited for" {
    cheating 'ssize_t length = read.*' 'return; &'
    BENCH_SECONDS=1 fails timeout 20 "$honest" "$cheat" 1 0 10
    prints "The work did not end within its time"
}

@test "what a reader waits for is measured in a copy" {
    small_course
    succeeds sh scripts/loop.sh 2
    [ "${lines[0]}" = "chapter	from clean	after one edit	nothing changed	RUNNER=portable" ]
    [ "$(echo "${lines[1]}" | tr -d '0-9')" = "$(printf '\t.\t.\t.\t.')" ]
    [ ! -e chapters/02-two/build ]
    fails sh scripts/loop.sh 9
    prints "There is no chapter 9."
    sed -i 's/a + b/a - b/' chapters/02-two/src/sum.c
    fails sh scripts/loop.sh 2
    prints "'make chapter-2 test' failed: Tests: chapter 2 FAILED (1 of 2)."
}

@test "a hop costs chapter 5 no more system calls than the limit: three" {
    libraries_are_here
    command -v strace >/dev/null || skip "strace is not installed"
    make -C bench >/dev/null
    local program hops
    for program in bare course; do
        for hops in 1000 2000; do
            strace -f -c -U calls,name -o "$BATS_TEST_TMPDIR/$program-$hops" \
                "build/bench/$program" chain 100 1 $hops
        done
        run awk '$2 == "total" { n = $1 - n } END { print n }' \
            "$BATS_TEST_TMPDIR/$program-1000" "$BATS_TEST_TMPDIR/$program-2000"
        says 3000
    done
}
