# What GNU ld does for --wrap=NAME, done to a file's assembly, for linkers that
# have no such option (Apple's): NAME becomes __wrap_NAME, unless the file
# defines it, and __real_NAME becomes NAME.
#
#   awk -v names='read poll' -v prefix=_ -f wrap.awk FILE.s FILE.s
#
# The file is read twice. The prefix is what the system puts before each name of
# C; what follows a $ (as in _read$NOCANCEL) is a variant of the same function.

BEGIN {
    count = split(names, list, " ")
    for (i = 1; i <= count; i++) {
        becomes[prefix list[i]] = prefix "__wrap_" list[i]
        becomes[prefix "__real_" list[i]] = prefix list[i]
        any = any (i > 1 ? "|" : "") list[i]
    }
}

NR == FNR {
    if (match($0, /^[A-Za-z_][A-Za-z0-9_]*:/))
        delete becomes[substr($0, 1, RLENGTH - 1)]
    next
}

# Text is not a name, and most lines hold none of the names.
any == "" || $0 !~ any || /^[ \t]*\.(ascii|asciz|string)/ {
    print
    next
}

{
    rest = $0
    line = ""
    while (match(rest, /[A-Za-z_.][A-Za-z0-9_.$]*/)) {
        symbol = substr(rest, RSTART, RLENGTH)
        name = symbol
        sub(/[$].*/, "", name)
        line = line substr(rest, 1, RSTART - 1) \
            (name in becomes ? becomes[name] : symbol)
        rest = substr(rest, RSTART + RLENGTH)
    }
    print line rest
}
