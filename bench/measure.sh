#!/bin/sh
# Measures all contestants and writes what came out to build/bench/results.tsv:
# `sh bench/measure.sh`, from the course's folder, when they are built.
#
#   ROUNDS=9   how often each run is made; QUICK=1: shorter runs, 3 rounds
#   SMALLEST=1 a few operations of each, for the tests: no figure means anything
#   MINUTES=9  no round is begun that would not end within this time
#   RESULTS=…  where to write instead
#
# In each round every run is made by every contestant in turn, the order moved
# on by one in each round, so that noise of the machine falls on all of them.
set -u
cd "$(dirname "$0")/.." || exit 1
. scripts/common.sh

programs=build/bench
results=${RESULTS-$programs/results.tsv}
contestants="bare course libuv libev libevent"

if [ "${SMALLEST-}" ]; then
    divide=1000 rounds=${ROUNDS:-1} crowd=8
elif [ "${QUICK-}" ]; then
    divide=16 rounds=${ROUNDS:-3} crowd=8000
else
    divide=1 rounds=${ROUNDS:-9} crowd=8000
fi
seconds=$((${MINUTES:-$([ "${QUICK-}" ] && echo 1 || echo 9)} * 60))
[ -z "${QUICK-}" ] || [ "${MINUTES-}" ] || seconds=45

few() { # NUMBER: fewer of them, but at least one
    echo $(($1 < divide ? 1 : $1 / divide))
}

# Each run: its name, and a contestant's arguments; of an echo, the client's.
runs() {
    echo "poll poll 1000 $(few 1000)"
    echo "spawn spawn 1000 $(few 1000)"
    echo "memory memory $(few 100000)"
    for pairs in 100 1000 5000; do
        echo "chain-$pairs-1 chain $pairs 1 $(few 50000)"
        echo "chain-$pairs-100 chain $pairs 100 $(few 1000)"
    done
    echo "echo-1 client 1 0 $(few 20000)"
    echo "echo-64 client 64 0 $(few 50000)"
    echo "echo-1000 client 1000 0 $(few 50000)"
    echo "idle client 64 $crowd $(few 50000)"
    echo "wake-1 wake $(few 20000) 1"
    [ "$processors" -lt 2 ] || echo "wake-2 wake $(few 2000) 2"
}

# What the figures belong to: lines of a name and what it is.
machine() {
    sed -n 's/^model name[^:]*: */processor\t/p' /proc/cpuinfo | head -n 1
    printf 'cores\t%s\n' "$processors"
    awk '/^MemTotal/ { printf "memory\t%.0f GB\n", $2 / 1048576 }' /proc/meminfo
    printf 'kernel\t%s\n' "$(uname -sr)"
    printf 'C library\t%s\n' "$(getconf GNU_LIBC_VERSION 2>/dev/null || echo unknown)"
    printf 'compiler\t%s, -O2\n' "$("${CC:-cc}" --version | sed 1q)"
    for contestant in libuv libev libevent; do
        version=$("$programs/$contestant" version) || exit 1
        printf 'library\t%s\n' "$version"
    done
    printf 'busy before it began\t%s (load, one minute)\n' "$(cut -d' ' -f1 /proc/loadavg)"
    printf 'day\t%s\n' "$(date -u +%Y-%m-%d)"
}

# Prints the figures of one run; ends the script if it fails.
run() { # CONTESTANT WORKLOAD ARGUMENT...
    contestant=$1
    workload=$2
    shift 2
    if [ "$workload" = client ]; then
        set -- "$programs/client" "$programs/$contestant" "$@"
    else
        set -- "$programs/$contestant" "$workload" "$@"
    fi
    "$@" >"$temporary/figures" 2>"$temporary/trouble" ||
        fail "$contestant failed: $(cat "$temporary/trouble") The command was: $*"
    cat "$temporary/figures"
}

# The same words, the first one moved to the end.
turned() {
    shift_word=$1
    shift
    echo "$@" "$shift_word"
}

processors=$(nproc)
make_temporary
machine >"$temporary/machine"
sed 's/^/# /' "$temporary/machine" >"$temporary/results"
runs >"$temporary/runs"
[ "$processors" -ge 2 ] ||
    echo "This machine has one core for us: the wake-up across two is left out." >&2
begin=$(date +%s)
round=0
while [ $round -lt "$rounds" ]; do
    spent=$(($(date +%s) - begin))
    if [ $round -gt 0 ] && [ $((spent + spent / round)) -gt $seconds ]; then
        echo "The time is used up: $round of $rounds rounds were made." >&2
        break
    fi
    round=$((round + 1))
    while read -r name arguments; do
        [ ! -t 2 ] || printf '\rRound %d of %d: %-20s' $round "$rounds" "$name" >&2
        for contestant in $contestants; do
            # shellcheck disable=SC2086 # arguments are words
            figures=$(run "$contestant" $arguments </dev/null) || exit 1
            printf '%s\t%s\t%s\t%s\n' $round "$name" "$contestant" "$figures"
        done >>"$temporary/results" || exit 1
    done <"$temporary/runs"
    # shellcheck disable=SC2086 # names are words
    contestants=$(turned $contestants)
done
[ ! -t 2 ] || printf '\r%-40s\r' '' >&2
mv "$temporary/results" "$results" || fail "$results cannot be written."
