#!/bin/sh
# How long a reader waits for `make chapter-N test`: from clean, after one edit, and
# with nothing changed; and with nothing changed on the small runner, which forks where
# Criterion starts a process anew. It works in a copy, so that what is built here stays.
#   sh scripts/loop.sh [N...]   prints a line for each chapter, in seconds
set -u
cd "$(dirname "$0")/.." || exit 1
. scripts/common.sh

wanted=${*:-1 2 3 4 5}
make_temporary
mkdir "$temporary/course" &&
    cp -R Makefile setup.sh scripts support chapters "$temporary/course" &&
    cd "$temporary/course" || fail "The course cannot be copied: is the disk full?"

now() { awk '{ print $1 }' /proc/uptime; }

# Seconds that `make chapter-N test` takes.
test_time() { # N [RUNNER=portable]
    since=$(now)
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL "${MAKE:-make}" "chapter-$1" test ${2+"$2"} >log 2>&1 ||
        fail "'make chapter-$1 test' failed: $(grep -v '^g\{0,1\}make' log | tail -n 1)"
    echo "$since $(now)" | awk '{ printf "%.1f", $2 - $1 }'
}

printf '%s\t%s\t%s\t%s\t%s\n' chapter 'from clean' 'after one edit' 'nothing changed' \
    'RUNNER=portable'
for number in $wanted; do
    folder=$(echo chapters/0"$number"-*)
    [ -d "$folder" ] || fail "There is no chapter $number."
    rm -rf "$folder/build"
    clean=$(test_time "$number") || exit 1
    edited=$(echo "$folder"/src/*.c | cut -d" " -f1)
    echo '/* edited */' >>"$edited"
    edit=$(test_time "$number") || exit 1
    nothing=$(test_time "$number") || exit 1
    portable=-
    if [ -d support/runner ]; then
        test_time "$number" RUNNER=portable >/dev/null || exit 1
        portable=$(test_time "$number" RUNNER=portable) || exit 1
    fi
    printf '%s\t%s\t%s\t%s\t%s\n' "$number" "$clean" "$edit" "$nothing" "$portable"
done
