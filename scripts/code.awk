# Prints the code of C sources: no comments, no blank lines, nothing at a line's begin
# or end. `wc -l` of that counts lines of code.
{
    code = ""
    rest = $0
    while (rest != "") {
        if (comment) {
            end = index(rest, "*/")
            comment = !end
            rest = end ? substr(rest, end + 2) : ""
            continue
        }
        if (!match(rest, /["'\/]/)) {
            code = code rest
            break
        }
        code = code substr(rest, 1, RSTART - 1)
        rest = substr(rest, RSTART)
        if (rest ~ /^\/\//) break
        if (rest ~ /^\/\*/) {
            comment = 1
            code = code " "
            rest = substr(rest, 3)
            continue
        }
        # A string, a character, or a stroke that begins no comment.
        if (!match(rest, /^"([^"\\]|\\.)*"|^'([^'\\]|\\.)*'/)) RLENGTH = 1
        code = code substr(rest, 1, RLENGTH)
        rest = substr(rest, RLENGTH + 1)
    }
    gsub(/^[ \t]+|[ \t]+$/, "", code)
    if (code != "") print code
}
