#!/bin/sh
# Proves what the tests are worth: `sh scripts/verify.sh chapters/03-executor ...`
#   tests/mistakes/chN-*.patch  wrong implementations, each caught by its own test
#   tests/models/chN-*.pml      models that spin walks through in every order, if installed
#   tests/orders.txt            each atomic operation, and weaker forms of it that the
#                               thread sanitizer has to report
# A model whose first lines hold `Expect: error` shows the bug that the course's code
# avoids: there an error must be found.
set -u
cd "$(dirname "$0")/.." || exit 1
. scripts/common.sh
make_temporary

# The files of a kind that belong to the chapters asked for.
belonging() { # FOLDER-OF-FILES ENDING
    for folder in $chapters; do
        for file in "tests/$1/ch$(chapter_number "$folder")"-*."$2"; do
            [ ! -f "$file" ] || echo "$file"
        done
    done
}

run_spin_model() { # FILE: 0 when no error is found
    cp tests/models/*.pml "$temporary"
    (
        cd "$temporary" && spin -a "${1##*/}" && ${CC-cc} -O2 -w -o pan pan.c &&
            ./pan -a -m1000000
    ) >"$temporary/log" 2>&1 || return 2
    ! grep -q 'search depth too small' "$temporary/log" || return 2
    grep -q 'errors: 0' "$temporary/log"
}

model() { # FILE
    run_spin_model "$1"
    outcome=$?
    if head -n 20 "$1" | grep -q 'Expect: error'; then
        [ $outcome -eq 1 ] && echo "$1: the error is found, as it should be" && return
        echo "$1: no error is found, although the model holds one." >&2
    else
        [ $outcome -eq 0 ] && echo "$1: no error in any order of events" && return
        echo "$1: the model found an error:" >&2
    fi
    tail -n 15 "$temporary/log" >&2
    return 1
}

chapters=$*
result=0
mistakes=$(belonging mistakes patch)
# shellcheck disable=SC2086 # names of files are words
if [ -n "$mistakes" ]; then
    sh scripts/mistakes.sh $mistakes || result=1
else
    echo "There are no deliberate mistakes to try."
fi
for file in $(belonging models pml); do
    if command -v spin >/dev/null 2>&1; then
        model "$file" || result=1
    else
        echo "$file is skipped: spin is not installed ('$(sh setup.sh --how spin 2>/dev/null || echo sh setup.sh --all)' installs it)."
    fi
done
# shellcheck disable=SC2086 # names of folders are words
[ ! -f tests/orders.txt ] || sh scripts/orders.sh $chapters || result=1
exit $result
