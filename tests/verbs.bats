#!/usr/bin/env bats
# The verbs of make: right and wrong ones, with chapters and without.

load helper

@test "make alone builds every chapter, and a second time builds nothing" {
    small_course
    succeeds make -j2
    prints "  LD  build/cc-O2/run-demo"
    prints "== 03-three"
    succeeds make
    prints_not "  CC  "
    prints_not "  LD  "
    prints "All chapters are built"
}

@test "make help lists every verb that there is" {
    succeeds make help
    for verb in build run 'test' bench diff help doctor docs snippets verify clean; do
        prints "  $verb "
    done
}

@test "every spelling of a chapter is understood, before and after the verb" {
    small_course
    for name in chapter-2 chapter-02 chapter-02-two 02-two 02 2; do
        succeeds make "$name" run
        prints "02-two: 2"
        succeeds make run "$name"
        prints "02-two: 2"
        prints_not "03-three"
    done
}

@test "make run without a chapter runs the last one, with its arguments" {
    small_course
    succeeds make run ARGS=!
    prints "03-three: 2!"
    prints_not "02-two"
}

@test "only the chapter that was named is tested" {
    small_course
    succeeds make -j2 chapter-2 test
    prints "Tests: chapter 2 passed (2)."
    [ ! -e chapters/01-one/build ]
    [ ! -e chapters/03-three/build ]
}

@test "two verbs are done in the order given, under -j too" {
    small_course
    succeeds make -j2 chapter-2 test clean
    [ ! -e chapters/02-two/build ]
    succeeds make -j2 clean chapter-2 test
    [ -e chapters/02-two/build/cc-O2/run-tests ]
    prints "Tests: chapter 2 passed (2)."
}

@test "a second test of a chapter rebuilds nothing" {
    small_course
    succeeds make 3 test
    prints "  CC  src/sum.c"
    succeeds make 3 test
    prints_not "  CC  "
    prints_not "  LD  "
}

@test "the tests of all chapters end in one line about each" {
    small_course
    INSIDE_THE_TESTS=yes succeeds make test
    prints "Tests: chapter 1 passed (2), chapter 2 passed (2), chapter 3 passed (2)."
}

@test "a failing test fails make, and the last line says where" {
    small_course
    sed -i 's/a + b/a - b/' chapters/02-two/src/sum.c
    INSIDE_THE_TESTS=yes fails make test
    prints "One and one came out as something else."
    prints "Tests: chapter 1 passed (2), chapter 2 FAILED (1 of 2), chapter 3 passed (2)."
    prints_not "make[1]"
}

@test "a filter picks tests, and one that picks none fails" {
    small_course
    succeeds make chapter-1 test FILTER=sum/of_one_and_one_is_two
    prints "chapter 1 passed (1)"
    succeeds make chapter-1 test FILTER=sum::of_one_and_one_is_two # as a failure prints it
    prints "chapter 1 passed (1)"
    fails make chapter-1 test FILTER=nothing/at_all
    prints "No test is named 'nothing/at_all'"
    fails make test FILTER='sum/*'
    says "FILTER picks tests of one chapter: say which, as in 'make chapter-3 test FILTER=…'."
}

@test "an unknown chapter is named in one sentence" {
    fails make chapter-7
    says "There is no chapter 7: chapters are 1 to 5."
    fails make test chapter-0
    says "There is no chapter 0: chapters are 1 to 5."
    fails make 03-exeggutor
    says "There is no chapter '03-exeggutor': did you mean '03-executor'?"
}

@test "an unknown verb is answered with the nearest one" {
    fails make tset
    says "There is no verb 'tset': did you mean 'test'?"
    fails make -j2 chapter-1 dif
    says "There is no verb 'dif': did you mean 'diff'?"
    fails make chaptr-3
    says "There is no verb 'chaptr-3': did you mean 'chapter-3'?"
    fails make "do it's"
}

@test "nothing is done when one of several goals is wrong" {
    small_course
    fails make chapter-1 tset
    [ ! -e chapters/01-one/build ]
}

@test "a missing compiler is one sentence, in the course and in a chapter alone" {
    small_course
    path_without gcc cc clang c99 c89
    PATH=$path fails make
    says "There is no compiler 'cc': run '$(PATH=$path sh setup.sh --how compiler)' or 'sh setup.sh', which installs what is missing."
    cd chapters/01-one
    PATH=$path fails make
    prints "There is no compiler 'cc': run "
    [ "${#lines[@]}" -eq 1 ]
}

