#!/bin/sh
# Makes the site, docs/site/: `sh scripts/docs.sh [--check]`. With --check the site is
# made elsewhere and thrown away; either way a warning, an undocumented name or a dead
# link is shown, and the exit status is 1.
#
# Most names (Waker, Socket, Join ...) exist in several chapters, each time in that
# chapter's own shape, and C has no scope to tell them apart. So Doxygen runs once for
# each chapter, and once more for the front: the README, the glossary and the list of
# all names. What joins them is the bar at the top of each page, with a search that
# knows them all. docs/Doxyfile holds what the runs share; docs/page.awk says what
# becomes of a text, docs/header.awk of a header.
set -u
cd "$(dirname "$0")/.." || exit 1
. scripts/common.sh

need_for_docs() { # TOOL
    command -v "$1" >/dev/null 2>&1 && return
    how=$(sh setup.sh --how "$1" 2>/dev/null) &&
        fail "$1 is not installed: run '$how', or 'sh setup.sh --docs'."
    fail "$1 is not installed: it is not packaged for this system."
}

# --- What a page is made of -----------------------------------------------------

# The first heading of a text, or what is said instead.
title() { # TEXT OTHERWISE
    line=$(sed -n '/^# /{s/^# *//;s/[ #]*$//;p;q;}' "$1" 2>/dev/null)
    printf '%s\n' "${line:-$2}"
}

# The chapter's question, without a number that its heading may have.
question() { # FOLDER
    title "$1/README.md" "${1##*/}" |
        sed 's/^\([Cc]hapter *\)\{0,1\}[0-9][0-9]* *[:.,–—-]* *//'
}

