#!/bin/sh
# What `make bench` does when the contestants are built: measures them, and prints
# the table and the plot. `--can` only says, in one sentence, what is missing. The
# variables that measure.sh knows (QUICK, ROUNDS, MINUTES) hold here too.
#
#   PAGE=1   also writes docs/measured.md and its figure, from this very run
#   AGAIN=1  prints (and writes, with PAGE=1) the last run's figures once more
set -u
cd "$(dirname "$0")/.." || exit 1
. scripts/common.sh

results=${RESULTS-build/bench/results.tsv}

need_library() { # NAME HEADER
    # shellcheck disable=SC2046 # pkg-config's flags are words
    echo "#include <$2>" | ${CC-cc} -E -x c - \
        $(pkg-config --cflags "$1" 2>/dev/null) >/dev/null 2>&1 && return
    how=$(sh setup.sh --how "$1" 2>/dev/null) || how=
    fail "$1 is not installed, and 'make bench' needs it: run ${how:+"'$how', or "}'sh setup.sh --bench'."
}

can() {
    [ "$(uname -s)" = Linux ] ||
        fail "'make bench' measures against epoll by hand, which only Linux has: run it there."
    need_library libuv uv.h
    need_library libev ev.h
    need_library libevent event2/event.h
}

if [ "${1-}" = --can ]; then
    can
    exit
fi
[ "${AGAIN-}" ] || { can && sh bench/measure.sh; } || exit 1
[ -f "$results" ] || fail "Nothing has been measured yet: run 'make bench' without AGAIN."
awk -f bench/figures.awk -f bench/table.awk bench/rows.txt "$results"
[ -z "${PAGE-}" ] || sh bench/page.sh
