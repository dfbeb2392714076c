# A text (README.md and its like) as Doxygen reads it:
# - comments <!-- … --> go away; what they would leave is an empty line;
# - a heading gets the anchor that a web view of the repository would give it;
# - links to other texts, headers and sources lead to their pages in the site; a link
#   to anything else that exists becomes plain text; one to what does not exist is
#   an error, added to the file $DOCS_WRONG; pictures (*.svg) are shown;
# - fences other than ```c are shown as they are, ```dot is drawn;
# - `#` and `@` in prose mean themselves; <details> folds.
# The numbers of the lines stay true as far as possible. The environment says where:
# $DOCS_FILES lists what the repository holds, one path a line; $DOCS_FOLDER is the
# chapter's folder (chapters/03-executor), or empty for the front of the site; the
# headings are added to $DOCS_HEADINGS.
BEGIN {
    while ((getline path < ENVIRON["DOCS_FILES"]) > 0) there[path] = 1
    folder = ENVIRON["DOCS_FOLDER"]
    up = folder == "" ? "" : "../"
}

NR == 1 {
    self = FILENAME
    here = "/" self
    at = index(here, ENVIRON["DOCS_ROOT"] "/")
    if (at) self = substr(here, at + length(ENVIRON["DOCS_ROOT"]) + 1)
    home = self
    if (!sub(/\/[^\/]*$/, "", home)) home = ""
}

# --- Fences ---------------------------------------------------------------------

fence && $0 ~ /^[ \t]*```[ \t]*$/ {
    print fence == "dot" ? indent "\\enddot" : $0
    fence = ""
    next
}
fence { print; next }
/^[ \t]*```/ {
    flush_prose()
    indent = $0
    sub(/```.*/, "", indent)
    fence = $0
    sub(/^[ \t]*```[ \t]*/, "", fence)
    sub(/[ \t].*/, "", fence)
    if (fence == "h") fence = "c"
    if (fence == "dot") print indent "\\dot"
    else print indent "```{." (fence == "c" ? "c" : "unparsed") "}"
    if (fence == "") fence = "text"
    next
}

# --- Prose: gathered up to the next fence or heading ---------------------------

!prose_lines && !comment && /^#+ / { heading(); next }
!comment && /^#+ / { flush_prose(); heading(); next }
{
    line = strip_comments($0)
    if (contents && line == "") line = "\\tableofcontents{html:1}"
    contents = 0
    prose = prose_lines++ ? prose "\n" line : line
    if (prose_lines == 1) first_line = NR
    next
}
END { flush_prose() }

function strip_comments(text,  kept, at) {
    kept = ""
    for (;;) {
        at = index(text, comment ? "-->" : "<!--")
        if (!at) return kept (comment ? "" : text)
        if (!comment) {
            kept = kept substr(text, 1, at - 1)
            text = substr(text, at + 4)
        } else
            text = substr(text, at + 3)
        comment = !comment
    }
}

function heading(  level, title, slug) {
    match($0, /^#+/)
    level = RLENGTH
    title = substr($0, level + 2)
    sub(/[ \t]+#*[ \t]*$/, "", title)
    slug = tolower(title)
    gsub(/\]\([^)]*\)/, "", slug)
    gsub(/[^a-z0-9_ -]/, "", slug)
    gsub(/ /, "-", slug)
    if (slug in slugs) slug = slug "-" slugs[slug]++
    else slugs[slug] = 1
    slug = substr(anchor_of(slug), 2)
    if (level == 1 && match(title, /^[0-9]+\. /)) title = substr(title, 1, RLENGTH - 2) "\\" substr(title, RLENGTH - 1)
    if (level > 1) gsub(/[`*]/, "", title)
    if (level == 1) slug = page_name(self)
    print substr($0, 1, level + 1) plain(title) (slug != "" && slug != "index" ? " {#" slug "}" : "")
    contents = slug == "index" && folder != ""
    gsub(/\\|\]\([^)]*\)|\[/, "", title)
    if (level > 1) print slug "\t" title >> ENVIRON["DOCS_HEADINGS"]
}

# CONTRIBUTING.md -> contributing, docs/glossary.md -> glossary, README.md -> index
function page_name(path,  name) {
    name = tolower(path)
    gsub(/^.*\/|\.md$/, "", name)
    return name == "readme" ? "index" : name
}

function flush_prose() {
    if (!prose_lines) return
    print plain(prose)
    prose = ""
    prose_lines = 0
}

# A folded answer: Doxygen knows <details> in some versions only, so its tags and its
# summary go past it, and only what is folded is text.
function plain(text,  out, begin, rest, end) {
    out = ""
    while (match(text, /<details[^>]*>[ \t\n]*<summary>/)) {
        begin = substr(text, RSTART, RLENGTH)
        rest = substr(text, RSTART + RLENGTH)
        if (!(end = index(rest, "</summary>"))) break
        out = out marked(substr(text, 1, RSTART - 1)) "\\htmlonly[block]" begin \
            as_html(substr(rest, 1, end - 1)) "</summary>\\endhtmlonly"
        text = substr(rest, end + 10)
    }
    out = out marked(text)
    gsub(/<\/details>/, "\\htmlonly[block]</details>\\endhtmlonly", out)
    return out
}

function as_html(text,  tag) {
    while (match(text, /`[^`]*`/)) {
        tag = substr(text, RSTART + 1, RLENGTH - 2)
        gsub(/&/, "\\&amp;", tag)
        gsub(/</, "\\&lt;", tag)
        text = substr(text, 1, RSTART - 1) "<code>" tag "</code>" substr(text, RSTART + RLENGTH)
    }
    while (match(text, /\*\*[^*]*\*\*/))
        text = substr(text, 1, RSTART - 1) "<b>" substr(text, RSTART + 2, RLENGTH - 4) "</b>" substr(text, RSTART + RLENGTH)
    while (match(text, /\*[^* ][^*]*\*/))
        text = substr(text, 1, RSTART - 1) "<i>" substr(text, RSTART + 1, RLENGTH - 2) "</i>" substr(text, RSTART + RLENGTH)
    return text
}

# Everything outside `code`: links, `#`, `@`. In a table `a \| b` is code with a bar.
function marked(text,  parts, part, i, out, mark, open) {
    parts = split(text, part, "`")
    out = ""
    for (i = 1; i <= parts; i++) {
        if (i % 2) {
            part[i] = letters(links(pictures(part[i])))
            gsub(/\*\*/, "\003", part[i])
        } else {
            gsub(/\\\|/, "\002", part[i])
            # To Doxygen a ' ends `code`, but not ``code``.
            if (index(part[i], "'")) part[i] = "`" part[i] "`"
        }
        out = out (i > 1 ? "`" : "") part[i]
    }
    # A link that leads nowhere in the site ends in \001: its bracket goes as well.
    while (mark = index(out, "\001")) {
        open = bracket_before(out, mark)
        out = substr(out, 1, open - 1) substr(out, open + 1, mark - open - 1) substr(out, mark + 1)
    }
    out = bold(out)
    gsub(/\002/, "\356\201\274", out) # U+E07C; docs.sh makes it a bar again
    return out
}

# Doxygen does not see **`code` in bold**; \003 stands for the stars.
function bold(text,  i, out, count) {
    if (match(text, /\n[ \t]*\n/)) {
        out = bold(substr(text, 1, RSTART - 1)) "\n\n"
        match(text, /\n[ \t]*\n/)
        return out bold(substr(text, RSTART + RLENGTH))
    }
    count = gsub(/\003/, "\003", text)
    if (count % 2) gsub(/\003/, "**", text)
    else for (i = 1; i <= count; i++) sub(/\003/, i % 2 ? "<b>" : "</b>", text)
    return text
}

function bracket_before(text, at,  depth, c) {
    for (at--; at > 0; at--) {
        c = substr(text, at, 1)
        if (c == "]") depth++
        else if (c == "[" && depth-- <= 0) return at
    }
    return 1
}

function links(text,  out, target) {
    out = ""
    while (match(text, /\]\([^() \t\n]+\)/)) {
        target = page_of(substr(text, RSTART + 2, RLENGTH - 3))
        out = out substr(text, 1, RSTART - 1) (target == "" ? "\001" : "](" target ")")
        text = substr(text, RSTART + RLENGTH)
    }
    return out text
}

