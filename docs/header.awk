# A header as Doxygen reads it; the numbers of the lines stay true.
# - Markers of regions (//! [name]) are empty lines.
# - The line that names docs/headers.md becomes the rules that stand there, so that the
#   page of each function shows them.
# - `struct Task *prev, *next;` shares one comment; Doxygen would see it on the
#   first name only, so the comment is said again for each.
# - `enum { BATCH = 256 };` names no type: its comment is the constant's too.
BEGIN {
    while ((getline line < "docs/headers.md") > 0)
        if (line ~ /^- /) rules = rules "</li><li>" substr(line, 3)
        else if (line ~ /^  /) rules = rules substr(line, 2)
    rules = "<b>Rules for all headers</b> (<a href=\"../headers.html\">where they stand</a>)" \
        "<ul>" substr(rules, 6) "</li></ul>"
}
/^[ \t]*\/\/! \[[^]]*\][ \t]*$/ { print ""; next }
/^[ \t]*\/\*\*/ && !/\/\*\*</ { comment = ""; inside = 1 }
inside {
    words = $0
    gsub(/^[ \t]*(\/\*\*|\*\/|\*)?[ \t]*|[ \t]*\*\/[ \t]*$/, "", words)
    comment = comment (comment == "" ? "" : " ") words
    if (/Rules: docs\/headers\.md\./) $0 = " * " rules (/\*\// ? " */" : "")
    if (/\*\//) inside = 0
    print
    next
}
/^[ \t]+[A-Za-z_][A-Za-z_0-9 ]* \**[a-z_0-9]+(, \**[a-z_0-9]+)+;/ {
    if (match($0, /\/\*\*< .* \*\//)) {
        after = substr($0, RSTART, RLENGTH)
        comment = substr(after, 6, length(after) - 8)
        $0 = substr($0, 1, RSTART - 1)
    } else
        after = ""
    if (comment != "") {
        match($0, /\**[a-z_0-9]+,/)
        type = substr($0, 1, RSTART - 1)
        names = split(substr($0, RSTART, index($0, ";") - RSTART), name, /, */)
        line = type name[1] "; " after
        for (i = 2; i <= names; i++)
            line = line (after ? "" : " /** " comment " */ ") type name[i] "; " after
        print line
        comment = ""
        next
    }
}
/^enum \{ [A-Z_0-9]+ = [^,]* \};$/ && comment != "" { sub(/\{/, "{ /** " comment " */") }
{ print; comment = "" }
