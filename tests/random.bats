#!/usr/bin/env bats
# The calls in a random order: what they find is short, and found again.

load helper

setup() {
    command -v patch >/dev/null || skip "patch is not installed"
}

# Chapter 5 with a mistake, in $copy.
chapter_with() { # PATCH
    copy=$BATS_TEST_TMPDIR/chapters/05-socket-read
    mkdir -p "$copy"
    ln -s "$root/support" "$BATS_TEST_TMPDIR/support"
    cp -R chapters/05-socket-read/Makefile chapters/05-socket-read/src \
        chapters/05-socket-read/demo chapters/05-socket-read/tests "$copy"
    patch -s -p1 -d "$copy" <"tests/mistakes/$1.patch"
}

@test "what calls in a random order find is made short, and found again by its seed" {
    chapter_with ch5-random-refused-connect-waits
    fails make -s -C "$copy" BACKEND=poll random
    prints "The shortest sequence that does:"
    prints "of connect from here on fails;"
    prints "ends with -EBADF, for which there is no cause."
    [ "$(echo "$output" | grep -c '^    ')" -le 6 ]
    seed=$(echo "$output" | sed -n 's/^Again: make random SEED=\([0-9]*\) STEPS=1 .*/\1/p')
    found=$(echo "$output" | sed -n '/^Seed/,/^Seen/p')
    fails make -s -C "$copy" BACKEND=poll random SEED="$seed" STEPS=1
    prints "$found"
}

@test "an assertion that fails is found, and what it says is shown" {
    chapter_with ch5-random-cancel-all-from-a-drop
    fails make -s -C "$copy" BACKEND=poll random STEPS=1000000
    prints "It aborts: an assertion has failed."
    prints "a poll must not cancel the task that it belongs to"
    prints "executor_cancel_all(executor);"
}

@test "a chapter that makes no calls at random says so" {
    succeeds make chapter-1 random
    prints "This chapter makes no calls at random: it has no tests/random."
}
