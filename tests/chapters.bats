#!/usr/bin/env bats
# Each chapter is complete: copied alone to an empty folder it builds, runs and passes
# its tests, and then has nothing left to build.

load helper

alone() { # FOLDER
    # Not below a folder that could help out.
    mkdir "$BATS_TEST_TMPDIR/alone"
    cd "$BATS_TEST_TMPDIR/alone" || return 1
    cp -R "$root/chapters/$1/Makefile" "$root/chapters/$1/src" "$root/chapters/$1/demo" \
        "$root/chapters/$1/tests" .
    succeeds make -j2
    prints "'make run' runs it."
    succeeds make run </dev/null
    [ -n "$output" ]
    succeeds make -j2 test
    prints "Failing: 0 | Crashing: 0"
    succeeds make
    prints_not "  CC  "
    prints_not "  LD  "
    succeeds make test
    prints_not "  CC  "
    prints_not "  LD  "
    succeeds make clean
    [ ! -e build ]
}

@test "chapter 1 works alone" { alone 01-simple-future; }
@test "chapter 2 works alone" { alone 02-waker; }
@test "chapter 3 works alone" { alone 03-executor; }
@test "chapter 4 works alone" { alone 04-io-blocker; }
@test "chapter 5 works alone" { alone 05-socket-read; }
