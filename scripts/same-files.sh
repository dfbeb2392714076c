#!/bin/sh
# A file that a chapter does not change is an exact copy of the nearest earlier
# chapter's, so that the difference between two chapters is the lesson. Checked are
# the Makefile, src/ and what supports the tests; demo/, test_*.c and stress/ are
# each chapter's own. A chapter that does change a file is named, with the file and
# the reason, in docs/changed-files.txt. `--write` adds the lines that are missing
# there, for a reason to be filled in, and takes out those that have become untrue.
set -u
cd "$(dirname "$0")/.." || exit 1
. scripts/common.sh
list=docs/changed-files.txt

shared_files() { # FOLDER: the files that are looked at
    (cd "$1" && find Makefile src demo tests -type f \( -name '*.[ch]' -o -name Makefile \)) |
        grep -v -e '^demo/' -e '^tests/test_[^/]*\.c$' -e '^tests/stress/' | LC_ALL=C sort
}

# "03-executor src/socket.c" for each file that differs from the earlier one.
really_changed() {
    for folder in $(chapter_folders); do
        for file in $(shared_files "$folder"); do
            before=$(earlier_file "$folder" "$file")
            [ -z "$before" ] || cmp -s "$before" "$folder/$file" ||
                echo "${folder##*/} $file $before"
        done
    done
}

listed() { [ ! -f $list ] || grep -v -e '^#' -e '^[[:space:]]*$' $list; }

make_temporary
really_changed >"$temporary/changed"
listed >"$temporary/listed"

if [ "${1-}" = --write ]; then
    {
        [ ! -f $list ] || grep '^#' $list
        while read -r chapter file before; do
            old=$(awk -v c="$chapter" -v f="$file" '$1 == c && $2 == f' "$temporary/listed")
            echo "${old:-$chapter $file  ?}"
        done <"$temporary/changed"
    } >"$temporary/new" && cat "$temporary/new" >$list
    echo "$list is written: give each line that ends in '?' its reason."
    exit 0
fi
[ $# -eq 0 ] || fail "same-files.sh does not know '$1': only '--write', or nothing at all."

{
    while read -r chapter file before; do
        awk -v c="$chapter" -v f="$file" '$1 == c && $2 == f { found = 1 }
            END { exit !found }' "$temporary/listed" ||
            echo "chapters/$chapter/$file differs from $before: make it an exact copy," \
                "or say in $list why this chapter changes it."
    done <"$temporary/changed"

    while read -r chapter file reason; do
        if [ ! -f "chapters/$chapter/$file" ]; then
            echo "$list speaks of chapters/$chapter/$file, which does not exist: remove the line."
        elif [ -z "$(earlier_file "chapters/$chapter" "$file")" ]; then
            echo "$list says that chapters/$chapter/$file is changed, but no earlier chapter has it: remove the line."
        elif ! grep -q "^$chapter $file " "$temporary/changed"; then
            echo "$list says that chapters/$chapter/$file is changed, but it is an exact copy: remove the line."
        elif [ -z "$reason" ] || [ "$reason" = "?" ]; then
            echo "$list does not say why chapters/$chapter/$file is changed: give the reason in a few words."
        fi
    done <"$temporary/listed"
} >"$temporary/wrong"

if [ -s "$temporary/wrong" ]; then
    cat "$temporary/wrong" >&2
    exit 1
fi
echo "Every file that a chapter does not change is an exact copy; $(wc -l <"$temporary/changed" | tr -d ' ') changes are listed."
