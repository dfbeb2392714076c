#!/usr/bin/env bats
# What the texts of chapters 1 to 3 say happens: the demonstrations with a deliberate
# mistake in them, and what a machine does by itself.

load helper

setup() {
    command -v patch >/dev/null || skip "patch is not installed"
    command -v timeout >/dev/null || skip "timeout is not installed: a hang would last for ever"
}

# A copy of a chapter in $copy, with a mistake in it if one is named.
experiment() { # CHAPTER [PATCH]
    copy=$BATS_TEST_TMPDIR/experiment
    rm -rf "$copy"
    cp -pR chapters/"$1" "$copy"
    [ $# -lt 2 ] || patch -s -p1 -d "$copy" <"tests/mistakes/$2.patch"
}

# Its demonstration, a line at a time, with the network of chapters 1 and 2. A hang has
# the status 124.
demonstration() { # [ARGS=…]
    make -s -C "$copy" >/dev/null
    printf '2 left\n1 Ada\n1 why?\n3 right\n' >"$BATS_TEST_TMPDIR/network"
    run timeout 10 stdbuf -oL make -s -C "$copy" run "$@" <"$BATS_TEST_TMPDIR/network"
}

hangs_after() { # LAST-LINE
    [ "$status" -eq 124 ] || {
        echo "It did not hang: it ended with $status and printed:"
        echo "$output"
        return 1
    }
    prints_last=$(printf '%s\n' "$output" | grep -v '^make' | tail -n 1)
    [ "$prints_last" = "$1" ] || {
        echo "It hung after '$prints_last', not after '$1'."
        return 1
    }
}

@test "chapter 1, experiment 1: all bytes arrive and no future is asked again" {
    experiment 01-simple-future ch1-pending-without-wake
    demonstration
    [ "$status" -ne 0 ]
    prints "network> 2 left
network> 1 Ada
network> 1 why?
network> 3 right
network> (hangs up)
  The network is gone and wake() was not called: a future waits for ever."
}

@test "chapter 1, experiment 2: reads that are polled again read again" {
    experiment 01-simple-future ch1-join-polls-a-finished-child
    demonstration
    prints 'network> (hangs up)'
    prints 'B is ready:
  socket 2: ""
  socket 3: ""'
}

@test "chapter 1, experiment 3: the rest is carried along by the other future's wake-up" {
    experiment 01-simple-future ch1-and-then-forgets-to-start-the-second
    demonstration
    prints "network> 1 why?
network> 3 right
  wake() was called. For which future? It cannot say: poll both.
poll A: ready, spurious"
}

@test "chapter 1, experiments 4 and 5: the demonstration shows nothing" {
    experiment 01-simple-future
    demonstration
    unbroken=$output
    for mistake in ch1-wakes-itself-to-wait ch1-callback-cleared-after-the-call; do
        experiment 01-simple-future $mistake
        demonstration
        says "$unbroken"
    done
}

@test "chapter 1: a read that waits is 40 bytes" {
    [ "$(getconf LONG_BIT)" -eq 64 ] || skip "pointers have another size here"
    printf '#include "socket_read.h"\n_Static_assert(sizeof(SocketRead) == 40, "");\n' >"$BATS_TEST_TMPDIR/size.c"
    succeeds cc -std=c11 -fsyntax-only -I chapters/01-simple-future/src "$BATS_TEST_TMPDIR/size.c"
}

@test "chapter 2, experiments 1, 3 and 5: what the demonstration says of wakers" {
    experiment 02-waker ch2-first-waker-kept
    demonstration
    prints "6 polls, 0 of them spurious."
    prints "Wakers not given back: 0 of A, 0 of B."
    experiment 02-waker ch2-clone-copies-the-pointers
    demonstration # memory that is gone is used here: what comes after it is open
    prints "Wakers not given back: -2 of A, -2 of B."
    experiment 02-waker ch2-loser-forgotten
    demonstration
    prints "Left waiting on the socket: the read."
}

# Puts a second of sleep behind a line of a file: the first that is like LINE, and has
# NEXT behind it.
sleep_after() { # FILE LINE [NEXT]
    awk -v line="$2" -v next_line="${3-}" '
        held && !done && (next_line == "" || $0 == next_line) { print "    sleep(1);"; done = 1 }
        { held = $0 == line; print }' "$1" >"$BATS_TEST_TMPDIR/slow"
    grep -q '^    sleep(1);$' "$BATS_TEST_TMPDIR/slow" || {
        echo "There is no line '$2' in $1 any more."
        return 1
    }
    { echo '#include <unistd.h>'; cat "$BATS_TEST_TMPDIR/slow"; } >"$1"
}

@test "chapter 2: a second of sleep in the timer's gap loses the wake-up every time" {
    experiment 02-waker ch2-check-then-store
    sleep_after "$copy/src/timer_future.c" '    pthread_mutex_unlock(&self->parker.lock);' \
        '    pthread_mutex_lock(&self->parker.lock);'
    demonstration
    hangs_after "A read of a silent socket, for 20 ms (Select), under block_on()."
    # The same second under the lock harms nothing: it is the gap that does.
    experiment 02-waker
    sleep_after "$copy/src/timer_future.c" '    bool completed = self->completed;'
    demonstration
    [ "$status" -eq 0 ]
    prints "Left waiting on the socket: nothing."
}

@test "chapter 3: a second of sleep between look and mark loses the wake-up every time" {
    experiment 03-executor ch3-looks-then-announces
    sleep_after "$copy/src/mailbox.c" '    }' '    atomic_store(&mailbox->newest, &sleeping_mark);'
    demonstration
    hangs_after "tasks asleep   threads watching   their stacks reserve   reads served"
    # The same second before the one step harms nothing.
    experiment 03-executor
    sleep_after "$copy/src/mailbox.c" '    Task *empty = NULL;'
    demonstration ARGS=1
    [ "$status" -eq 0 ]
}

@test "chapter 3, experiments 2 to 5: what the table says" {
    for mistake in ch3-bit-cleared-after-the-poll ch3-queue-drained-to-the-end; do
        experiment 03-executor $mistake
        demonstration
        prints "        1000               1000               8000 MiB          1000"
    done
    experiment 03-executor ch3-wakers-hold-no-reference
    demonstration
    prints "The tasks could not all be run: Resource deadlock avoided. No waker of the tasks is left: find out where it was lost."
    experiment 03-executor ch3-wakes-itself-to-wait
    demonstration
    prints "        1000                  0                  0 MiB          1000"
}

@test "chapter 3: a load passes the store before it, unless both are seq_cst" {
    [ "$(getconf _NPROCESSORS_ONLN)" -ge 2 ] || skip "one processor keeps its own order"
    cat >"$BATS_TEST_TMPDIR/pass.c" <<'END_OF_C'
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

enum { ROUNDS = 200000 };
static atomic_int sleeping, task, round_of[2];
static int missed[2];

static void meet(int me, int now) {
    atomic_store(&round_of[me], now);
    for (int i = 1; atomic_load(&round_of[!me]) < now; i++) {
        if (i % 1000 == 0) {
            sched_yield(); /* the other one may have no processor */
        }
    }
}

static void *side(void *argument) {
    int me = argument != NULL, both = 0;
    atomic_int *mine = me ? &sleeping : &task, *other = me ? &task : &sleeping;
    for (int i = 0; i < ROUNDS && both == 0; i++) {
        meet(me, 3 * i + 1);
        atomic_store_explicit(mine, 1, ORDER);
        missed[me] = atomic_load_explicit(other, ORDER) == 0;
        meet(me, 3 * i + 2);
        both += missed[0] && missed[1];
        meet(me, 3 * i + 3);
        atomic_store_explicit(mine, 0, memory_order_relaxed);
    }
    return (void *)(long)both;
}

int main(void) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, side, &thread) != 0) {
        return 1;
    }
    printf("both missed: %ld\n", (long)side(NULL));
    return pthread_join(thread, NULL);
}
END_OF_C
    cc -std=c11 -O2 -pthread -DORDER=memory_order_relaxed -o "$BATS_TEST_TMPDIR/relaxed" "$BATS_TEST_TMPDIR/pass.c"
    cc -std=c11 -O2 -pthread -DORDER=memory_order_seq_cst -o "$BATS_TEST_TMPDIR/seq_cst" "$BATS_TEST_TMPDIR/pass.c"
    succeeds timeout 60 "$BATS_TEST_TMPDIR/relaxed"
    prints_not "both missed: 0"
    succeeds timeout 60 "$BATS_TEST_TMPDIR/seq_cst"
    says "both missed: 0"
}

