# A header as Doxygen reads it; the numbers of the lines stay true.
# - Markers of regions (//! [name]) are empty lines.
# - `struct Task *newer, *older;` shares one comment; Doxygen would see it on the
#   first name only, so the comment is said again for each.
# - `enum { BATCH = 256 };` names no type: its comment is the constant's too.
/^[ \t]*\/\/! \[[^]]*\][ \t]*$/ { print ""; next }
/^[ \t]*\/\*\*/ { comment = ""; inside = 1 }
inside {
    words = $0
    gsub(/^[ \t]*(\/\*\*|\*\/|\*)?[ \t]*|[ \t]*\*\/[ \t]*$/, "", words)
    comment = comment (comment == "" ? "" : " ") words
    if (/\*\//) inside = 0
    print
    next
}
/^[ \t]+[A-Za-z_][A-Za-z_0-9 ]* \**[a-z_0-9]+(, \**[a-z_0-9]+)+;$/ && comment != "" {
    match($0, /\**[a-z_0-9]+,/)
    type = substr($0, 1, RSTART - 1)
    names = split(substr($0, RSTART, length($0) - RSTART), name, /, */)
    line = type name[1] ";"
    for (i = 2; i <= names; i++) line = line " /** " comment " */ " type name[i] ";"
    print line
    next
}
/^enum \{ [A-Z_0-9]+ = [^,]* \};$/ && comment != "" { sub(/\{/, "{ /** " comment " */") }
{ print }
