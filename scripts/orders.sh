#!/bin/sh
# Whoever changes an atomic operation of the chapters hears of it:
# `sh scripts/orders.sh [--list] chapters/03-executor ...`
#   1. The sources are compared with tests/orders.txt, which says how it reads.
#   2. So are the models: an inline in tests/models/chN-*.pml has the name of a C
#      function; what stands behind each `C:` in it stands in that function, in that
#      order.
#   3. Unless --list is said: each weaker form in the list is made in a copy, and the
#      thread sanitizer has to report it.
set -u
cd "$(dirname "$0")/.." || exit 1
. scripts/common.sh
list=tests/orders.txt
make=${MAKE-make}

# The list's lines for a chapter, without blanks around the bars: "task.c task_wake|…".
listed() { # FOLDER
    awk -F' *[|] *' -v chapter="$(chapter_number "$1")" '
        /^#/ || NF == 0 { next }
        NF != 6 { print "a line that is not six columns|" $0 }
        (" " $1 " ") ~ (" " chapter " ") { print $2 "|" $3 "|" $4 "|" $5 "|" $6 }' "$list"
}

found() { # FOLDER: "task.c task_wake|exchange acq_rel"
    for file in $(find "$1/src" -name '*.[ch]'); do
        awk -f scripts/atomics.awk "$file"
    done | sed 's/^\([^ ]* [^ ]*\) /\1|/'
}

# An atomic member that is used without a function is used in the strongest order.
unnamed() { # FOLDER
    sed -n -e 's/^.*atomic_[a-z]* \([a-z_]*\);.*/\1/p' -e 's/^.*_Atomic(.*) \([a-z_]*\);.*/\1/p' \
        $(find "$1/src" -name '*.[ch]') | LC_ALL=C sort -u |
        while read -r member; do
            grep -n -e "[>.]${member}[^a-z_]" $(find "$1/src" -name '*.[ch]') |
                grep -v -e "&[a-z_.>-]*[>.]${member}[^a-z_]" -e ':[0-9]*: *[/*]' |
                sed "s/:[^:]*\$/: '$member' is atomic, and is used without naming the operation and its order./"
        done
}

compare() { # FOLDER
    found "$1" | LC_ALL=C sort >"$temporary/found"
    listed "$1" | cut -d'|' -f1,2 | LC_ALL=C sort >"$temporary/listed"
    LC_ALL=C comm -3 "$temporary/found" "$temporary/listed" | awk -v folder="$1" -v list="$list" '
        /^\t/ { missing[++m] = substr($0, 2); next }
        { split($0, part, "|"); extra[part[1]] = extra[part[1]] (extra[part[1]] == "" ? "" : ", ") part[2] }
        END {
            for (i = 1; i <= m; i++) {
                split(missing[i], part, "|")
                now = extra[part[1]]
                delete extra[part[1]]
                place(part[1])
                print folder "/src/" file ": " name " has " (now == "" ? "nothing" : now) \
                    " where " list " has " part[2] "."
            }
            for (where in extra) {
                place(where)
                print folder "/src/" file ": " name " has " extra[where] ", which " list " does not know."
            }
        }
        function place(where) { split(where, two, " "); file = two[1]; name = two[2] "()" }'
    unnamed "$1"
}

# What a model says of C, a line each: FUNCTION|PIECE.
quoted() { # MODEL
    sed -n -e 's/^inline \([a-z_]*\).*/=\1/p' -e 's/.*\/\* C: \(.*\) \*\/.*/\1/p' "$1" |
        awk '/^=/ { name = substr($0, 2); next } { print name "|" $0 }'
}

# Fails unless the pieces stand in their functions, in their order.
compare_model() { # FOLDER MODEL
    quoted "$2" >"$temporary/quoted"
    cat "$1"/src/*.c | awk -F'|' -v model="$2" -v folder="$1" '
        FILENAME != "-" { wanted[++n] = $0; of[n] = $1; piece[n] = $2; next }
        /^[A-Za-z].*\(/ && !/;$/ { name = $0; sub(/\(.*/, "", name); sub(/.*[^A-Za-z0-9_]/, "", name) }
        /^}/ { name = "" }
        { line = $0; sub(/^ */, "", line); body[name] = body[name] " " line }
        END {
            for (i = 1; i <= n; i++) {
                if (of[i] != of[i - 1]) { rest = body[of[i]] }
                at = index(rest, piece[i])
                if (at == 0) {
                    print model ": in " folder ", " of[i] "() has no \"" piece[i] "\", or has it earlier than the model."
                } else {
                    rest = substr(rest, at + length(piece[i]))
                }
            }
        }' "$temporary/quoted" -
}

