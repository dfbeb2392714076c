#!/bin/sh
# Says which lines and branches of a chapter's src/ its tests and stress programs
# reach, over all its back ends: `sh scripts/coverage.sh chapters/03-executor ...`.
# The one for Windows is left out, and so are its lines: it does not run here.
# The pages with every line are left in the chapter's build/coverage.
set -u
cd "$(dirname "$0")/.." || exit 1
. scripts/common.sh
need gcovr "'make coverage'"
make_temporary
make=${MAKE-make}

for folder; do
    backends=$(cd "$folder" && ls src/backends/*.c 2>/dev/null |
        sed 's/.*\/\(.*\)\.c/\1/' | grep -vxE 'null|iocp') # one fails its tests, one is for Windows
    rm -rf "$folder"/build/*-coverage "$folder/build/coverage"
    for backend in ${backends:-none}; do
        for verb in test stress; do
            set -- "$folder" "$verb" COVERAGE=1 OPT=-O0
            [ "$backend" = none ] || set -- "$@" BACKEND="$backend"
            "$make" --no-print-directory -s -C "$@" >"$temporary/log" 2>&1 && continue
            cat "$temporary/log"
            fail "The coverage of $folder cannot be told: its tests fail ($verb${backends:+, $backend})."
        done
    done
    mkdir -p "$folder/build/coverage"
    echo "== ${folder##*/}"
    (
        cd "$folder" || exit 1
        report() {
            gcovr --root . --filter 'src/' \
                --exclude-unreachable-branches build "$@"
        }
        report --html-details build/coverage/index.html --print-summary
        report --txt | sed -n '/^src/p'
        report --branches --txt | awk '/^src/ && $4 != "100%" && $4 != "--%" {
            print "branches of " $1 " not all taken: lines " $NF }'
    ) 2>&1 | grep -v '^(INFO)'
done
