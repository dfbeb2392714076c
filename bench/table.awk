# Makes the table and the plot of rows.txt and results.tsv:
#   awk -f bench/table.awk bench/rows.txt build/bench/results.tsv
#
# The limit's figure is the median over all rounds. Of the others stands the
# median of their ratios to the limit, each taken within one round; in the last
# column, half the distance between the quartiles of chapter 5's ratios.
BEGIN {
    names = split("course libuv libev libevent", name, " ")
    split("C u v e", letter, " ")
    steps = 58
    least = -1
    most = 6 # the plot's ends: powers of two
}

FNR == 1 { file++ }
file == 1 && !/^#/ && NF {
    row[++rows] = $1
    run_of[$1] = $2
    figure[$1] = $3
    what = $0
    sub(/^[^ ]+ [^ ]+ [^ ]+ /, "", what)
    title[$1] = what
}
file == 2 && /^# / {
    split(substr($0, 3), pair, "\t")
    machine[++facts] = pair[1]
    fact[facts] = pair[2]
}
file == 2 && !/^#/ {
    split($0, value, "\t")
    if (value[1] > rounds) rounds = value[1]
    count[value[1], value[2], value[3]] = value[4]
    cpu[value[1], value[2], value[3]] = value[5]
    wall[value[1], value[2], value[3]] = value[6]
    seen[value[2]]
}

# --- Figures --------------------------------------------------------------------

# Time (or bytes) for one: less is better in every row.
function of_one(round, key, who,  at) {
    at = round SUBSEP run_of[key] SUBSEP who
    return (figure[key] ~ /^(wall|rate)$/ ? wall[at] : cpu[at]) / count[at]
}

function sort_numbers(list, n,  i, j, x) {
    for (i = 2; i <= n; i++) {
        x = list[i]
        for (j = i - 1; j > 0 && list[j] > x; j--) list[j + 1] = list[j]
        list[j + 1] = x
    }
}

# The element at this part of a sorted list: 0.5 is the median.
function part_of(list, n, part,  at, low) {
    at = 1 + (n - 1) * part
    low = int(at)
    return low >= n ? list[n] : list[low] + (at - low) * (list[low + 1] - list[low])
}

function limit(key,  round, list) {
    for (round = 1; round <= rounds; round++) list[round] = of_one(round, key, "bare")
    sort_numbers(list, rounds)
    return part_of(list, rounds, 0.5)
}

function ratios(key, who, list,  round) {
    for (round = 1; round <= rounds; round++)
        list[round] = of_one(round, key, who) / of_one(round, key, "bare")
    sort_numbers(list, rounds)
}

function ratio(key, who,  list) {
    ratios(key, who, list)
    return part_of(list, rounds, 0.5)
}

function spread(key,  list) {
    ratios(key, "course", list)
    return (part_of(list, rounds, 0.75) - part_of(list, rounds, 0.25)) / 2
}

function thousands(n,  text) {
    text = sprintf("%d", n + 0.5)
    while (match(text, /[0-9][0-9][0-9][0-9](,|$)/))
        text = substr(text, 1, RSTART) "," substr(text, RSTART + 1)
    return text
}

function shown(key,  ns) {
    ns = limit(key)
    if (figure[key] == "bytes") return sprintf("%.0f B", ns)
    if (figure[key] == "rate") return thousands(1e9 / ns) " /s"
    if (ns < 100) return sprintf("%.1f ns", ns)
    if (ns < 1000) return sprintf("%.0f ns", ns)
    return sprintf("%.2f us", ns / 1000)
}

# --- Terminal -------------------------------------------------------------------

function print_table(  i, j, line) {
    printf "%-39s %12s %9s %7s %7s %9s %7s\n", "", "the limit", "chapter 5", "libuv", \
        "libev", "libevent", "spread"
    for (i = 1; i <= rows; i++) {
        if (!(run_of[row[i]] in seen)) continue
        line = sprintf("%-39s %12s", title[row[i]], shown(row[i]))
        for (j = 1; j <= names; j++)
            line = line sprintf(j == 1 || j == 4 ? " %9.2f" : " %7.2f", ratio(row[i], name[j]))
        print line sprintf(" %7.2f", spread(row[i]))
    }
}

function place(value) {
    value = log(value) / log(2)
    if (value < least) value = least
    if (value > most) value = most
    return 1 + int((value - least) / (most - least) * (steps - 1) + 0.5)
}

function print_plot(  i, j, at, line, axis) {
    axis = sprintf("%" steps + 2 "s", "")
    for (i = least; i <= most; i++) {
        at = place(2 ^ i)
        axis = substr(axis, 1, at - 1) sprintf("%-3s", 2 ^ i) substr(axis, at + 3)
    }
    printf "%-39s %s\n", "", axis
    for (i = 1; i <= rows; i++) {
        if (!(run_of[row[i]] in seen)) continue
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
    if (page) exit
    for (i = 1; i <= facts; i++) printf "%-21s %s\n", machine[i] ":", fact[i]
    print ""
    print_table()
    print ""
    print "The limit is epoll by hand, or a queue of functions; the others stand as multiples of its"
    print "time, so less is better: medians of " rounds " rounds of ratios, each within one round."
    print "A difference below 5 % is noise. The same as a plot: | limit, C chapter 5, u libuv, v libev,"
    print "e libevent; where several meet, the first of these in the order C u v e is seen."
    print ""
    print_plot()
}
