# The names in a tag file of Doxygen's: `awk -v number=3 -v folder=03-executor -f
# docs/names.awk tags` prints name, kind, chapter and page, separated by tabs.
function inner(line) {
    gsub(/^[^>]*>|<[^<]*$/, "", line)
    gsub(/&lt;/, "<", line)
    gsub(/&gt;/, ">", line)
    gsub(/&amp;/, "\\&", line)
    return line
}
function say(name, kind, page) {
    if (page !~ /\.html/) page = page ".html"
    print name "\t" kind "\t" number "\t" folder "/" page
}
/<compound kind="/ {
    compound = $0
    gsub(/^.*kind="|".*$/, "", compound)
    compound_name = ""
}
/<member kind="/ {
    kind = $0
    gsub(/^.*<member kind="|".*$/, "", kind)
    member = 1
}
/<name>/ && member { name = inner($0) }
/<name>/ && !member { compound_name = inner($0) }
/<filename>/ && !member {
    if (compound == "struct" || compound == "union") say(compound_name, compound, inner($0))
    if (compound == "file") say(compound_name, "file", inner($0))
}
/<anchorfile>/ { file = inner($0) }
/<anchor>/ { anchor = inner($0) }
/<\/member>/ {
    member = 0
    if (kind == "define") kind = "macro"
    if (kind == "enumeration") kind = "enum"
    if (kind == "enumvalue") kind = "constant"
    if (kind == "typedef") kind = "type"
    if (kind == "variable" && (compound == "struct" || compound == "union")) {
        kind = "field"
        name = compound_name "." name
    }
    if (name !~ /^@/ && name != "") say(name, kind, file "#" anchor)
}
