#!/bin/sh
# How large the step is that each chapter takes: the lines of code that it adds to the
# library or changes there, against the nearest earlier chapter that has the file.
#     sh scripts/steps.sh chapters/03-executor ...
# A line of code is one that has more than a comment. The library is what `make`
# compiles on Linux, with the headers: no demonstration, no other back end. Fails when
# a step is larger than it may be; a chapter named alone is shown file by file.
set -u
cd "$(dirname "$0")/.." || exit 1
. scripts/common.sh

# chapter:lines. Chapter 1 is where the reader comes in.
limits="2:527 3:711 4:363 5:721"

limit_of() { # NUMBER
    for limit in $limits; do
        [ "${limit%%:*}" != "$1" ] || echo "${limit#*:}"
    done
}

in_library() { # FILE
    ! for_other_systems "$1" || return 1
    case $1 in
        demo/* | src/backends/poll.c) return 1 ;;
    esac
}

# "FILE BEFORE ADDED REMOVED" for each file of the library that is new or changed.
steps_of() { # FOLDER
    for file in $(source_files "$1"); do
        in_library "$file" || continue
        before=$(earlier_file "$1" "$file")
        changes=$(code_changes "${before:-/dev/null}" "$1/$file")
        [ "$changes" = "0 0" ] || echo "$file ${before:--} $changes"
    done
}

make_temporary
status=0
printf '%-20s %5s %5s %8s %6s %6s\n' chapter lines gone changed new limit
for folder; do
    number=$(chapter_number "$folder")
    limit=$(limit_of "$number")
    steps_of "$folder" >"$temporary/steps"
    lines=$(awk '{ n += $3 } END { print n + 0 }' "$temporary/steps")
    awk -v name="${folder##*/}" -v limit="${limit:--}" '
        $2 == "-" { new++ }
        { added += $3; removed += $4 }
        END { printf "%-20s %5d %5d %8d %6d %6s\n", name, added, removed, NR - new, new, limit }' \
        "$temporary/steps"
    [ $# -gt 1 ] || sort -k3nr "$temporary/steps" |
        awk '{ printf "  %-22s +%-5d -%-5d %s\n", $1, $3, $4, $2 == "-" ? "new" : "changed" }'
    [ "$lines" -le "${limit:-$lines}" ] || {
        echo "Chapter $number adds $lines lines of code, and $limit is the most: make the step smaller." \
            >>"$temporary/wrong"
        status=1
    }
done
[ $status -eq 0 ] || cat "$temporary/wrong" >&2
exit $status
