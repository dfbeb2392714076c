#!/bin/sh
# Puts the code that a text shows there from the sources that are compiled:
# `sh scripts/snippets.sh [--check] README.md ...`.
#
# A source marks a region with a line `//! [name]` before it and the same line after
# it; regions may lie in one another. In a text the comment
#   <!-- snippet: src/task.c wake -->
# stands directly before a fence (```c … ```), whose content becomes that region:
# without markers, and without the indentation that all its lines share. The path
# starts at the text's own folder. With --check nothing is written: each region that
# is stale or unknown is named in one sentence, and the exit status is 1.
set -u
. "$(dirname "$0")/common.sh"

# Prints a region, or fails: 2 without such a file, 3 without such a region.
region() { # FILE NAME
    [ -f "$1" ] || return 2
    awk -v name="$2" '
        /^[ \t]*\/\/! \[[^]]*\][ \t]*$/ {
            marker = $0
            gsub(/^[ \t]*\/\/! \[|\][ \t]*$/, "", marker)
            if (marker == name) { inside = !inside; found++ }
            next
        }
        inside {
            line[++count] = $0
            match($0, /^ */)
            if ($0 ~ /[^ \t]/ && (!some++ || RLENGTH < shared)) shared = RLENGTH
        }
        END {
            if (found < 2 || inside) exit 3
            for (i = 1; i <= count; i++) print substr(line[i], shared + 1)
        }' "$1"
}

# Writes the text anew to $temporary/text and what is wrong to $temporary/wrong.
renew() { # TEXT
    number=0
    state=prose
    while IFS= read -r line || [ -n "$line" ]; do
        number=$((number + 1))
        case $state:$line in
            fence:*'<!-- snippet:'*) ;;
            *'<!-- snippet: '*' '*' -->')
                [ $state = prose ] || complain "$1:$last: the snippet comment has no fence after it."
                words=${line#*<!-- snippet: }
                words=${words% -->}
                source=${words%% *}
                name=${words#* }
                last=$number
                state=comment
                ;;
            comment:*'```'*)
                printf '%s\n' "$line"
                indent=${line%%[! ]*}
                region "$(dirname "$1")/$source" "$name" >"$temporary/region"
                case $? in
                    0) state=fence ;;
                    2) complain "$1:$last: there is no file '$source' beside this text." ;;
                    *) complain "$1:$last: '$source' has no region '$name' (two lines '//! [$name]')." ;;
                esac
                if [ $state = fence ]; then
                    sed "s/^./$indent&/" "$temporary/region"
                else
                    state=prose
                fi
                : >"$temporary/shown"
                continue
                ;;
            comment:*)
                complain "$1:$last: the snippet comment has no fence on the line after it."
                state=prose
                ;;
        esac
        case $state:$line in
            fence:*'```'*)
                state=prose
                printf '%s\n' "$line"
                sed "s/^./$indent&/" "$temporary/region" | cmp -s - "$temporary/shown" ||
                    echo "$1:$last: region '$name' differs from $source: 'make snippets' puts it right." >>"$temporary/stale"
                ;;
            fence:*) printf '%s\n' "$line" >>"$temporary/shown" ;;
            *) printf '%s\n' "$line" ;;
        esac
    done <"$1" >"$temporary/text"
    [ $state = prose ] || complain "$1:$last: the text ends inside this snippet."
}

complain() { echo "$1" >>"$temporary/wrong"; }

check=
if [ "${1-}" = --check ]; then
    check=yes
    shift
fi
make_temporary
: >"$temporary/all"
for text; do
    [ -f "$text" ] || fail "There is no text '$text' to put code into."
    : >"$temporary/wrong"
    : >"$temporary/stale"
    renew "$text"
    cat "$temporary/wrong" >>"$temporary/all"
    if [ -n "$check" ]; then
        cat "$temporary/stale" >>"$temporary/all"
    elif [ ! -s "$temporary/wrong" ] && ! cmp -s "$temporary/text" "$text"; then
        cat "$temporary/text" >"$text"
        echo "$text: $(wc -l <"$temporary/stale" | tr -d ' ') regions renewed."
    fi
done
if [ -s "$temporary/all" ]; then
    cat "$temporary/all" >&2
    exit 1
fi
[ -z "$check" ] || echo "The code in the texts is that of the sources."
