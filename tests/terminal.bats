#!/usr/bin/env bats
# What a reader sees on a terminal: lines that fit, colours only where they are wanted,
# and after a failure no word of make's own, in whatever language make speaks.

load helper

# Runs a command on a terminal of its own. `script` has other options elsewhere.
on_terminal() { # NAME=VALUE... -- COMMAND
    script --version >/dev/null 2>&1 || skip "there is no 'script' of util-linux"
    local variables=()
    while [ "$1" != -- ]; do
        variables+=("$1")
        shift
    done
    run env -u NO_COLOR "${variables[@]}" script -qec "$2" /dev/null </dev/null
    [ "$status" -eq 0 ]
}

@test "the lines of what is printed as help fit 80 columns" {
    for command in 'make help' 'sh setup.sh --help'; do
        succeeds $command
        local LC_ALL=C.UTF-8 # so that … counts as one
        for line in "${lines[@]}"; do
            [ "${#line}" -le 80 ] || {
                echo "'$command' has a line of ${#line}: $line"
                return 1
            }
        done
    done
}

# A command that colours what it prints, and does not under NO_COLOR or TERM=dumb.
coloured() { # COMMAND
    on_terminal TERM=xterm -- "$1"
    prints $'\033['
    on_terminal TERM=xterm NO_COLOR=1 -- "$1"
    prints_not $'\033'
    on_terminal TERM=dumb -- "$1"
    prints_not $'\033'
    # NO_COLOR means nothing when it is empty.
    on_terminal TERM=xterm NO_COLOR= -- "$1"
    prints $'\033['
}

@test "NO_COLOR and TERM=dumb keep Criterion's tests plain" {
    small_course
    coloured 'make chapter-1 test'
}

@test "NO_COLOR and TERM=dumb keep make diff plain" {
    small_course
    echo 'int new;' >chapters/02-two/src/new.c
    export PAGER=cat
    coloured 'make chapter-2 diff'
}

@test "make diff needs no pager on a dumb terminal, and uses one on others" {
    small_course
    printf '%s\n' '#!/bin/sh' 'echo paged' >pager
    chmod +x pager
    on_terminal TERM=xterm PAGER=./pager -- 'make chapter-2 diff'
    prints paged
    on_terminal TERM=dumb PAGER=./pager -- 'make chapter-2 diff'
    prints_not paged
}

@test "make doctor is plain on any terminal" {
    on_terminal TERM=xterm -- 'make doctor'
    prints "This machine is ready"
    prints_not $'\033'
}

# --- Make's last words ---------------------------------------------------------

# Whatever fails, make is not the one who says so.
no_word_of_make() {
    prints_not '***'
    prints_not 'make:'
    prints_not 'make['
}

failures() {
    fails make chapter-1 test FILTER=no/such
    prints "No test is named 'no/such'"
    no_word_of_make
    fails make chapter-1 test CC=no-such-cc
    prints "There is no compiler 'no-such-cc'"
    no_word_of_make
    fails make -j4 chapter-1 chapter-2 test SANITIZE=thread
    prints "The thread sanitizer does not run under Criterion"
    no_word_of_make
    sed -i 's/return 0/return 3/' chapters/02-two/demo/main.c
    fails make chapter-2 run
    prints "02-two: 2"
    no_word_of_make
    echo 'error' >>chapters/03-three/src/sum.c
    fails make -j4
    prints "sum.c"
    no_word_of_make
    INSIDE_THE_TESTS=yes fails make test
    prints "chapter 3 FAILED"
    no_word_of_make
}

@test "after a failure make has no word" {
    small_course
    failures
}

@test "after a failure make has no word, in Chinese neither" {
    command -v localedef >/dev/null || skip "there is no localedef to make the language with"
    localedef -i zh_CN -f UTF-8 "$BATS_TEST_TMPDIR/zh_CN.UTF-8" 2>/dev/null ||
        skip "what localedef makes a language of is not installed"
    export LOCPATH=$BATS_TEST_TMPDIR LC_ALL=zh_CN.UTF-8
    run make -f /dev/null nothing
    [[ $output != *"No rule to make"* ]] || skip "make speaks no Chinese here"
    small_course 2>/dev/null
    failures
}

@test "what make runs keeps the reader's language" {
    small_course
    printf '%s\n' '#include <stdio.h>' '#include <stdlib.h>' 'int main(void) {' \
        '    printf("%s %s\n", getenv("LANGUAGE"), getenv("LC_ALL"));' '    return 0;' '}' \
        >chapters/02-two/demo/main.c
    LANGUAGE=zh LC_ALL=C succeeds make chapter-2 run
    prints "zh C"
    echo 'Test(sum, speaks) { cr_assert_str_eq(getenv("LANGUAGE"), "zh"); }' \
        >>chapters/02-two/tests/test_sum.c
    LANGUAGE=zh succeeds make chapter-2 test
    prints "chapter 2 passed (3)"
}

@test "Ctrl-C ends a server, and make has no word of its own to add" {
    env --default-signal=INT true 2>/dev/null || skip "this env cannot undo what bats does to SIGINT"
    succeeds make chapter-5
    env --default-signal=INT setsid make chapter-5 run ARGS=--serve >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    group=$!
    for _ in $(seq 100); do
        ! grep -q Listening "$BATS_TEST_TMPDIR/out" || break
        sleep 0.1
    done
    kill -INT -- "-$group"
    wait "$group" || true
    run cat "$BATS_TEST_TMPDIR/out"
    prints "Descriptors left open: 0"
    prints_not "make"
}
