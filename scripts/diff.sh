#!/bin/sh
# What a chapter changed: each file of its src/ and demo/ beside the file of that name
# in the nearest chapter before it (chapter 5 is chapter 3's files and chapter 4's).
#     sh scripts/diff.sh chapters/03-executor ...
# First come the files that changed, with the small changes in full, as many as leave
# it two screens long; then the new files by name and size, and what is unchanged.
# FILE=executor.c shows all of one file instead. diff(1) does it, git is not needed.
# What is there for the sake of other systems is only named.
set -u
cd "$(dirname "$0")/.." || exit 1
. scripts/common.sh

two_screens=100

lines_of_code() { code_of "$1" | wc -l | tr -d ' '; }

# Sorts the chapter's files into the lists changed, new, same and elsewhere.
compare() { # FOLDER
    rm -rf "$temporary/list"
    mkdir "$temporary/list"
    for name in changed new same elsewhere; do : >"$temporary/list/$name"; done
    for file in $(source_files "$1"); do
        before=$(earlier_file "$1" "$file")
        if for_other_systems "$file"; then
            echo "$file" >>"$temporary/list/elsewhere"
        elif [ -z "$before" ]; then
            echo "$file $(lines_of_code "$1/$file")" >>"$temporary/list/new"
        elif cmp -s "$before" "$1/$file"; then
            echo "$file" >>"$temporary/list/same"
        else
            echo "$file $before $(code_changes "$before" "$1/$file")" >>"$temporary/list/changed"
        fi
    done
}

# Names, filled into lines of 80 columns.
filled() { # LIST WORD
    [ -s "$temporary/list/$1" ] || return 0
    echo "$2"
    cut -d' ' -f1 "$temporary/list/$1" | sed 's/^src\///' | awk '
        length(line) + length($0) > 77 { print " " line; line = "" }
        { line = line " " $0 }
        END { print " " line }'
}

# The changed files, and below them those changes for which there is room, in the order
# in which one reads the files.
show_changed() { # FOLDER ROOM
    [ -s "$temporary/list/changed" ] || return 0
    echo "Changed, in lines of code:"
    while read -r file before added removed; do
        printf '  %-26s %+5d %5s   since chapter %s\n' "$file" "$added" "-$removed" "$(chapter_of "$before")"
    done <"$temporary/list/changed"
    rm -f "$temporary"/hunks.*
    while read -r file before added removed; do
        n=$((${n-0} + 1))
        diff -U 2 -L "$before" -L "$1/$file" "$before" "$1/$file" >"$temporary/hunks.$n"
        awk -v n=$n '{ size += length($0) > 80 ? 2 : 1 } END { print size, n }' "$temporary/hunks.$n"
    done <"$temporary/list/changed" | sort -n |
        awk -v room="$2" '{ room -= $1 } room >= 0 { print $2 }' | sort -n >"$temporary/chosen"
    while read -r n; do
        cat "$temporary/hunks.$n"
    done <"$temporary/chosen"
}

show_new() {
    [ -s "$temporary/list/new" ] || return 0
    echo "New, in lines of code:"
    awk '{ printf "  %-26s %5d\n", $1, $2 }' "$temporary/list/new" |
        awk '{ row[NR] = $0 }
            END {
                half = int((NR + 1) / 2)
                for (i = 1; i <= half; i++)
                    print row[i] (i + half <= NR ? "     " row[i + half] : "")
            }'
}

rest_of_chapter() { # FOLDER
    show_new
    filled elsewhere "For other systems:"
    filled same "Unchanged:"
    one=$(head -n 1 "$temporary/list/changed" | cut -d' ' -f1)
    [ "$one" ] || one=$(head -n 1 "$temporary/list/new" | cut -d' ' -f1)
    [ -z "$one" ] || echo "One of them whole: make chapter-$(chapter_number "$1") diff FILE=${one##*/}"
    {
        sed 's/^/changed /' "$temporary/list/changed"
        sed 's/^/new - /' "$temporary/list/new"
        sed 's/^/same /' "$temporary/list/same"
    } | awk -v name="Chapter $(chapter_number "$1")" '
        { count[$1]++ }
        $1 == "changed" || $1 == "new" { added += $4 }
        $1 == "changed" { removed += $5 }
        END {
            printf "%s: %d %s changed, %d new, %d unchanged; +%d -%d lines of code.\n",
                name, count["changed"], count["changed"] == 1 ? "file" : "files",
                count["new"], count["same"], added, removed
        }'
}

show_chapter() { # FOLDER
    compare "$1"
    rest_of_chapter "$1" >"$temporary/rest"
    # The hunks get what the lists leave.
    room=$((two_screens - 1 - $(wc -l <"$temporary/rest") - $(wc -l <"$temporary/list/changed")))
    show_changed "$1" $room
    cat "$temporary/rest"
}

# All of one file: what changed in it, or the file itself when it is new.
show_file() { # NAME FOLDER...
    name=$1
    shift
    found=
    for folder; do
        for file in $(source_files "$folder"); do
            case /$file in */"$name") ;; *) continue ;; esac
            found=yes
            before=$(earlier_file "$folder" "$file")
            if [ -z "$before" ]; then
                echo "New in chapter $(chapter_number "$folder"): $folder/$file"
                cat "$folder/$file"
            elif cmp -s "$before" "$folder/$file"; then
                echo "Unchanged since chapter $(chapter_of "$before"): $folder/$file"
            else
                echo "Changed since chapter $(chapter_of "$before"): $folder/$file"
                diff -u -L "$before" -L "$folder/$file" "$before" "$folder/$file"
            fi
        done
    done
    [ "$found" ] && return
    any=any where=
    [ $# -gt 1 ] || any= where=" $(chapter_number "$1")"
    near=$(for folder; do source_files "$folder"; done | sed 's/.*\///' |
        awk -v word="$name" -f scripts/nearest.awk)
    fail "There is no file '$name' in ${any:+any }chapter$where: did you mean FILE=$near?"
}

show() {
    if [ "${FILE-}" ]; then
        show_file "$FILE" "$@"
        return
    fi
    for folder; do
        show_chapter "$folder"
    done
}

colour() {
    awk '
        /^(\+\+\+|---) / || /^(Changed|New|Unchanged|For other|One of)/ { print "\033[1m" $0 "\033[0m"; next }
        /^\+/ { print "\033[32m" $0 "\033[0m"; next }
        /^-/ { print "\033[31m" $0 "\033[0m"; next }
        /^@@/ { print "\033[36m" $0 "\033[0m"; next }
        { print }'
}

make_temporary
show "$@" >"$temporary/shown" || exit 1
if [ ! -t 1 ] || [ "${TERM-dumb}" = dumb ]; then
    cat "$temporary/shown"
    exit
fi
if ! plain; then
    colour <"$temporary/shown" >"$temporary/coloured" && mv "$temporary/coloured" "$temporary/shown"
fi
if command -v "${PAGER:-less}" >/dev/null 2>&1; then
    LESS=${LESS:--FRX} ${PAGER:-less} <"$temporary/shown"
else
    cat "$temporary/shown"
fi
