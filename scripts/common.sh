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

# The sources of a chapter, in the order in which one reads them: the library, then
# the back ends, the demonstration, and its main.c last.
source_files() { # FOLDER
    (cd "$1" && find src demo -name '*.[ch]') | awk '{
            stem = $0
            sub(/\.[ch]$/, "", stem)
            print /^demo/ + (stem == "demo/main"), gsub("/", "/"), stem, /c$/, $0
        }' | LC_ALL=C sort | cut -d' ' -f5
}