@test "a missing Criterion is one sentence, in the course and in a chapter" {
    small_course
    rm -r support/runner
    # A compiler that knows everything but Criterion's headers.
    path_without cc
    cat >"$path/cc" <<'END'
#!/bin/sh
case " $* " in *" -E "*) ! grep -q criterion ;; *) exec gcc "$@" ;; esac
END
    chmod +x "$path/cc"
    PATH=$path fails make chapter-1 test
    prints "Criterion, the tests' framework, is not installed: run "
    [ "${#lines[@]}" -eq 1 ]
    cd chapters/01-one
    PATH=$path fails make test RUNNER=criterion
    prints "Criterion is not installed: run "
    [ "${#lines[@]}" -eq 1 ]
    PATH=$path succeeds make run
}

@test "a missing tool of a verb is named with its package" {
    path_without doxygen
    PATH=$path fails make docs
    prints "'doxygen' is not installed, and 'make docs' needs it: run '"
    [ "${#lines[@]}" -eq 1 ]
}

@test "what the repository's tests need is named before any test runs" {
    small_course
    for tool in bats patch; do
        rm -rf "$BATS_TEST_TMPDIR/path"
        path_without $tool
        INSIDE_THE_TESTS='' PATH=$path fails make test
        prints "'$tool' is not installed, and 'make test' needs it: run '"
        [ "${#lines[@]}" -eq 1 ]
    done
}

@test "a missing theme of the site is named with the command that installs it" {
    for tool in doxygen pandoc; do
        command -v $tool >/dev/null || skip "$tool is not installed, and is asked for before the theme"
    done
    DOCS_SHARE=/nowhere fails make docs
    says "'doxygen-awesome-css' is not installed, and 'make docs' needs it: run 'sh setup.sh --docs' or 'apt-get install doxygen-awesome-css'."
}

@test "without a browser the site is not taken for one that was looked at" {
    command -v npm >/dev/null || skip "npm is not installed, and is asked for before the browser"
    path_without chromium chromium-browser google-chrome
    PATH=$path fails sh tests/site/check.sh
    prints "'chromium' is not installed, and 'make docs CHECK=1' needs it: run '"
    prints "Nothing was looked at."
    PATH=$path CHROMIUM=/nowhere/chromium fails sh tests/site/check.sh
}

@test "each way of building has a folder of its own" {
    small_course
    cd chapters/01-one
    succeeds make
    succeeds make OPT=-O0
    succeeds make SANITIZE=address,undefined
    succeeds make COVERAGE=1
    [ "$(ls build | tr '\n' ' ')" = "cc-O0 cc-O2 cc-O2-address,undefined cc-O2-coverage " ]
}

@test "a leak that Criterion lets pass fails under the address sanitizer" {
    small_course
    succeeds make chapter-1 test SANITIZE=address
    LEAK=1 fails make chapter-1 test SANITIZE=address
    prints "Tested: 2 | Passing: 2"
    prints "The tests fail: a checker found what is printed above."
}

@test "a leak that Criterion lets pass fails under valgrind" {
    command -v valgrind >/dev/null || skip "valgrind is not installed"
    small_course
    succeeds make chapter-1 test VALGRIND=1
    LEAK=1 fails make chapter-1 test VALGRIND=1
    prints "10 bytes in 1 blocks are definitely lost"
    prints "The tests fail: a checker found what is printed above."
}

@test "the thread sanitizer is sent to the stress programs" {
    small_course
    fails make chapter-1 test SANITIZE=thread
    prints "use 'make stress SANITIZE=thread'"
    succeeds make chapter-1 stress
    prints "This chapter has no stress programs"
}

@test "a back end that a chapter does not have is refused by name" {
    small_course
    mkdir chapters/01-one/src/backends
    echo 'extern int one;' >chapters/01-one/src/backends/epoll.c
    echo 'extern int one;' >chapters/01-one/src/backends/poll.c
    fails make chapter-1 BACKEND=carrier-pigeon
    prints "There is no back end 'carrier-pigeon': this chapter has epoll poll."
    succeeds make chapter-1 BACKEND=poll
    prints "  CC  src/backends/poll.c"
    prints_not "epoll.c"
}

@test "doctor says that this machine is ready, and works without make" {
    succeeds make doctor
    prints "✓ Criterion"
    prints "This machine is ready"
    path_without cc gcc clang make gmake
    PATH=$path fails sh scripts/doctor.sh
    prints "✗ compiler"
    prints "✗ make"
    prints "'sh setup.sh' installs them."
}
