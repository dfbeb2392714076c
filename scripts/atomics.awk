# The atomic operations of a C source, a line each: "task.c task_wake exchange acq_rel".
# With -v function_name=task_wake -v operation=exchange -v form=release it prints the source
# instead, with that operation made weaker: form is an order, `store` or `look` (see
# tests/orders.txt). The sources are formatted: a function begins and ends in the
# first column.

{ text = text $0 "\n" }

END {
    name = FILENAME
    sub(/.*\/src\//, "", name)
    n = split(text, lines, "\n")
    for (i = 1; i <= n; i++) {
        line = lines[i]
        if (line ~ /^[A-Za-z].*\(/ && line !~ /;$/) {
            current = line
            sub(/\(.*/, "", current)
            sub(/.*[^A-Za-z0-9_]/, "", current)
        }
        # A call may go on for some lines: take as many as its brackets need.
        while (line ~ /atomic_[a-z_]+\(/ && !closed(line) && i < n) {
            line = line "\n" lines[++i]
        }
        line = calls(line)
        if (form != "" && i < n) {
            print line
        }
    }
}

# Where the bracket that opens at `from` is closed; 0 if it is not.
function closing(s, from,    depth, k, c) {
    for (k = from; k <= length(s); k++) {
        c = substr(s, k, 1)
        depth += (c == "(") - (c == ")")
        if (depth == 0) {
            return k
        }
    }
    return 0
}

function closed(s,    rest) {
    while (match(s, /atomic_[a-z_]+\(/)) {
        rest = closing(s, RSTART + RLENGTH - 1)
        if (rest == 0) {
            return 0
        }
        s = substr(s, rest + 1)
    }
    return 1
}

# Prints, or changes, the operations in some lines.
function calls(s,    done, end, call, kind) {
    while (match(s, /atomic_[a-z_]+\(/)) {
        end = closing(s, RSTART + RLENGTH - 1)
        call = substr(s, RSTART, end - RSTART + 1)
        kind = substr(s, RSTART + 7, RLENGTH - 8)
        done = done substr(s, 1, RSTART - 1)
        s = substr(s, end + 1)
        sub(/_explicit$/, "", kind)
        if (kind == "init") {
            done = done call
        } else if (form == "") {
            print name, current, kind, orders(call)
        } else if (current == function_name && kind == operation) {
            done = done weaker(call)
        } else {
            done = done call
        }
    }
    return done s
}

function orders(call,    all) {
    while (match(call, /memory_order_[a-z_]+/)) {
        all = all (all == "" ? "" : ",") substr(call, RSTART + 13, RLENGTH - 13)
        call = substr(call, RSTART + RLENGTH)
    }
    return all == "" ? "seq_cst" : all
}

function weaker(call,    first) {
    if (form == "look" || form == "store") {
        first = call
        sub(/^[^(]*\(/, "", first)
        if (form == "look") {
            sub(/,.*/, "", first)
            return "(atomic_load(" first ") || " call ")"
        }
        sub(/, *memory_order_.*/, "", first)
        sub(/\)$/, "", first)
        return "atomic_store(" first ")"
    }
    if (!sub(/memory_order_[a-z_]+/, "memory_order_" form, call)) {
        sub(/\(/, "_explicit(", call)
        sub(/\)$/, ", memory_order_" form ")", call)
    }
    return call
}
