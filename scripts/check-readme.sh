#!/bin/sh
# Runs what a text shows and compares what is printed: `sh scripts/check-readme.sh
# README.md ...`. Commands run in the repository's root, as readers type them there,
# with nothing on their input and five minutes of time.
#
# In a ```console fence a line `$ command` is run by sh (a `\` at its end goes on in
# the next line), and the lines up to the next `$` are what it prints. Any plain
# shell will do: `make chapter-5 run ARGS=--serve & …; kill $!`; whatever it leaves
# running is ended. Output and errors count alike. Left open are
#   a line `…` or `...`     any number of lines
#   `…` within a line       any text
#   127.0.0.1:PORT          any port; [::1] and localhost alike
#   12 ms, 1.3 s, 250 µs    any duration
#   2024-05-31, 12:30:00    any date, any time of day
#   0x7ffd…                 any address
#   `  CC  …`, `  LD  …`    the lines of a build: as if they were not there
# A command that fails has its status on a line of its own after what it prints:
# `[exit 1]`, for example.
#
# A fence ```console no-run is not run; the line before it says why, in a comment
# `<!-- not run: the reason -->`. ```console needs-nc is passed over, by name, where
# the tool nc is not installed.
set -u
cd "$(dirname "$0")/.." || exit 1
. scripts/common.sh

# Cuts the fences of a text into files: N.command, N.expected, and a line
# "N line no-run|run tools: reason" each in `list`.
cut_fences() { # TEXT
    awk -v out="$temporary" -v text="$1" '
        function close_command() {
            if (!command) return
            close(out "/" n ".command")
            close(out "/" n ".expected")
            command = 0
        }
        {
            line = $0
            sub(/^[ \t]+/, "", line)
        }
        !fence && line ~ /^```console/ {
            indent = length($0) - length(line)
            fence = NR
            any = 0
            kind = line ~ /no-run/ ? "no-run" : "run"
            tools = ""
            words = split(line, word, /[ \t]+/)
            for (i = 2; i <= words; i++)
                if (word[i] ~ /^needs-/) tools = tools " " substr(word[i], 7)
            reason = ""
            if (kind == "no-run") {
                reason = before
                if (!sub(/^.*<!-- not run: */, "", reason) || !sub(/ *-->.*$/, "", reason)) {
                    print text ":" NR ": a fence that is not run has no reason: put " \
                        "<!-- not run: the reason --> on the line before it." > (out "/wrong")
                    reason = "no reason is given"
                }
            }
            next
        }
        fence && line ~ /^```/ {
            close_command()
            if (!any && kind == "run")
                print text ":" fence ": this fence shows no command: begin one with \"$ \"." > (out "/wrong")
            fence = 0
            next
        }
        !fence { before = $0; next }
        kind == "no-run" {
            if (!any++) print ++n, NR, kind, "-", reason > (out "/list")
            next
        }
        {
            line = substr($0, indent + 1)
        }
        continued {
            continued = line ~ /\\$/
            print line > (out "/" n ".command")
            next
        }
        line ~ /^\$ / {
            close_command()
            command = 1
            any = 1
            n++
            print n, NR, kind, (tools ? substr(tools, 2) : "-"), "" > (out "/list")
            continued = line ~ /\\$/
            print substr(line, 3) > (out "/" n ".command")
            printf "" > (out "/" n ".expected")
            next
        }
        command { print line > (out "/" n ".expected"); next }
        {
            print text ":" NR ": this line of output stands before any command." > (out "/wrong")
        }' "$1"
}

# Compares N.expected with N.printed; says the first difference and fails.
compare() { # NUMBER
    awk -f scripts/same-output.awk "$temporary/$1.expected" "$temporary/$1.printed"
}

run_command() { # NUMBER: its output to N.printed, its status to $status
    set -- "$1" sh "$temporary/$1.command"
    number=$1
    shift
    if command -v timeout >/dev/null 2>&1; then set -- timeout 300 "$@"; fi
    (
        unset MAKEFLAGS MFLAGS MAKELEVEL CC FILTER MAKE
        # A text that shows `make test` must not run the texts' own tests again.
        export INSIDE_THE_TESTS=yes TERM=dumb
        exec "$@" </dev/null >"$temporary/$number.printed" 2>&1
    ) &
    running=$!
    wait $running
    status=$?
    # timeout leads a process group of its own: what is left of it ends here.
    [ "$1" != timeout ] || kill -s TERM -- "-$running" 2>/dev/null
}

check_text() { # TEXT
    rm -f "$temporary"/*
    : >"$temporary/list"
    : >"$temporary/wrong"
    cut_fences "$1"
    ran=0 left=0
    while read -r n line kind tools reason; do
        if [ "$kind" = no-run ]; then
            echo "$1:$line: not run: $reason"
            left=$((left + 1))
            continue
        fi
        lacking=
        for tool in $tools; do
            [ "$tool" = - ] || command -v "$tool" >/dev/null 2>&1 || lacking=$tool
        done
        if [ "$lacking" ]; then
            echo "$1:$line: not run: '$lacking' is not installed"
            left=$((left + 1))
            continue
        fi
        expected_status=$(sed -n 's/^\[exit \([0-9]*\)\]$/\1/p' "$temporary/$n.expected" | tail -n 1)
        sed '/^\[exit [0-9]*\]$/d' "$temporary/$n.expected" >"$temporary/trimmed"
        mv "$temporary/trimmed" "$temporary/$n.expected"
        run_command "$n"
        ran=$((ran + 1))
        difference=$(compare "$n") || {
            echo "$1:$line: '$(cat "$temporary/$n.command")' does not print what the text says: $difference" \
                >>"$temporary/wrong"
            continue
        }
        [ "$status" = "${expected_status:-0}" ] ||
            echo "$1:$line: '$(cat "$temporary/$n.command")' ends with status $status, not ${expected_status:-0}." \
                >>"$temporary/wrong"
    done <"$temporary/list"
    if [ -s "$temporary/wrong" ]; then
        cat "$temporary/wrong" >&2
        return 1
    fi
    echo "$1: $ran commands print what it says, $left are not run."
}

make_temporary
result=0
for text; do
    [ -f "$text" ] || fail "There is no text '$text' to check."
    check_text "$text" || result=1
done
exit $result
