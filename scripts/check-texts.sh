#!/bin/sh
# Checks what the texts promise, without running anything: `sh scripts/check-texts.sh`.
#
# - A chapter's text has at most 3,500 words, all five have 16,000 (as `wc -w` counts).
# - No text speaks of "somebody", "whoever" or "nobody" (code is left alone).
# - Below "## Break it", each experiment (a heading `### 1. …` or a paragraph that
#   begins with `**1. …`) names a patch of tests/mistakes in backticks, as
#   `ch3-two-flags.patch`; each such name is that of a file; and what a test says, in
#   *italics*, is really in a line `Says:` of the chapter's patches or in the sources
#   of its tests. There `…` and numbers stand for whatever the test puts in. Italics of
#   fewer than four words, or with a question mark at their end, are no quotation.
set -u
cd "$(dirname "$0")/.." || exit 1
. scripts/common.sh
make_temporary

CHAPTER_WORDS=${CHAPTER_WORDS-3500}
ALL_WORDS=${ALL_WORDS-16000}

check_length() {
    all=0
    for folder in $(chapter_folders); do
        words=$(wc -w <"$folder/README.md")
        all=$((all + words))
        [ "$words" -le "$CHAPTER_WORDS" ] ||
            echo "$folder/README.md: $((words)) words are more than $CHAPTER_WORDS."
    done
    [ $all -le "$ALL_WORDS" ] || echo "The chapters' texts: $all words in all are more than $ALL_WORDS."
}

check_words() { # TEXT ...
    awk '
        FNR == 1 { fence = comment = 0 }
        /^[ \t]*```/ { fence = !fence; next }
        fence { next }
        {
            gsub(/`[^`]*`/, "")
            line = tolower($0)
            while (match(line, /somebody|whoever|nobody/)) {
                printf "%s:%d: \"%s\": name who it is, or say it without.\n",
                    FILENAME, FNR, substr(line, RSTART, RLENGTH)
                line = substr(line, RSTART + RLENGTH)
            }
        }' "$@"
}

# What the tests of a chapter may say: a sentence a line, the pieces of a string joined.
sayings() { # FOLDER
    sed -n 's/^Says: //p' tests/mistakes/"ch$(chapter_number "$1")"-*.patch 2>/dev/null
    for file in "$1"/tests/*.c "$1"/tests/*.h; do
        [ ! -f "$file" ] || awk '{ text = text $0 "\n" }
            END {
                gsub(/"[ \t\n]+"/, "", text)
                gsub(/\\n/, " ", text)
                while (match(text, /"[^"\n]*"/)) {
                    print substr(text, RSTART + 1, RLENGTH - 2)
                    text = substr(text, RSTART + RLENGTH)
                }
            }' "$file"
    done
}

check_experiments() { # FOLDER
    sayings "$1" >"$temporary/sayings"
    ls tests/mistakes >"$temporary/patches"
    awk -v sayings="$temporary/sayings" -v patches="$temporary/patches" -v text="$1/README.md" '
        function wrong(line, sentence) { printf "%s:%d: %s\n", text, line, sentence }

        # The pieces of a quotation stand in one sentence, in this order.
        function is_said(quotation,  piece, pieces, i, j, rest, at) {
            gsub(/…|[0-9]+/, "\001", quotation)
            pieces = split(quotation, piece, /\001/)
            for (i = 1; i <= count; i++) {
                rest = said[i]
                for (j = 1; j <= pieces; j++) {
                    if (piece[j] == "") continue
                    at = index(rest, piece[j])
                    if (!at) break
                    rest = substr(rest, at + length(piece[j]))
                }
                if (j > pieces) return 1
            }
            return 0
        }

        # Quotations may go over several lines, so a paragraph is looked at as one.
        function end_paragraph(  words, quotation) {
            gsub(/`[^`]*`/, "", paragraph)
            gsub(/\*\*/, "", paragraph)
            while (match(paragraph, /\*[^*]+\*/)) {
                quotation = substr(paragraph, RSTART + 1, RLENGTH - 2)
                paragraph = substr(paragraph, RSTART + RLENGTH)
                words = quotation
                if (gsub(/ /, "", words) >= 3 && quotation !~ /\?$/ && !is_said(quotation))
                    wrong(begun, "no test of this chapter says \"" quotation "\".")
            }
            paragraph = ""
        }
        function end_experiment() {
            if (experiment && !named) wrong(experiment, "this experiment names no patch of tests/mistakes.")
            experiment = 0
        }
        BEGIN {
            while ((getline line < sayings) > 0) said[++count] = line
            while ((getline line < patches) > 0) there[line] = 1
        }
        /^[ \t]*```/ { end_paragraph(); fence = !fence; next }
        !fence && /^## / { end_paragraph(); end_experiment(); inside = /^## Break it/; next }
        !inside { next }
        !fence && (/^### / || /^\*\*[0-9]+\. /) { end_paragraph(); end_experiment(); experiment = NR; named = 0 }
        {
            line = $0
            while (match(line, /ch[0-9]+-[a-z0-9-]+(\.patch)?/)) {
                name = substr(line, RSTART, RLENGTH)
                line = substr(line, RSTART + RLENGTH)
                sub(/\.patch$/, "", name)
                if (!((name ".patch") in there)) wrong(NR, "there is no tests/mistakes/" name ".patch.")
                named = 1
            }
            if (fence) next
            if ($0 == "") end_paragraph()
            else if (paragraph == "") { paragraph = $0; begun = NR }
            else paragraph = paragraph " " $0
        }
        END { end_paragraph(); end_experiment() }' "$1/README.md"
}

{
    check_length
    # shellcheck disable=SC2046 # names of folders are words
    set -- $(for folder in $(chapter_folders); do echo "$folder/README.md"; done)
    for text in README.md CONTRIBUTING.md docs/*.md; do
        [ ! -f "$text" ] || set -- "$@" "$text"
    done
    check_words "$@"
    for folder in $(chapter_folders); do
        check_experiments "$folder"
    done
} >"$temporary/wrong"
[ ! -s "$temporary/wrong" ] || {
    cat "$temporary/wrong" >&2
    exit 1
}
echo "The texts are as long as they may be, and each experiment is a mistake that is kept."
