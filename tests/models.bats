#!/usr/bin/env bats
# Models of other systems' kernels, which the back ends of chapters 4 and 5 run
# against here: that they are good models, and that nobody takes them for more.

load helper

@test "the model of kqueue does what Linux does, and what the manual pages say" {
    folder=tests/models/kqueue
    succeeds cc -std=c11 -Wall -Wextra -Wpedantic -Werror -g -O1 -pthread -I $folder \
        -o "$BATS_TEST_TMPDIR/check" $folder/check.c $folder/kqueue.c
    for seed in 1 2 3; do
        succeeds "$BATS_TEST_TMPDIR/check" $seed
        prints "The model of kqueue reported the same as the kernel"
    done
}

# In what the kernels differ stands at the top of the model. One by one, and as on
# FreeBSD, NetBSD and macOS with errors that pass.
@test "chapter 4 keeps its contract on each kernel that the model of kqueue can be" {
    [ "$(uname -s)" = Linux ] || skip "here kqueue would be the kernel's"
    for habits in none loses-trigger drops-writer says-ebadf takes-pipe bare-error \
        loses-trigger,drops-writer,bare-error loses-trigger,says-ebadf,bare-error \
        takes-pipe,bare-error; do
        echo "KQUEUE_HABITS=$habits"
        KQUEUE_HABITS=$habits succeeds make -C chapters/04-io-blocker --no-print-directory \
            RUNNER=portable BACKEND=kqueue test
    done
}

@test "chapter 4 runs on kqueue, and says that it is a model" {
    [ "$(uname -s)" = Linux ] || skip "here kqueue would be the kernel's"
    succeeds make chapter-4 run BACKEND=kqueue
    prints "kqueue is a model here, not a kernel: ../../tests/models/kqueue"
    prints "Socket 1 is now READABLE"
}

@test "a chapter alone says where the model is, and takes it from there" {
    [ "$(uname -s)" = Linux ] || skip "here kqueue would be the kernel's"
    mkdir "$BATS_TEST_TMPDIR/alone"
    cp -R chapters/04-io-blocker/Makefile chapters/04-io-blocker/src "$BATS_TEST_TMPDIR/alone"
    cd "$BATS_TEST_TMPDIR/alone"
    fails make BACKEND=kqueue
    prints "Linux has no kqueue, and the model of it is not here: it lies in the course, in tests/models/kqueue"
    [ "${#lines[@]}" -eq 1 ]
    succeeds make run BACKEND=kqueue MODELS="$root/tests/models"
    prints "Socket 1 is now READABLE"
}

@test "every chapter builds for a Mac, or the compiler for it is named" {
    command -v "${ZIG-zig}" >/dev/null || {
        fails make chapter-4 TARGET=macos
        prints "'${ZIG-zig}' is not installed, and TARGET=macos needs it"
        skip "zig is not installed: nothing was built for macOS"
    }
    for target in macos macos-arm64; do
        succeeds make build TARGET=$target
        prints "Built for a Mac: take the file 'demo' of build/$target-* there"
        for chapter in chapters/0*; do
            head -c 4 "$chapter"/build/$target-*/demo | od -An -tx1 | grep -q "cf fa ed fe"
        done
    done
    fails make chapter-4 run TARGET=macos
    prints "What is built for macos does not run here"
}
