#!/usr/bin/env bats
# Models of other systems' kernels, which the back ends of chapters 4 and 5 run
# against here: that they are good models, and that nobody takes them for more. And
# that the models for spin, and the list of memory orders, still speak of the C code.

load helper

@test "the model of kqueue does what Linux does, and what the manual pages say" {
    folder=support/models/kqueue
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
    prints "kqueue is a model here, not a kernel: ../../support/models/kqueue"
    prints "Socket 1 is now READABLE"
}

@test "a chapter alone has no model, and takes the course's from where it is told" {
    [ "$(uname -s)" = Linux ] || skip "here kqueue would be the kernel's"
    mkdir "$BATS_TEST_TMPDIR/alone"
    ln -s "$root/support" "$BATS_TEST_TMPDIR/course"
    cp -R chapters/04-io-blocker/Makefile chapters/04-io-blocker/src chapters/04-io-blocker/demo \
        "$BATS_TEST_TMPDIR/alone"
    cd "$BATS_TEST_TMPDIR/alone"
    fails make BACKEND=kqueue
    prints "sys/event.h"
    succeeds make run BACKEND=kqueue COURSE=../course
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
        prints "Built for a Mac: take the file 'run-demo' of build/$target-* there"
        for chapter in chapters/0*; do
            head -c 4 "$chapter"/build/$target-*/run-demo | od -An -tx1 | grep -q "cf fa ed fe"
        done
    done
    fails make chapter-4 run TARGET=macos
    prints "What is built for macos does not run here"
}

# A copy of what scripts/orders.sh reads, to be changed.
copy_for_orders() {
    local copy=$BATS_TEST_TMPDIR/copy chapter
    mkdir -p "$copy/tests"
    cp -R scripts support "$copy"
    cp -R tests/models tests/orders.txt "$copy/tests"
    for chapter in chapters/0*; do
        mkdir -p "$copy/$chapter"
        cp -R "$chapter/Makefile" "$chapter/src" "$chapter/demo" "$chapter/tests" "$copy/$chapter"
    done
    cd "$copy"
    task=chapters/03-executor/src/task.c
}

orders() { sh scripts/orders.sh "$@" chapters/0*; }

@test "a memory order that becomes weaker is noticed by name" {
    copy_for_orders
    succeeds orders --list
    says "The atomic operations are those of tests/orders.txt and of the models."
    sed -i '/&task->noted, true,/{n;s/acq_rel/acquire/}' $task
    fails orders --list
    prints "chapters/03-executor/src/task.c: task_wake() has exchange acquire where tests/orders.txt has exchange acq_rel."
}

@test "an atomic operation that is new, gone or not named is noticed" {
    copy_for_orders
    sed -i 's/^static void task_complete(Task \*task) {/&\n    task->noted = false;/' $task
    fails orders --list
    prints "'noted' is atomic, and is used without naming the operation and its order."
    sed -i 's/^    task->noted = false;/    atomic_fetch_or(\&task->noted, true);/' $task
    fails orders --list
    prints "task_complete() has fetch_or seq_cst, which tests/orders.txt does not know."
    sed -i '/atomic_fetch_or/d; /atomic_store_explicit(&task->noted/d' $task
    fails orders --list
    prints "task_complete() has nothing where tests/orders.txt has store relaxed."
}

@test "steps that C makes in another order than the model are noticed" {
    copy_for_orders
    note=chapters/03-executor/src/executor.c
    awk '/first = task->next_note;/ { held = $0; next } { print } /task_take_note\(task\);/ { print held }' \
        $note >new && mv new $note
    fails orders --list
    prints 'ch3-noted.pml: in chapters/03-executor, read_notes() has no "task_take_note(task)", or has it earlier than the model.'
}

@test "a weaker order that the sanitizer does not report is found" {
    printf '#include <pthread.h>\nint main(void) { return 0; }\n' >"$BATS_TEST_TMPDIR/none.c"
    cc -fsanitize=thread -o "$BATS_TEST_TMPDIR/none" "$BATS_TEST_TMPDIR/none.c" ||
        skip "there is no thread sanitizer: no weaker order was tried"
    copy_for_orders
    sed -i '/^2 .*fetch_sub/s/acquire release/acq_rel/' tests/orders.txt
    fails sh scripts/orders.sh chapters/02-waker
    prints "thread_waker_drop(), fetch_sub acq_rel -> acq_rel: this cannot be made there."
    sed -i '/^2 .*fetch_sub/s/ acq_rel | acq_rel |/ acq_rel | seq_cst |/' tests/orders.txt
    fails sh scripts/orders.sh chapters/02-waker
    prints "thread_waker_drop(), fetch_sub acq_rel -> seq_cst: stress_orders reports nothing."
}
