#!/usr/bin/env bats
# `make TARGET=windows`, and the small runner that stands in for Criterion.

load helper

# A chapter with a test for every way to end.
chapter_of_endings() {
    small_course
    cd chapters/01-one || return 1
    cat >tests/test_endings.c <<'END'
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static int opened;
static void open_it(void) { opened = 1; }
static void close_it(void) { printf("closed\n"); }

TestSuite(ends, .init = open_it, .fini = close_it);

Test(ends, well) { cr_assert_eq(opened, 1, "It was not opened."); }
Test(ends, by_assertion) { cr_assert_eq(1, 2, "One is not %s.", "two"); }
Test(ends, by_abort) { abort(); }
Test(ends, by_expected_abort, .signal = SIGABRT) { abort(); }
Test(ends, without_expected_abort, .signal = SIGABRT) {}
Test(ends, by_exit) { exit(0); }
Test(ends, by_expected_exit, .exit_code = 7) { exit(7); }
Test(ends, never, .timeout = 1) { for (;;) {} }
Test(ends, in_skip) { cr_skip_test("Not on a %s.", "Monday"); }
END
}

says_how_each_ended() {
    prints "One is not two."
    prints "[FAIL] ends::by_assertion"
    prints "[FAIL] ends::by_abort: CRASH!"
    prints "[FAIL] ends::without_expected_abort"
    prints "[FAIL] ends::by_exit"
    prints "[FAIL] ends::never: Timed out: it waits, or goes round, without end."
    prints "[SKIP] ends::in_skip: Not on a Monday."
    prints_not "ends::well"
    prints_not "ends::by_expected"
    prints "Tested: 10 | Passing: 5 | Failing: 5 | Crashing: 1 | Skipped: 1"
}

need_wine() {
    command -v x86_64-w64-mingw32-gcc >/dev/null || skip "no compiler for Windows"
    command -v wine64 >/dev/null || [ -x /usr/lib/wine/wine64 ] ||
        command -v wine >/dev/null || skip "Wine is not installed"
}

@test "the small runner tells every ending from every other" {
    chapter_of_endings
    fails make test RUNNER=portable
    says_how_each_ended
}

@test "the small runner does so for Windows" {
    need_wine
    chapter_of_endings
    TIMEOUT_SCALE=3 fails make test TARGET=windows
    says_how_each_ended
}

@test "the small runner counts the tests that Criterion counts" {
    for chapter in chapters/*; do
        succeeds make -C "$chapter" test
        counted=$(printf '%s\n' "$output" | sed -n 's/.*\(Tested: [0-9]* | Passing: [0-9]*\).*/\1/p')
        succeeds make -C "$chapter" test RUNNER=portable
        prints "$counted"
    done
}

@test "where Criterion is missing, the small runner takes its place and says so" {
    small_course
    path_without cc
    cat >"$path/cc" <<'END'
#!/bin/sh
case " $* " in *" -E "*) ! grep -q criterion ;; *) exec gcc "$@" ;; esac
END
    chmod +x "$path/cc"
    PATH=$path succeeds make chapter-1 test
    prints "Criterion is not installed: the tests run on the course's small runner instead."
    prints "Tests: chapter 1 passed (2)."
    PATH=$path fails make chapter-1 test RUNNER=criterion
    prints "Criterion is not installed: run "
}

@test "FILTER picks tests on the small runner, and one that matches none fails" {
    small_course
    succeeds make chapter-1 test RUNNER=portable FILTER='sum/of_*'
    prints "Tested: 1 | Passing: 1"
    fails make chapter-1 test RUNNER=portable FILTER=nothing/at_all
    prints "No test is named 'nothing/at_all': say 'suite/test', or 'suite/*' for all."
}

@test "a test that Windows cannot run is named, with the reason, and counted" {
    need_wine
    small_course
    mkdir -p support/skips/01-one
    printf '# why\nsum/keeps_its_memory  It has none.\n' >support/skips/01-one/windows.txt
    succeeds make TARGET=windows chapter-1 test
    prints "[SKIP] sum::keeps_its_memory: It has none."
    prints "Tests: chapter 1 passed (1, 1 skipped)."
    printf 'sum/of_yesterday  It is gone.\n' >support/skips/01-one/windows.txt
    fails make TARGET=windows chapter-1 test
    prints "No test has the name that is to be skipped: 'sum/of_yesterday'."
}

@test "every test that is skipped for Windows exists" {
    for list in support/skips/*/*.txt; do
        while read -r name reason; do
            case $name in '#'*) continue ;; esac
            [ "$reason" ] || { echo "$list gives no reason for $name"; return 1; }
            chapter=$(basename "$(dirname "$list")")
            grep -q "^Test(${name%/*}, ${name#*/}" "chapters/$chapter"/tests/test_*.c ||
                { echo "$list names $name, which does not exist"; return 1; }
        done <"$list"
    done
}

@test "one source is built for this system and for Windows, each in its folder" {
    need_wine
    small_course
    succeeds make chapter-1 run
    prints "01-one: 2"
    succeeds make TARGET=windows chapter-1 run
    prints "01-one: 2"
    [ -e chapters/01-one/build/cc-O2/run-demo ]
    [ -e chapters/01-one/build/x86_64-w64-mingw32-gcc-O2/run-demo.exe ]
}

@test "a missing compiler for Windows is one sentence, in the course and in a chapter alone" {
    small_course
    path_without x86_64-w64-mingw32-gcc
    PATH=$path fails make TARGET=windows chapter-1
    says "There is no compiler 'x86_64-w64-mingw32-gcc': run '$(PATH=$path sh setup.sh --how mingw)' or 'sh setup.sh --windows', which installs what is missing."
    cd chapters/01-one
    PATH=$path fails make TARGET=windows
    prints "There is no compiler 'x86_64-w64-mingw32-gcc': run "
    prints "'sh setup.sh --windows' in the course's folder."
    [ "${#lines[@]}" -eq 1 ] || { echo "$output"; false; }
}

@test "a missing Wine is one sentence" {
    command -v x86_64-w64-mingw32-gcc >/dev/null || skip "no compiler for Windows"
    small_course
    cd chapters/01-one
    succeeds make TARGET=windows
    fails make TARGET=windows WINE= run
    prints "Wine is not installed: run "
    prints "'sh setup.sh --windows' in the course's folder."
    [ "${#lines[@]}" -eq 1 ] || { echo "$output"; false; }
}

@test "an unknown target or runner is one sentence" {
    cd chapters/01-simple-future
    fails make TARGET=windos
    prints "There is no TARGET 'windos': it is "
    [ "${#lines[@]}" -eq 1 ] || { echo "$output"; false; }
    fails make test RUNNER=portabel
    prints "There is no RUNNER 'portabel': it is criterion or portable"
    [ "${#lines[@]}" -eq 1 ] || { echo "$output"; false; }
}
