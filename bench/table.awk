# The table and the plot in the terminal: at most 100 columns.
function print_table(  i, j, line) {
    printf "%-39s %12s %9s %7s %7s %9s %7s\n", "", "the limit", "chapter 5", "libuv", \
        "libev", "libevent", "spread"
    for (i = 1; i <= rows; i++) {
        if (!measured(row[i])) continue
        line = sprintf("%-39s %12s", title[row[i]], shown(row[i]))
        for (j = 1; j <= names; j++)
            line = line sprintf(j == 1 || j == 4 ? " %9.2f" : " %7.2f", ratio(row[i], name[j]))
        print line sprintf(" %7.2f", spread(row[i]))
    }
}

function place(value) {
    return 1 + int(along(value) * (steps - 1) + 0.5)
}

function print_plot(  i, j, at, line, axis) {
    axis = sprintf("%" steps + 2 "s", "")
    for (i = least; i <= most; i++) {
        at = place(2 ^ i)
        axis = substr(axis, 1, at - 1) sprintf("%-3s", 2 ^ i) substr(axis, at + 3)
    }
    printf "%-39s %s\n", "", axis
    for (i = 1; i <= rows; i++) {
        if (!measured(row[i])) continue
        line = sprintf("%" steps "s", "")
        gsub(/ /, ".", line)
        line = put(line, place(1), "|")
        for (j = names; j > 0; j--) line = put(line, place(ratio(row[i], name[j])), letter[j])
        printf "%-39s %s\n", title[row[i]], line
    }
}

function put(line, at, what) {
    return substr(line, 1, at - 1) what substr(line, at + 1)
}

END {
    steps = 58
    split("C u v e", letter, " ")
    for (i = 1; i <= facts; i++) printf "%-21s %s\n", machine[i] ":", fact[i]
    print ""
    print_table()
    print ""
    print "The limit is epoll by hand, or a queue of functions; the others stand as multiples of its"
    print "time, so less is better: medians of the ratios of " rounds " round" (rounds == 1 ? "." : "s.")
    print "A difference below 5 % is noise. The same as a plot: | limit, C chapter 5, u libuv, v libev,"
    print "e libevent; where several meet, the first of these in the order C u v e is seen."
    print ""
    print_plot()
}
