# The tables of docs/measured.md, and who is ahead of chapter 5: see page.sh. With
# -v part=warning, table, ahead or machine.
function table(  i, j, line) {
    print "| | the limit | chapter 5 | spread | libuv | libev | libevent |"
    print "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for (i = 1; i <= rows; i++) {
        if (!measured(row[i])) continue
        line = "| " title[row[i]] " | " shown(row[i])
        for (j = 1; j <= names; j++) {
            line = line sprintf(" | %.2f", ratio(row[i], name[j]))
            if (j == 1) line = line sprintf(" | %.2f", spread(row[i]))
        }
        sub(/ us /, " µs ", line)
        print line " |"
    }
}

function why(key,  line, word, reason) {
    reason = "Why is not known yet."
    while ((getline line < "bench/reasons.txt") > 0) {
        split(line, word, " ")
        if (line !~ /^#/ && (index(key, word[1]) == 1 || word[1] == figure[key]))
            reason = substr(line, length(word[1]) + 2)
    }
    close("bench/reasons.txt")
    return reason
}

# A line for each row in which others are ahead, then their reason, once for
# neighbours that share it.
function ahead(  i, j, mine, other, line, reason, before, found) {
    for (i = 1; i <= rows; i++) {
        if (!measured(row[i])) continue
        mine = ratio(row[i], "course")
        line = ""
        for (j = 2; j <= names; j++) {
            other = ratio(row[i], name[j])
            if (other < mine * 0.95 && other < mine - spread(row[i])) line = line sprintf(", %s (%.2f)", called[j], other)
        }
        if (line == "") continue
        reason = why(row[i])
        if (before != "" && reason != before) print "\n" before "\n"
        before = reason
        printf "- %s: %s; chapter 5 is at %.2f.\n", title[row[i]], substr(line, 3), mine
    }
    print before == "" ? "Nowhere in this run." : "\n" before
}

# Said beforehand if other programs wanted the processors as well.
function warning(  i) {
    for (i = 1; i <= facts; i++)
        if (machine[i] ~ /^busy/ && fact[i] + 0 > 1)
            print "> **Not a quiet machine.** Others were at work on it (load " fact[i] + 0 "). The counts below\n" \
                "> hold all the same; take the times, those of the echo and of two cores above all, for\n" \
                "> what they are, and see the spread.\n"
}

END {
    if (part == "warning") warning()
    else if (part == "table") table()
    else if (part == "ahead") ahead()
    else {
        print "| | |"
        print "| --- | --- |"
        for (i = 1; i <= facts; i++) print "| " machine[i] " | " fact[i] " |"
        print "| rounds | " rounds " |"
    }
}
