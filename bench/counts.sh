#!/bin/sh
# Counts what time only hints at: the instructions of the program itself (callgrind)
# and the system calls (strace) for one operation. Unlike times, counts are the same
# on a busy machine. Writes a line for each contestant to build/bench/counts.tsv.
#
# Each count is the difference of two runs, one twice as long as the other, so that
# what happens once (start, set-up, clearing up) falls out.
set -u
cd "$(dirname "$0")/.." || exit 1
. scripts/common.sh

programs=build/bench
counts=${1-$programs/counts.tsv}
need valgrind "counting instructions"
need strace "counting system calls"
make_temporary

instructions() { # CONTESTANT ARGUMENT...
    contestant=$1
    shift
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$programs/$contestant" "$@" \
        2>"$temporary/callgrind" >/dev/null || fail "$contestant $* fails under valgrind."
    sed -n 's/.*Collected : \([0-9]*\).*/\1/p' "$temporary/callgrind"
}

system_calls() { # CONTESTANT ARGUMENT...
    contestant=$1
    shift
    strace -f -c -U calls,name -o "$temporary/strace" "$programs/$contestant" "$@" >/dev/null ||
        fail "$contestant $* fails under strace."
    awk '$2 == "total" { print $1 }' "$temporary/strace"
}

# What COUNTER says of one more operation.
of_one() { # COUNTER CONTESTANT OPERATIONS ARGUMENTS-OF-THE-SHORT-RUN OF-THE-LONG-RUN
    # shellcheck disable=SC2086 # arguments are words
    short=$("$1" "$2" $4) && long=$("$1" "$2" $5) || exit 1
    echo "$short $long $3" | awk '{ printf "%.10g\n", ($2 - $1) / $3 }'
}

# Chapter 5 a second time, compiled as one: what one file asks of another is put in
# its place.
"${MAKE-make}" -s -C bench "BUILD=../$programs/as-one" "CC=${CC-cc} -flto" \
    "../$programs/as-one/course" >"$temporary/built" 2>&1 ||
    fail "Chapter 5 cannot be compiled as one: $(tail -n 1 "$temporary/built")"

for name in bare course as-one/course libuv libev libevent; do
    turn=$(of_one instructions $name 100000 'poll 1000 100' 'poll 1000 200') &&
        end=$(of_one instructions $name 50000 'spawn 1000 50' 'spawn 1000 100') &&
        hop=$(of_one instructions $name 5000 'chain 100 1 5000' 'chain 100 1 10000') &&
        many=$(of_one instructions $name 10000 'chain 100 100 100' 'chain 100 100 200') &&
        calls=$(of_one system_calls $name 2000 'chain 100 1 2000' 'chain 100 1 4000') &&
        few=$(of_one system_calls $name 5000 'chain 1000 100 50' 'chain 1000 100 100') || exit 1
    printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' $name "$turn" "$end" "$hop" "$many" "$calls" "$few"
done >"$temporary/counts"
mv "$temporary/counts" "$counts" || fail "$counts cannot be written."