# Doxygen's own way with a picture loses the words for who does not see it.
function pictures(text,  picture, words, path) {
    while (match(text, /!\[[^]]*\]\([^()]*\.svg\)/)) {
        picture = substr(text, RSTART, RLENGTH)
        words = path = picture
        gsub(/^!\[|\]\(.*$/, "", words)
        gsub(/^.*\]\(|\)$/, "", path)
        if (!(normal(home == "" ? path : home "/" path) in there))
            print self ": there is no '" path "' to show." >> ENVIRON["DOCS_WRONG"]
        sub(/^.*\//, "", path)
        text = substr(text, 1, RSTART - 1) "<img src=\"" path "\" alt=\"" words "\"/>" substr(text, RSTART + RLENGTH)
    }
    return text
}

function letters(text) {
    gsub(/@/, "\\@", text)
    while (match(text, /[^&(\\A-Za-z0-9]#[A-Za-z_]/))
        text = substr(text, 1, RSTART) "\\" substr(text, RSTART + 1)
    return text
}

# Where a link leads in the site; nothing if the site has no page for it.
function page_of(target,  path, anchor, at, name, chapter) {
    if (target ~ /^(https?:|mailto:)/) return target
    path = target
    if (at = index(path, "#")) {
        anchor = anchor_of(substr(path, at + 1))
        path = substr(path, 1, at - 1)
    }
    if (path == "") return (folder == "" ? page_name(self) : "index") ".html" anchor
    sub(/\/$/, "", path)
    path = normal(home == "" ? path : home "/" path)
    if (!(path in there)) {
        print self ": there is no '" target "' to link to." >> ENVIRON["DOCS_WRONG"]
        return ""
    }
    if (path ~ /^(README|CONTRIBUTING|docs\/[a-z-]+)\.md$/) return up page_name(path) ".html" anchor
    if (path !~ /^chapters\/[0-9][0-9]-[^\/]+(\/README\.md|\/src(\/[^\/]+\.[ch])?)?$/) return ""
    split(path, part_of, "/")
    chapter = part_of[1] "/" part_of[2] == folder ? "" : up part_of[2] "/"
    name = part_of[4]
    if (part_of[3] != "src") return chapter "index.html" anchor
    if (name == "") return chapter "sources.html"
    gsub(/_/, "__", name)
    gsub(/\./, "_8", name)
    return chapter name (name ~ /h$/ ? "" : "_source") ".html" anchor
}

# Doxygen wants a letter first; a line, #L12 in a web view, is #l00012 here.
function anchor_of(slug) {
    if (slug ~ /^L[0-9]+$/) return sprintf("#l%05d", substr(slug, 2))
    return "#" (slug ~ /^[a-z_]/ ? "" : "s-") slug
}

# a/./b/../c -> a/c
function normal(path,  parts, part, i, n, kept, out) {
    parts = split(path, part, "/")
    for (i = 1; i <= parts; i++)
        if (part[i] == "..") n -= n > 0
        else if (part[i] != "." && part[i] != "") kept[++n] = part[i]
    out = kept[1]
    for (i = 2; i <= n; i++) out = out "/" kept[i]
    return out
}
