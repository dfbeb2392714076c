# Compares what a text says is printed (first file) with what was (second file); the
# rules are at the top of check-readme.sh. Says the first difference, and fails.

# What may differ from run to run becomes a word that is always the same.
function level(s,    r, unit, after) {
    gsub(/(127\.0\.0\.1|\[::1\]|localhost):[0-9]+/, "HOST:PORT", s)
    gsub(/0x[0-9a-fA-F]+/, "0xADDRESS", s)
    gsub(/[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]/, "DATE", s)
    gsub(/[0-9][0-9]:[0-9][0-9]:[0-9][0-9]/, "TIME", s)
    while (match(s, /[0-9]+(\.[0-9]+)? ?(ns|µs|μs|us|ms|s|seconds?)([^a-zA-Z0-9]|$)/)) {
        # The character after the unit stays where it is.
        unit = substr(s, RSTART, RLENGTH)
        after = unit ~ /[a-z]$/ ? "" : substr(unit, length(unit))
        r = r substr(s, 1, RSTART - 1) "DURATION" after
        s = substr(s, RSTART + RLENGTH)
    }
    sub(/[ \t]+$/, "", s)
    return r s
}

# Is `got` what `want` says, where … in `want` is any text?
function same(want, got,    parts, part, i, at) {
    parts = split(want, part, "…")
    if (parts <= 1) return want == got
    if (substr(got, 1, length(part[1])) != part[1]) return 0
    got = substr(got, length(part[1]) + 1)
    for (i = 2; i < parts; i++) {
        at = index(got, part[i])
        if (!at) return 0
        got = substr(got, at + length(part[i]))
    }
    if (length(got) < length(part[parts])) return 0
    return substr(got, length(got) - length(part[parts]) + 1) == part[parts]
}

function any(line) { return line == "…" || line == "..." }

/^  (CC|LD)  / { next }
FILENAME == ARGV[1] { want[++wants] = level($0); shown[wants] = $0; next }
{ got[++gots] = level($0); printed[gots] = $0 }

END {
    wants += 0
    gots += 0
    while (wants && want[wants] == "") wants--
    while (gots && got[gots] == "") gots--

    # reach[j]: the first i lines of the text can be the first j lines printed.
    reach[0] = 1
    for (i = 1; i <= wants; i++) {
        some = 0
        open = 0
        for (j = 0; j <= gots; j++) {
            if (any(want[i])) {
                open = open || reach[j]
                after[j] = open
            } else {
                after[j] = j > 0 && reach[j - 1] && same(want[i], got[j])
            }
            some = some || after[j]
        }
        if (!some) {
            for (j = gots; j >= 0; j--) if (reach[j]) break
            if (j < gots)
                printf "it says '%s' and '%s' is printed.\n", shown[i], printed[j + 1]
            else
                printf "it says '%s' and nothing more is printed.\n", shown[i]
            exit 1
        }
        for (j = 0; j <= gots; j++) reach[j] = after[j]
    }
    if (!reach[gots]) {
        for (j = gots; j >= 0; j--) if (reach[j]) break
        printf "it says nothing more and '%s' is printed.\n", printed[j + 1]
        exit 1
    }
}
