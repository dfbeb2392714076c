#!/bin/sh
# Makes the site, docs/site/: `sh scripts/docs.sh`. A warning, an undocumented name or a
# dead link is shown, and then no site is made. --can only says what is missing.
#
# Doxygen makes the pages of headers and sources, docs/site.lua all others, and what joins
# them. Most names (Waker, Socket, Join ...) exist in several chapters, each time in that
# chapter's own shape, and C has no scope to tell them apart: so Doxygen runs once for each.
set -u
cd "$(dirname "$0")/.." || exit 1
. scripts/common.sh

need_for_docs() { # TOOL
    how=$(sh setup.sh --how "$1" 2>/dev/null)
    [ "$how" = "sh setup.sh --docs" ] || how="sh setup.sh --docs${how:+' or '$how}"
    fail "'$1' is not installed, and 'make docs' needs it: run '$how'."
}
found() { # FILE: where this system keeps it
    for place in "${DOCS_SHARE-/usr/share}" /usr/local/share "${XDG_DATA_HOME:-$HOME/.local/share}"; do
        [ ! -f "$place/$1" ] || { echo "$place/$1" && return; }
    done
    false
}
for tool in doxygen pandoc; do
    command -v $tool >/dev/null 2>&1 || need_for_docs $tool
done
theme=$(found doxygen-awesome-css/doxygen-awesome.css) || need_for_docs doxygen-awesome-css
lunr=$(found javascript/lunr/lunr.js) || need_for_docs lunr

case ${1-} in
    '') ;;
    --can) exit 0 ;;
    *) fail "Say 'sh scripts/docs.sh', or with --can, not '$1'." ;;
esac

make_temporary
mkdir "$temporary/site"
find . \( -name .git -o -name build -o -name site -o -name workspace \) -prune -o -print |
    sed 's/^\.\///' >"$temporary/files"

# A tag that this Doxygen does not know would be a warning.
doxygen -s -g - 2>/dev/null | sed -n 's/^\([A-Z_][A-Z_0-9]*\) *=.*/\1/p' >"$temporary/tags"
awk 'NR == FNR { known[$1]; next }
    /^[A-Z]/ { keep = $1 in known }
    keep || !/^[A-Z ]/' "$temporary/tags" docs/Doxyfile >"$temporary/Doxyfile"
# docs/site.lua cuts its pages out of the page around them.
echo '<div id="top">' >"$temporary/header.html"
echo >"$temporary/footer.html"

for folder in $(chapter_folders); do
    part=$temporary/${folder##*/}
    mkdir "$part" "$temporary/site/${folder##*/}"
    {
        cat "$temporary/Doxyfile"
        echo "OUTPUT_DIRECTORY = \"$part\""
        echo "HTML_HEADER = \"$temporary/header.html\""
        echo "HTML_FOOTER = \"$temporary/footer.html\""
        echo "GENERATE_TAGFILE = \"$part/tags\""
        find "$folder/src" "$folder/demo" -name '*.[ch]' 2>/dev/null | sed 's/.*/INPUT += "&"/'
    } >"$part/Doxyfile"
    { doxygen "$part/Doxyfile" || echo "Doxygen ended with status $?"; } >"$part/log" 2>&1 &
done
wait
for folder in $(chapter_folders); do
    (cd "$temporary/${folder##*/}" && cp ./*.css ./*.png ./jquery.js ./dynsections.js "$temporary/site")
done
cp "${theme%/*}"/doxygen-awesome.css "${theme%/*}"/doxygen-awesome-[dfip]*.js "$lunr" docs/site.css docs/site.js "$temporary/site"

what=$(DOCS_TEMPORARY=$temporary pandoc -f markdown -t plain -L docs/site.lua /dev/null 2>"$temporary/pandoc.log") ||
    echo "pandoc ended with status $?" >>"$temporary/pandoc.log"
# A member whose name says it all needs no comment; all other public names have one.
cat "$temporary"/*/log "$temporary"/pandoc.log "$temporary/wrong" 2>/dev/null | sed "s|$PWD/||g; s|$temporary/||g" |
    grep -v 'Member .* (variable) of struct .* is not documented\.$' >"$temporary/said"
if [ -s "$temporary/said" ]; then
    cat "$temporary/said" >&2
    fail "The site was not made: put right what stands above."
fi
rm -rf docs/site
mv "$temporary/site" docs/site || fail "The site cannot be put into docs/site: is the disk full?"
chmod 755 docs/site
echo "docs/site/index.html is the site: $what, no warning."