as_html() { sed -e 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g; s/"/\&quot;/g; s/`\([^`]*\)`/<code>\1<\/code>/g'; }
as_text() { as_html | sed 's/<[^>]*>//g'; }

# The bar at the top of each page: plain links, so that one can walk through the site
# without scripts. In docs/site.css it is called bar, too.
bar() { # FOLDER, or nothing for the front
    up=${1:+../} here=
    echo '<a class="skip" href="#text">To the text</a>'
    echo '<header class="bar"><nav aria-label="Course">'
    echo "<a class=\"course\" href=\"${up}index.html\">$(cat "$temporary/course")</a>"
    echo '<span class="chapters"><span>Chapter</span>'
    while IFS='	' read -r other number plain marked; do
        current=
        if [ "$other" = "$1" ]; then
            current=' aria-current="true"' here=$number asks=$marked
        fi
        echo "<a href=\"$up${other##*/}/index.html\" title=\"$plain\"$current>$number</a>"
    done <"$temporary/questions"
    echo "</span><a href=\"${up}glossary.html\">Glossary</a><a href=\"${up}names.html\">Names</a>"
    [ ! -f docs/measured.md ] || echo "<a href=\"${up}measured.html\">Measured</a>"
    echo "</nav>"
    echo "<form role=\"search\" action=\"${up}names.html\" data-root=\"$up\" data-chapter=\"$here\">"
    echo '<input type="search" name="q" aria-label="Search names and headings" placeholder="Search  /" autocomplete="off">'
    echo '<div class="results" role="status" hidden></div></form></header>'
    if [ "$1" ]; then
        echo '<nav class="chapter" aria-label="Chapter">'
        echo "<a class=\"question\" href=\"index.html\">$here. $asks</a>"
        echo '<a href="index.html">Text</a><a href="sources.html">Sources</a><a href="annotated.html">Structs</a></nav>'
    fi
    echo '<div id="text"></div>'
}

# Doxygen's own header, whichever version made it, with our bar instead of its title.
header() { # FOLDER PART
    bar "$1" >"$2/bar"
    awk -v bar="$2/bar" '
        /<!--BEGIN TITLEAREA-->/ { skip = 1 }
        !skip && /<html/ && !/lang=/ { sub(/<html/, "<html lang=\"en\"") }
        !skip && /<\/head>/ { print "<script defer src=\"search.js\"></script>" }
        !skip { print }
        !skip && /<body/ { while ((getline line < bar) > 0) print line }
        /<!--END TITLEAREA-->/ { skip = 0 }' "$temporary/header.html"
}

footer() {
    echo '<footer class="page-foot">Made by <a href="https://www.doxygen.org/">Doxygen</a> $doxygenversion from the headers and texts of the course.</footer>'
    echo '</body></html>'
}

# DOCS_THEME= makes the site in the plain theme.
theme=${DOCS_THEME-/usr/share/doxygen-awesome-css/doxygen-awesome.css}
[ -f "$theme" ] || theme=

# Runs Doxygen for a part of the site. What it says goes to NAME.log.
doxygen_part() { # NAME FOLDER TITLE INPUT...
    name=$1 folder=$2 heading=$3
    shift 3
    part=$temporary/$name
    mkdir -p "$part" "$temporary/site/${folder##*/}"
    header "$folder" "$part" >"$part/header.html"
    footer >"$part/footer.html"
    {
        cat "$temporary/Doxyfile"
        echo "PROJECT_NAME = \"$heading\""
        echo "OUTPUT_DIRECTORY = \"$temporary/site/${folder##*/}\""
        echo "USE_MDFILE_AS_MAINPAGE = \"$1\""
        for input; do
            [ ! -f "$input" ] || echo "INPUT += \"$input\""
        done
        echo "LAYOUT_FILE = \"$temporary/layout.xml\""
        echo "IMAGE_PATH = \"${folder:-docs}\""
        [ ! -d "${folder:-docs}/bench" ] || echo "IMAGE_PATH += \"$folder/bench\""
        echo "HTML_HEADER = \"$part/header.html\""
        echo "HTML_FOOTER = \"$part/footer.html\""
        echo "HTML_EXTRA_STYLESHEET = ${theme:+\"$theme\"} docs/site.css"
        echo "HTML_EXTRA_FILES = docs/search.js"
        for picture in "${folder:-docs}"/*.svg "${folder:-docs}"/bench/*.svg; do
            [ ! -f "$picture" ] || echo "HTML_EXTRA_FILES += \"$picture\""
        done
        echo "GENERATE_TAGFILE = \"$part/tags\""
    } >"$part/Doxyfile"
    : >"$part/headings"
    DOCS_FOLDER=$folder DOCS_HEADINGS=$part/headings doxygen "$part/Doxyfile" >"$part/log" 2>&1 ||
        echo "doxygen ended with status $?" >"$part/failed"
}

# --- All names ------------------------------------------------------------------

# One line for each public name of a chapter, and for each heading of its text:
#   name  kind  chapter  page#anchor   (separated by tabs)
names() { # NAME FOLDER
    number=$(chapter_number "$2")
    awk -v number="$number" -v folder="${2##*/}" -f docs/names.awk "$temporary/$1/tags"
    awk -F '\t' -v number="$number" -v folder="${2##*/}" '
        { print $2 "\theading\t" number "\t" folder "/index.html#" $1 }' "$temporary/$1/headings"
}

# The page that lists all names, with the chapters in which each has its entry.
names_page() {
    echo '# All names'
    echo
    echo 'Every public name of the course, and the chapters in which it exists. A name'
    echo 'keeps its meaning from chapter to chapter; its shape may grow.'
    echo
    echo '| name | what it is | chapters |'
    echo '| --- | --- | --- |'
    LC_ALL=C sort -t "$(printf '\t')" -f -k1,1 -k2,2 -k3,3n "$temporary/names" | awk -F '\t' '
        $2 == "field" || $2 == "heading" || $2 == "file" { next }
        {
            if ($1 "\t" $2 != key) {
                if (key != "") print row " |"
                key = $1 "\t" $2
                row = "| `" $1 "` | " $2 " |"
            }
            row = row " <a href=\"" $4 "\">" $3 "</a>"
        }
        END { if (key != "") print row " |" }'
}

search_index() {
    echo '// [name, kind, [[chapter, page], ...]]'
    echo 'window.courseNames = ['
    LC_ALL=C sort -t "$(printf '\t')" -k1,1 -k2,2 -k3,3n "$temporary/names" | awk -F '\t' '
        function quoted(text) {
            gsub(/[\\"]/, "\\\\&", text)
            return "\"" text "\""
        }
        {
            if ($1 "\t" $2 != key) {
                if (key != "") print row "]],"
                key = $1 "\t" $2
                row = "[" quoted($1) "," quoted($2) ",["
            } else
                row = row ","
            row = row "[" ($3 == "" ? 0 : $3) "," quoted($4) "]"
        }
        END { if (key != "") print row "]]," }'
    echo '];'
}

# --- All of it ------------------------------------------------------------------

check=
case ${1-} in
    '') ;;
    --check) check=yes ;;
    *) fail "Say 'sh scripts/docs.sh' or 'sh scripts/docs.sh --check', not '$1'." ;;
esac
need_for_docs doxygen
need_for_docs dot
make_temporary
mkdir "$temporary/site"

DOCS_ROOT=$PWD
DOCS_FILES=$temporary/files
DOCS_WRONG=$temporary/wrong
export DOCS_ROOT DOCS_FILES DOCS_WRONG
find . \( -name .git -o -name build -o -name site -o -name workspace \) -prune -o -print |
    sed 's/^\.\///' >"$DOCS_FILES"
: >"$DOCS_WRONG"

# A tag that this Doxygen does not know would be a warning.
doxygen -s -g - 2>/dev/null | sed -n 's/^\([A-Z_][A-Z_0-9]*\) *=.*/\1/p' >"$temporary/tags"
awk 'NR == FNR { known[$1]; next }
    /^[A-Z]/ { keep = $1 in known }
    keep || !/^[A-Z ]/' "$temporary/tags" docs/Doxyfile >"$temporary/Doxyfile"
