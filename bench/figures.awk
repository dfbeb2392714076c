# Reads rows.txt and results.tsv, for table.awk, page.awk and svg.awk:
#   awk -f bench/figures.awk -f bench/table.awk bench/rows.txt build/bench/results.tsv
#
# The limit's figure is the median over all rounds. Of the others stands the
# median of their ratios to the limit, each taken within one round. The spread is
# half the distance between the quartiles of chapter 5's ratios.
BEGIN {
    names = split("course libuv libev libevent", name, " ")
    split("chapter 5,libuv,libev,libevent", called, ",")
    least = -1 # the plots' ends: powers of two
    most = 6
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
function of_one(round, key, who,  at, sum) {
    at = round SUBSEP run_of[key] SUBSEP who
    sum = figure[key] ~ /^(wall|rate)$/ ? wall[at] : cpu[at]
    return (sum > 0 ? sum : 1) / count[at]
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

# Where a ratio lies between the plot's ends, from 0 to 1; the axis is logarithmic.
function along(value) {
    value = (log(value) / log(2) - least) / (most - least)
    return value < 0 ? 0 : value > 1 ? 1 : value
}

# Whether a row was measured: on one core, some cannot be.
function measured(key) {
    return run_of[key] in seen
}
