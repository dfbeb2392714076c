#!/usr/bin/env bats
# The course as it lies on a reader's disk: checked out on any system, under any name,
# read-only, open in an editor; and nothing in it that does not belong there.

load helper

# The course without what was built, in a new folder; $course is that.
copy_of_course() { # FOLDER
    course=$1
    mkdir -p "$course"
    # shellcheck disable=SC2046 # there are no blanks in these
    tar -cf - --exclude build $(ls -d Makefile setup.sh scripts chapters support 2>/dev/null) |
        tar -xf - -C "$course"
    cd "$course" || return 1
}

# The files of the tree: git's, and those that git would take; without git all but what
# is built.
tree() {
    if [ -e .git ] && command -v git >/dev/null; then
        git ls-files --cached --others --exclude-standard
    else
        find . \( -name .git -o -name build -o -path ./docs/site -o -path ./workspace \) \
            -prune -o -type f -print | sed 's/^\.\///'
    fi
}

# --- Checked out, and under any name -------------------------------------------

@test "a checkout by Git for Windows has the same lines, and works" {
    [ -e .git ] && command -v git >/dev/null || skip "this is not git's checkout"
    git clone --quiet --no-hardlinks -c core.autocrlf=true . "$BATS_TEST_TMPDIR/windows"
    cd "$BATS_TEST_TMPDIR/windows"
    fails grep -rlI $'\r' --exclude-dir=.git .
    succeeds sh setup.sh --help
    succeeds make chapter-1
    prints "01-simple-future is built"
    succeeds git status --short
    says ""
}

named() { # CHAPTER-NUMBER
    copy_of_course "$BATS_TEST_TMPDIR/it's 异步 IO/the course"
    succeeds make -j2 "chapter-$1"
    prints "is built: 'make chapter-$1 run' runs it."
    succeeds make "chapter-$1" run </dev/null
    [ -n "$output" ]
    succeeds make -j2 "chapter-$1" test
    prints "Tests: chapter $1 passed ("
    succeeds make "chapter-$1" diff
    cd chapters/0"$1"-*
    succeeds make
    prints_not "  CC  "
    succeeds make clean
    [ ! -e build ]
}

@test "chapter 1 works in a folder with an apostrophe, blanks and Chinese in its name" { named 1; }
@test "chapter 4 works in a folder with an apostrophe, blanks and Chinese in its name" { named 4; }

# --- Read-only -----------------------------------------------------------------

# Root may write anywhere, but not where the system is mounted read-only.
read_only() { # COMMAND
    if [ "$(id -u)" = 0 ]; then
        unshare --mount true 2>/dev/null || skip "nothing can be mounted here"
        run unshare --mount sh -c '
            mount --bind "$PWD" "$PWD" && mount -o remount,bind,ro "$PWD" && cd "$PWD" && '"$1"
    else
        chmod -R a-w .
        run sh -c "$1"
        chmod -R u+w .
    fi
}

@test "a tree that cannot be written to says what to do, in one sentence" {
    small_course
    for verb in '' run test 'chapter-1 test'; do
        read_only "make $verb"
        [ "$status" -ne 0 ]
        says "What is built goes into chapters/01-one, and nothing can be written there: copy the course to a folder of your own, as with 'cp -R . ~/course', and work there."
    done
    # What builds nothing works.
    read_only 'make help && make chapter-2 diff'
    [ "$status" -eq 0 ]
}

# --- In an editor --------------------------------------------------------------

# Compiles the files below a folder as an editor does that follows compile_flags.txt.
# What only another system's compiler can read is left out.
read_by_editor() { # FOLDER SUBFOLDER...
    cd "$root/$1" || return 1
    shift
    find "$@" -name build -prune -o -name '*.[ch]' -print |
        grep -v -e windows -e iocp -e kqueue -e port -e runner >"$BATS_TEST_TMPDIR/sources"
    [ -s "$BATS_TEST_TMPDIR/sources" ]
    # shellcheck disable=SC2046 # a flag is a word, and so is a name
    succeeds cc $(cat compile_flags.txt) -w -fsyntax-only $(cat "$BATS_TEST_TMPDIR/sources")
}

@test "an editor finds each chapter's headers" {
    for folder in chapters/0*; do
        # shellcheck disable=SC2046
        read_by_editor "$folder" $(cd "$root/$folder" && ls -d src demo 2>/dev/null)
    done
}

@test "an editor finds the headers of each chapter's tests" {
    for folder in chapters/0*; do
        read_by_editor "$folder" tests
    done
}

@test "an editor finds the right chapter's header" {
    found=0
    for folder in "$root"/chapters/0*; do
        [ -e "$folder/tests/test_socket_read.c" ] || continue
        cd "$folder"
        # shellcheck disable=SC2046
        succeeds cc $(cat compile_flags.txt) -w -M "$folder/tests/test_socket_read.c"
        [[ " $output " =~ [[:space:]]src/socket_read\.h[[:space:]] ]]
        found=$((found + 1))
    done
    [ $found -ge 3 ]
}

@test "the chapters' flags for editors are one file, and the other folders have theirs" {
    for folder in chapters/0*; do
        cmp chapters/01-simple-future/compile_flags.txt "$folder/compile_flags.txt"
    done
    cd bench
    succeeds cc $(cat compile_flags.txt) -w -fsyntax-only course.c client.c workload.c
}

# --- What belongs there --------------------------------------------------------

belongs() {
    grep -v -e '^#' -e '^$' tests/tree.txt >"$BATS_TEST_TMPDIR/patterns"
    ! tree | grep -vxE -f "$BATS_TEST_TMPDIR/patterns" >"$BATS_TEST_TMPDIR/strangers" || {
        while read -r file; do
            echo "$file does not belong in the course: remove it, keep it in workspace/," \
                "or give its kind a line in tests/tree.txt."
        done <"$BATS_TEST_TMPDIR/strangers"
        return 1
    }
}

@test "the source tree holds what belongs there and nothing else" { belongs; }

@test "a stray file is found, and called by its name" {
    for stray in chapters/01-simple-future/- scripts/diff.sh.rej notes.md chapters/02-waker/src/a.out; do
        tree() { echo README.md; echo "$stray"; echo docs/glossary.md; }
        run belongs
        [ "$status" -ne 0 ]
        says "$stray does not belong in the course: remove it, keep it in workspace/, or give its kind a line in tests/tree.txt."
    done
}

# Folders that only a certain machine has. What makes a new machine speaks of its own.
machines='(^|[^A-Za-z0-9_.$}])/(work|home|root|Users|mnt)/|[A-Z]:\\[A-Za-z]'

@test "no file speaks of a certain machine's folders" {
    tree | grep -v -e '^scripts/bare-root\.sh$' -e '^tests/checkout\.bats$' |
        tr '\n' '\0' | xargs -0 grep -nE "$machines" >"$BATS_TEST_TMPDIR/found" || true
    run cat "$BATS_TEST_TMPDIR/found"
    says ""
}

@test "a certain machine's folder is found" {
    for line in 'see /home/ada/course' '"/Users/ada"' 'C:\Users'; do
        echo "$line" | grep -qE "$machines"
    done
    for line in 'chapters/home/x' 'https://example.org/home/x' '$x/root/y' '/tmp/fifo'; do
        ! echo "$line" | grep -qE "$machines"
    done
}
