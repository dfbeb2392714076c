# The page of a chapter's sources: `awk -f docs/sources.awk FILE...`, in the order in
# which they are given. A row is a module: its header, its source, and the first
# sentence of the header (or of the source, where there is no header).
function close_comment() {
    if (stem != "" && !(stem in about) && sentence != "") {
        if (match(sentence, /[.?!]( |$)/)) sentence = substr(sentence, 1, RSTART - 1)
        gsub(/\|/, "\\|", sentence)
        about[stem] = sentence
    }
    sentence = ""
    inside = 0
}
FNR == 1 {
    close_comment()
    stem = FILENAME
    gsub(/^.*\/|\.[ch]$/, "", stem)
    if (!(stem in files)) order[++count] = stem
    name = FILENAME
    sub(/^.*\//, "", name)
    page = name
    gsub(/_/, "__", page)
    gsub(/\./, "_8", page)
    files[stem] = files[stem] " | <a href=\"" page (name ~ /h$/ ? "" : "_source") ".html\">" name "</a>"
    has_header[stem] = has_header[stem] || name ~ /h$/
    started = 0
}
!started && /^[ \t]*\/\*/ { started = inside = 1 }
inside {
    words = $0
    gsub(/^[ \t]*(\/\*\**|\*\/|\*)?[ \t]*|[ \t]*\*\/[ \t]*$|@file/, "", words)
    if (words == "" && sentence != "") close_comment()
    else {
        sentence = sentence (sentence == "" || words == "" ? "" : " ") words
        if (/\*\//) close_comment()
    }
}
END {
    close_comment()
    print "# Sources\n"
    print "Each module's header leads to its public names, with their contracts; each source"
    print "is to be read as it stands. *main.c* is the demonstration.\n"
    print "| header | source | what it is |"
    print "| --- | --- | --- |"
    for (i = 1; i <= count; i++) {
        stem = order[i]
        row = (has_header[stem] ? "" : " | ") files[stem]
        if (gsub(/<a /, "&", row) == 1 && has_header[stem]) row = row " | "
        print row " | " about[stem] " |"
    }
}
