# What several scripts share; they read it with `. scripts/common.sh`, standing in
# the repository's root. POSIX sh.

# The sentence that ends a script.
fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

# The folders of all chapters, in order: chapters/01-simple-future …
chapter_folders() {
    for folder in chapters/[0-9][0-9]-*; do
        [ ! -f "$folder/Makefile" ] || echo "$folder"
    done
}

# chapters/03-executor -> 3
chapter_number() {
    number=${1##*/}
    number=${number%%-*}
    echo "${number#0}"
}

# Fails with one sentence unless the tool is there.
need() { # TOOL WHAT-FOR
    command -v "$1" >/dev/null 2>&1 && return
    how=$(sh setup.sh --how "$1" 2>/dev/null) &&
        fail "'$1' is not installed, and $2 needs it: run '$how', or 'sh setup.sh --all'."
    fail "'$1' is not installed, and $2 needs it: it is not packaged for this system."
}

# Whether nothing is to be coloured: see https://no-color.org.
plain() { [ "${NO_COLOR-}" ] || [ "${TERM-dumb}" = dumb ]; }

# An empty folder of its own in $temporary, removed when the script ends.
make_temporary() {
    temporary=$(mktemp -d) || fail "No temporary folder can be made: is the disk full?"
    trap 'rm -rf "$temporary"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

# The nearest chapter before this one that has the file: chapters/02-waker/src/join.c
# for chapters/03-executor and src/join.c; nothing when it is new.
earlier_file() { # FOLDER FILE
    before=
    for other in $(chapter_folders); do
        [ "$other" != "$1" ] || break
        [ ! -f "$other/$2" ] || before=$other/$2
    done
    echo "$before"
}

# The sources of a chapter, in the order in which one reads them: a header before its
# source, the back ends after what uses them, then the demonstration, main.c last.
source_files() { # FOLDER
    (cd "$1" && find src demo -name '*.[ch]' 2>/dev/null) | awk '{
            stem = $0
            sub(/\.[ch]$/, "", stem)
            part = stem ~ /\/main$/ ? 4 : stem ~ /^demo\// ? 3 : stem ~ /\/.*\// ? 2 : 1
            print part, stem, $0 ~ /c$/, $0
        }' | LC_ALL=C sort | cut -d' ' -f4
}

# What is there for the sake of other systems than Linux: no part of the lesson.
for_other_systems() { # FILE
    case $1 in
        src/platform*) ;;
        src/backends/epoll.c | src/backends/poll.c) return 1 ;;
        src/backends/*) ;;
        *) return 1 ;;
    esac
}

# chapters/02-waker/src/join.c -> 2
chapter_of() { # PATH
    folder=${1#chapters/}
    chapter_number "chapters/${folder%%/*}"
}

code_of() { # FILE...: its lines of code, see scripts/code.awk
    awk -f scripts/code.awk "$@"
}

# "added removed" in lines of code, between two files; needs make_temporary.
code_changes() { # BEFORE AFTER
    code_of "$1" >"$temporary/before"
    code_of "$2" >"$temporary/after"
    diff -d "$temporary/before" "$temporary/after" |
        awk '/^>/ { added++ } /^</ { removed++ } END { print added + 0, removed + 0 }'
}
