#!/bin/sh
# What a chapter changed: each file of its src/ beside the file of that name in the
# nearest chapter before it (chapter 5 is chapter 3's files and chapter 4's).
# `sh scripts/diff.sh chapters/03-executor ...`; diff(1) does it, git is not needed.
# What is there for the sake of other systems only is named, not shown: it is no part
# of the lesson. On a terminal it is coloured and paged, otherwise a plain unified diff.
set -u
cd "$(dirname "$0")/.." || exit 1
. scripts/common.sh

for_other_systems() { # FILE
    case $1 in
        src/backends/epoll.c | src/backends/poll.c) return 1 ;;
        src/backends/*.c) ;;
        *) return 1 ;;
    esac
}

show_chapter() { # FOLDER
    unchanged=0 changed=0 new=0 same= elsewhere=
    for file in $(source_files "$1"); do
        if for_other_systems "$file"; then
            elsewhere="$elsewhere ${file#src/}"
            continue
        fi
        before=$(earlier_file "$1" "$file")
        if [ -z "$before" ]; then
            new=$((new + 1))
            echo "new in this chapter: $1/$file"
            diff -u -L "(new)" -L "$1/$file" /dev/null "$1/$file"
        elif cmp -s "$before" "$1/$file"; then
            unchanged=$((unchanged + 1))
            same="$same ${file#src/}"
        else
            changed=$((changed + 1))
            echo "changed since chapter $(chapter_of "$before"): $1/$file"
            diff -u -L "$before" -L "$1/$file" "$before" "$1/$file"
        fi
    done >"$temporary/diff"
    cat "$temporary/diff"
    [ -z "$elsewhere" ] || echo "for other systems:$elsewhere"
    [ -z "$same" ] || echo "unchanged:$same"
    awk -v name="Chapter $(chapter_number "$1")" -v unchanged=$unchanged \
        -v changed=$changed -v new=$new '
        /^\+/ && !/^\+\+\+ / { added++ }
        /^-/ && !/^--- / { removed++ }
        END {
            printf "%s: %d %s unchanged, %d changed, %d new; %d lines of C added, %d removed.\n",
                name, unchanged, unchanged == 1 ? "file" : "files", changed, new, added, removed
        }' "$temporary/diff"
}

chapter_of() { # chapters/02-waker/src/join.c -> 2
    folder=${1#chapters/}
    chapter_number "chapters/${folder%%/*}"
}

colour() {
    awk '
        /^(\+\+\+|---) / || /^(new in|changed since|unchanged)/ { print "\033[1m" $0 "\033[0m"; next }
        /^\+/ { print "\033[32m" $0 "\033[0m"; next }
        /^-/ { print "\033[31m" $0 "\033[0m"; next }
        /^@@/ { print "\033[36m" $0 "\033[0m"; next }
        { print }'
}

show() {
    for folder; do
        show_chapter "$folder"
    done
}

make_temporary
if [ -t 1 ] && command -v "${PAGER:-less}" >/dev/null 2>&1; then
    show "$@" | colour | LESS=${LESS:--FRX} ${PAGER:-less}
elif [ -t 1 ]; then
    show "$@" | colour
else
    show "$@"
fi
