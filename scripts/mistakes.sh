#!/bin/sh
# Proves the chapters' tests: each wrong implementation in tests/mistakes must fail
# at the test meant for it, with the sentence meant for the reader.
# `sh scripts/mistakes.sh [--jobs N] FILE.patch ...`
#
# tests/mistakes/ch3-queued-twice.patch:
#
#   Chapter: 3
#   Mistake: A task that is woken five times is queued five times.
#   Test: task/woken_five_times_is_polled_once
#   Says: QUEUED was set already
#   With: SANITIZE=address
#
#   --- a/src/task.c
#   +++ b/src/task.c
#   @@ …
#
# `Says` is a part of the sentence that the failing test prints. `With` may be left
# out: more arguments of make, for a mistake that only a checker sees, or only one
# back end has. `Test: random` stands for the calls in a random order of tests/random,
# a million of them. An empty line ends the head. The patch, whose paths start at the
# chapter's folder (or with support/), is applied to a copy, and only the named test is
# run. The copy takes what is built along, so that little is compiled.
set -u
cd "$(dirname "$0")/.." || exit 1
. scripts/common.sh

head_line() { # NAME FILE
    awk -v name="$1: " '/^$/ { exit } index($0, name) == 1 { print substr($0, length(name) + 1); exit }' "$2"
}

chapter_of() { # FILE: the folder of the chapter
    number=$(head_line Chapter "$1")
    for folder in $(chapter_folders); do
        [ "$(chapter_number "$folder")" != "$number" ] || echo "$folder"
    done
}

built_for() { # FILE: what make builds for its test
    case $(head_line Test "$1") in random) echo random-built ;; *) echo tests-built ;; esac
}

# The limit in seconds is for a mistake that hangs: the tests' own time-outs are 2.
limited() { if command -v timeout >/dev/null 2>&1; then timeout 120 "$@"; else "$@"; fi; }

# One mistake: prints its line, and fails when the tests did not catch it.
try_mistake() { # FILE
    file=$1
    folder=$(chapter_of "$file")
    test=$(head_line Test "$file")
    says=$(head_line Says "$file")
    with=$(head_line With "$file")
    mistake=$(head_line Mistake "$file")
    for word in "Chapter:$folder" "Mistake:$mistake" "Test:$test" "Says:$says"; do
        [ -n "${word#*:}" ] || wrong "its head has no usable line '${word%%:*}: …'"
    done
    # A course of its own, with what the course has for all chapters.
    course=$(mktemp -d "$temporary/course.XXXXXX") || wrong "no temporary folder can be made"
    copy=$course/$folder
    patched=$copy share='ln -s'
    ! grep -q '^--- a/support/' "$file" || patched=$course share='cp -pR'
    mkdir -p "$copy/build" && $share "$PWD/support" "$course/support" &&
        cp -pR "$folder/Makefile" "$folder/src" "$folder/demo" "$folder/tests" "$copy" &&
        cp -pR "$folder"/build/*-O1* "$copy/build" || wrong "$folder cannot be copied"
    patch -s -p1 -d "$patched" <"$file" >"$copy/patch.log" 2>&1 ||
        wrong "the patch does not apply to $folder any more: $(head -n 1 "$copy/patch.log")"
    # shellcheck disable=SC2086 # `with` holds several arguments
    "$make" --no-print-directory -s -C "$copy" OPT=-O1 $with "$(built_for "$file")" >"$copy/build.log" 2>&1 ||
        wrong "it does not compile: $(grep -m 1 -e 'error' -e '\*\*\*' "$copy/build.log")"
    case $test in random) verb="random STEPS=1000000" ;; *) verb=test ;; esac
    # shellcheck disable=SC2086
    limited "$make" --no-print-directory -s -C "$copy" OPT=-O1 $with FILTER="$test" $verb \
        >"$copy/test.log" 2>&1
    result=$?
    if grep -q "^No test is named" "$copy/test.log"; then
        wrong "there is no test '$test'"
    elif [ $result -eq 0 ]; then
        wrong "test $test passes all the same: the mistake is not caught"
    elif ! grep -qF -e "$says" "$copy/test.log"; then
        wrong "test $test fails without saying '$says'; it prints: $(sed -n 's/^\[[-A-Z]*\] *//; /[^ ]/p' "$copy/test.log" |
            head -n 4 | tr '\n' '|')"
    fi
    echo "ch$(chapter_number "$folder"): $mistake  -> caught by $test"
    rm -rf "$course"
}

wrong() {
    echo "$file: $1." >&2
    exit 1
}

can_do_windows() {
    command -v x86_64-w64-mingw32-gcc >/dev/null 2>&1 &&
        { [ -x /usr/lib/wine/wine64 ] || command -v wine64 || command -v wine; } >/dev/null 2>&1
}

make=${MAKE-make}
unset MAKEFLAGS MFLAGS MAKELEVEL
case ${1-} in --one)
    # One mistake, within a run that has made $temporary already.
    temporary=$2
    try_mistake "$3"
    exit
    ;;
esac
jobs=2
case ${1-} in --jobs)
    jobs=$2
    shift 2
    ;;
esac
[ $# -gt 0 ] || fail "No mistake is named: 'make verify' tries all of tests/mistakes."
need patch "'make verify'"
make_temporary

# What is for Windows needs a compiler for it, and Wine.
for file; do
    shift
    case $(head_line With "$file") in *TARGET=windows*)
        if ! can_do_windows; then
            echo "$file: not tried here, for want of a compiler for Windows or of Wine:" \
                "'sh setup.sh --windows' installs them."
            continue
        fi
        ;;
    esac
    set -- "$@" "$file"
done
[ $# -gt 0 ] || exit 0

# What the copies share is built first, once for each chapter and way of building.
for file; do
    printf '%s\t%s\t%s\n' "$(chapter_of "$file")" "$(built_for "$file")" "$(head_line With "$file")"
done | sort -u >"$temporary/builds"
while IFS='	' read -r folder built with; do
    [ -n "$folder" ] || continue
    # shellcheck disable=SC2086
    "$make" --no-print-directory -s -j "$jobs" -C "$folder" OPT=-O1 $with "$built" ||
        fail "$folder does not build, so no mistake can be tried in it."
done <"$temporary/builds"

printf '%s\n' "$@" |
    MAKE=$make xargs -n 1 -P "$jobs" sh scripts/mistakes.sh --one "$temporary" >"$temporary/caught" 2>"$temporary/missed"
sort "$temporary/caught"
caught=$(wc -l <"$temporary/caught" | tr -d ' ')
if [ -s "$temporary/missed" ]; then
    cat "$temporary/missed" >&2
    fail "$(($# - caught)) of $# deliberate mistakes are not caught as they should be."
fi
[ "$caught" = $# ] || fail "Only $caught of $# deliberate mistakes were tried."
echo "All $# deliberate mistakes are caught, each by the test meant for it."