# The bar says where things are: what stands in no bar needs no page.
doxygen -l "$temporary/default.xml" >/dev/null 2>&1
sed -E '/<tab type="(filelist|files|classindex|classmembers|hierarchy|globals|pages|namespace[a-z]*|modules|topics)"/s/visible="yes"/visible="no"/' \
    "$temporary/default.xml" >"$temporary/layout.xml"
doxygen -w html "$temporary/header.html" "$temporary/footer.html" "$temporary/style.css" >/dev/null 2>&1

title README.md 'Executors and system IO, in C' >"$temporary/title"
as_text <"$temporary/title" >"$temporary/course"
for folder in $(chapter_folders); do
    asks=$(question "$folder")
    printf '%s\t%s\t%s\t%s\n' "$folder" "$(chapter_number "$folder")" \
        "$(echo "$asks" | as_text)" "$(echo "$asks" | as_html)"
done >"$temporary/questions"

for folder in $(chapter_folders); do
    part=$temporary/${folder##*/}
    mkdir "$part"
    # shellcheck disable=SC2046 # names of files are words
    (cd "$folder" && awk -f "$DOCS_ROOT/docs/sources.awk" $(source_files .)) >"$part/sources.md"
    doxygen_part "${folder##*/}" "$folder" "Chapter $(chapter_number "$folder")" \
        "$folder/README.md" "$part/sources.md" "$folder"/src/*.h "$folder"/src/*.c &
done
wait
for folder in $(chapter_folders); do
    # A header without @file would be passed over in silence.
    for file in "$folder"/src/*.h; do
        grep -q "<name>${file##*/}</name>" "$temporary/${folder##*/}/tags" 2>/dev/null ||
            echo "$file: it has no '@file' comment, so that nothing in it is documented." >>"$DOCS_WRONG"
    done
    names "${folder##*/}" "$folder"
done >"$temporary/names"

first=README.md
if [ ! -f "$first" ]; then
    first=$temporary/README.md
    {
        echo "# $(cat "$temporary/title")"
        echo
        while IFS='	' read -r folder number asks marked; do
            echo "- <a href=\"${folder##*/}/index.html\">Chapter $number</a>: $marked"
        done <"$temporary/questions"
    } >"$first"
fi
names_page >"$temporary/names.md"
set -- "$first" "$temporary/names.md"
for file in CONTRIBUTING.md docs/*.md; do
    [ ! -f "$file" ] || set -- "$@" "$file"
done
doxygen_part front "" "$(cat "$temporary/title")" "$@"
awk -F '\t' '{ print $2 "\theading\t\tindex.html#" $1 }' "$temporary/front/headings" >>"$temporary/names"
search_index >"$temporary/site/search-index.js"

# No page leads to these.
(cd "$temporary/site" && rm -f pages.html dir_*.html ./*/pages.html ./*/dir_*.html \
    ./*/files.html ./*/globals*.html ./*/functions*.html ./*/classes.html)
# U+E07C is a bar within a table's code, see page.awk. What else is changed are paths
# of this machine.
cp -R "$temporary/site" "$temporary/finished"
(cd "$temporary/site" && find . -name '*.html' -exec awk -v finished="$temporary/finished" '
    FNR == 1 {
        if (out) close(out)
        out = finished "/" FILENAME
    }
    {
        gsub(/\356\201\274/, "|")
        gsub(/<a class="anchor" id="md_[^"]*"><\/a>/, "")
        gsub(/<li class="navelem">.*<\/li>/, "")
        print >out
    }' {} +)
rm -rf "$temporary/site"
mv "$temporary/finished" "$temporary/site"

# Pages are named after their texts.
(cd "$temporary/site" && find . -name '*.html') | sed 's/^\.\///' >"$temporary/pages"
(cd "$temporary/site" && awk -f "$DOCS_ROOT/docs/check-links.awk" "$temporary/pages") | head -n 40 >>"$DOCS_WRONG"

# A member whose name says it all needs no comment; all other public names have one.
cat "$temporary"/*/log "$DOCS_WRONG" | sed "s|$PWD/||g; s|$temporary/||g" |
    grep -v -e '^ *$' -e 'Member .* (variable) of struct .* is not documented\.$' >"$temporary/said"
if [ -s "$temporary/said" ] || [ -n "$(find "$temporary" -maxdepth 2 -name failed)" ]; then
    cat "$temporary/said" "$temporary"/*/failed >&2 2>/dev/null
    fail "The site was not made: put right what stands above."
fi
pages=$(wc -l <"$temporary/pages")
count=$(awk -F '\t' '$2 != "heading" && $2 != "file"' "$temporary/names" | wc -l)
if [ "$check" ]; then
    where="The site can be made"
else
    rm -rf docs/site
    mv "$temporary/site" docs/site || fail "The site cannot be put into docs/site: is the disk full?"
    chmod 755 docs/site
    where="docs/site/index.html is the site"
fi
echo "$where: $((pages)) pages, $((count)) public names, no warning."