limited() { if command -v timeout >/dev/null 2>&1; then timeout 120 "$@"; else "$@"; fi; }

run_stress() { # COPY PROGRAM
    case $2 in stress_call) backend=BACKEND=port ;; *) backend= ;; esac
    # shellcheck disable=SC2086 # `backend` may be no argument
    limited "$make" --no-print-directory -s -C "$1" stress SANITIZE=thread OPT=-O1 \
        $backend >"$temporary/log" 2>&1
}

# Each program by itself, so that a copy builds and runs no more than it needs.
try_program() { # FOLDER PROGRAM
    copy=$temporary/chapters/${1##*/}-$2
    mkdir "$copy" "$copy/tests" "$copy/tests/stress" && cp -R "$1/Makefile" "$1/src" "$1/demo" "$copy" &&
        cp "$1/tests/stress/$2.c" "$copy/tests/stress" || fail "$1 cannot be copied."
    if ! run_stress "$copy" "$2"; then
        echo "$1: $2 fails as it is:" >&2
        tail -n 15 "$temporary/log" >&2
        return 1
    fi
    missed=0
    listed "$1" | awk -F'|' -v program="$2" '$4 == program' >"$temporary/lines"
    while IFS='|' read -r where operation forms _ why; do
        file=${where% *}
        for form in $forms; do
            awk -v function_name="${where#* }" -v operation="${operation% *}" -v form="$form" \
                -f scripts/atomics.awk "$1/src/$file" >"$copy/src/$file"
            what="$1: ${where#* }(), $operation -> $form"
            if cmp -s "$1/src/$file" "$copy/src/$file"; then
                echo "$what: this cannot be made there." >&2
                missed=1
            elif run_stress "$copy" "$2"; then
                echo "$what: $2 reports nothing. $why" >&2
                missed=1
            elif grep -q 'WARNING: ThreadSanitizer' "$temporary/log"; then
                echo "$what: reported by $2"
            else
                echo "$what: $2 fails, but not by the thread sanitizer:" >&2
                tail -n 15 "$temporary/log" >&2
                missed=1
            fi
        done
        cp "$1/src/$file" "$copy/src/$file"
    done <"$temporary/lines"
    return $missed
}

try=yes
[ "${1-}" != --list ] || { try=no && shift; }
[ $# -gt 0 ] || fail "No chapter is named: 'make verify' checks all."
make_temporary
mkdir "$temporary/chapters" && ln -s "$PWD/support" "$temporary/support" # as in the course
result=0
for folder; do
    compare "$folder"
    for model in tests/models/ch"$(chapter_number "$folder")"-*.pml; do
        [ ! -f "$model" ] || compare_model "$folder" "$model"
    done
done >"$temporary/wrong"
if [ -s "$temporary/wrong" ]; then
    cat "$temporary/wrong" >&2
    echo "An atomic operation or its order has changed: say in $list, or in the model, why it is right." >&2
    exit 1
fi
echo "The atomic operations are those of $list and of the models."
[ $try = yes ] || exit 0

echo 'int main(void) { return 0; }' >"$temporary/none.c"
if ! ${CC-cc} -fsanitize=thread -o "$temporary/none" "$temporary/none.c" 2>/dev/null ||
    ! "$temporary/none"; then
    echo "Weaker orders are not tried: ${CC-cc} has no thread sanitizer here."
    exit 0
fi
for folder; do
    for program in $(listed "$folder" | cut -d'|' -f4 | LC_ALL=C sort -u | grep -v '^-$'); do
        # Chapters may share the code of a back end, and one has the program.
        [ ! -f "$folder/tests/stress/$program.c" ] || try_program "$folder" "$program" || result=1
    done
done
exit $result