@test "chapter 3: a sleeping thread uses two pages of its stack and one of the page table" {
    [ "$(uname -s)" = Linux ] || skip "other systems tell it in other ways"
    [ "$(getconf PAGESIZE)" -eq 4096 ] || skip "pages have another size here"
    cat >"$BATS_TEST_TMPDIR/threads.c" <<'END_OF_C'
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

enum { THREADS = 500 };

static void *rest(void *nothing) {
    pause();
    return nothing;
}

static long kibibytes(const char *format) {
    long value = 0;
    char line[200];
    FILE *status = fopen("/proc/self/status", "r");
    while (fgets(line, sizeof line, status) != NULL && sscanf(line, format, &value) != 1) {
    }
    fclose(status);
    return value;
}

int main(void) {
    pthread_t thread;
    long memory = kibibytes("VmRSS: %ld"), table = kibibytes("VmPTE: %ld");
    for (int i = 0; i < THREADS; i++) {
        if (pthread_create(&thread, NULL, rest, NULL) != 0) {
            return 1;
        }
    }
    sleep(1);
    printf("%ld %ld\n", (kibibytes("VmRSS: %ld") - memory + THREADS / 2) / THREADS,
           (kibibytes("VmPTE: %ld") - table + THREADS / 2) / THREADS);
    fflush(stdout);
    _exit(0);
}
END_OF_C
    cc -std=gnu11 -O2 -pthread -o "$BATS_TEST_TMPDIR/threads" "$BATS_TEST_TMPDIR/threads.c"
    succeeds "$BATS_TEST_TMPDIR/threads"
    [[ $output =~ ^([89]|1[0-2])" 4"$ ]] || {
        echo "KiB of memory and of page tables for each thread: $output"
        return 1
    }
}
