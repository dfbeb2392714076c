#!/usr/bin/env bats
# Back ends whose system is not this one: the models they run against here, what
# compiles for their own system, and the one that is a checklist.

load helper

strict="-std=c11 -O1 -g -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -pthread"

needs_linux() { [ "$(uname -s)" = Linux ] || skip "$1"; }

# The model of Fuchsia's ports and the program that holds it against Linux.
check_fuchsia() { # MODEL.c
    # shellcheck disable=SC2086 # flags are words
    ${CC-cc} $strict -I"$root/support/models/fuchsia" -o "$BATS_TEST_TMPDIR/check" \
        "$root/support/models/fuchsia/check.c" "$1" && "$BATS_TEST_TMPDIR/check"
}

@test "the model of Fuchsia's ports does what a kernel does where Linux has the same" {
    needs_linux "the model of Fuchsia's ports runs on Linux only"
    succeeds check_fuchsia support/models/fuchsia/port.c
    prints "7 claims hold beside Linux, 12 beside the documentation"
}

# Each line is a wrong kernel: the claim that finds it, and what sed does to the model.
@test "a model of Fuchsia's ports that does something else is found out" {
    needs_linux "the model of Fuchsia's ports runs on Linux only"
    while IFS='|' read -r claim change; do
        sed "$change" support/models/fuchsia/port.c >"$BATS_TEST_TMPDIR/port.c"
        if cmp "$BATS_TEST_TMPDIR/port.c" support/models/fuchsia/port.c; then
            echo "The change for $claim does not fit the model any more." && false
        fi
        fails check_fuchsia "$BATS_TEST_TMPDIR/port.c"
        prints "$claim"
    done <<'END'
one_shot_is_linux_one_shot|s/    look_at(port, wait, now);$/    wait->there = now;/
random_steps_are_linux_one_shot|s/bool closed = (revents .*;/bool closed = false;/
an_edge_from_nothing_is_linux_edge|s/\.signals = signals,/.signals = edge ? 0 : signals,/
signals_are_linux_levels|s/(out && !closed ?/(out ?/
a_deadline_is_never_early|s/ + (left_ns % 1000000 != 0)//
user_packets_count_as_a_semaphore_does|s/    record.type = ZX_PKT_TYPE_USER;/&\n    record.user.u64[1] = 0;/
an_edge_is_not_what_was_there|s/edge ? now & signals : ZX_SIGNAL_NONE/ZX_SIGNAL_NONE/
a_packet_says_what_was_there|s/\.observed = observed/.observed = observed \& wait->signals/
cancelling_takes_back|s/key == NULL \&\& wait->queued/wait->queued/
a_closed_handle_ends_its_waits|s/key == NULL && wait->queued/key == NULL \&\& false/
END
}

@test "the IoBlocker on Fuchsia's ports says that it runs against a model" {
    needs_linux "the model of Fuchsia's ports runs on Linux only"
    succeeds make -C chapters/04-io-blocker --no-print-directory BACKEND=port run
    prints "port is a model here, not a kernel: ../../support/models/fuchsia"
    prints "Socket 1 is now READABLE"
}

@test "the back end for Fuchsia compiles for Fuchsia, as far as that can be had" {
    command -v clang >/dev/null || skip "clang is not installed"
    succeeds make fuchsia
    prints "04-io-blocker, x86_64-fuchsia: compiled"
    prints "04-io-blocker, aarch64-fuchsia: compiled"
    prints "05-socket-read, aarch64-fuchsia: compiled"
    prints "Nothing was linked or run"
    fails make chapter-1 fuchsia
    prints "Only chapters 4 and 5 have a back end for Fuchsia."
}

@test "the checklist for a new back end compiles, and says what it is" {
    succeeds make -C chapters/04-io-blocker --no-print-directory BACKEND=null
    fails make -C chapters/04-io-blocker --no-print-directory BACKEND=null run
    prints "src/backends/null.c cannot wait for anything yet: what it has to do stands in it, step by step."
    fails make -C chapters/04-io-blocker --no-print-directory BACKEND=null \
        FILTER='wake/before_the_wait_is_remembered' test
    prints "src/backends/null.c cannot wait for anything yet"
}

@test "the checklist has each function of the other back ends, in the same order" {
    functions() { sed -n 's/^[a-z].*[ *]\(backend_[a-z]*\)(.*/\1/p' "$1"; }
    expected=$(functions chapters/04-io-blocker/src/backend.h)
    [ -n "$expected" ]
    for file in chapters/04-io-blocker/src/backends/*.c; do
        echo "$file"
        [ "$(functions "$file")" = "$expected" ]
    done
}

# docs/back-ends.md shows these programs.
waits() { # PROGRAM FLAG-OR-SOURCE...
    local program=$1
    shift
    # shellcheck disable=SC2086 # flags are words
    succeeds ${CC-cc} $strict -D_XOPEN_SOURCE=700 -o "$BATS_TEST_TMPDIR/$program" \
        docs/back-ends/main.c "docs/back-ends/$program.c" "$@"
    succeeds timeout 20 "$BATS_TEST_TMPDIR/$program"
    prints "It waited until the socket was readable."
}

@test "the ten lines on epoll wait" {
    needs_linux "only Linux has epoll"
    waits epoll
}
@test "the ten lines on poll(2) wait" { waits poll; }
@test "the ten lines on Fuchsia's ports wait, on the model" {
    needs_linux "the model of Fuchsia's ports runs on Linux only"
    waits port -Isupport/models/fuchsia support/models/fuchsia/port.c
}

@test "the ten lines on kqueue wait, on the model" {
    needs_linux "the model of kqueue runs on Linux only"
    succeeds ${CC-cc} -std=c11 -fPIC -shared -pthread -Isupport/models/kqueue \
        -o "$BATS_TEST_TMPDIR/libmodel.so" support/models/kqueue/kqueue.c
    waits kqueue -Isupport/models/kqueue "$BATS_TEST_TMPDIR/libmodel.so"
}

@test "the ten lines on IOCP compile for Windows" {
    command -v x86_64-w64-mingw32-gcc >/dev/null ||
        skip "there is no compiler for Windows: x86_64-w64-mingw32-gcc is not installed"
    succeeds x86_64-w64-mingw32-gcc -std=c11 -Wall -Wextra -Werror \
        -c -o "$BATS_TEST_TMPDIR/iocp.o" docs/back-ends/iocp.c
}

@test "the page about back ends says of each one where it was run" {
    for file in chapters/0[45]*/src/backends/*.c; do
        name=$(basename "$file" .c)
        case $name in
            null) continue ;;
            poll) name='poll(2)' ;;
            iocp) name=IOCP ;;
        esac
        echo "docs/back-ends.md has no row for $name"
        sed -n '/^## What was really run/,$p' docs/back-ends.md | grep -qF "| $name |"
    done
}
