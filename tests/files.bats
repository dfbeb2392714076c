#!/usr/bin/env bats
# What a chapter does not change is an exact copy, and `make diff` shows the rest.

load helper

@test "every file that a chapter does not change is an exact copy" {
    succeeds make same-files
}

@test "the five Makefiles are one" {
    for folder in chapters/0*; do
        cmp chapters/01-simple-future/Makefile "$folder/Makefile"
    done
}

@test "an altered copy is found, and listing it is enough" {
    small_course
    succeeds make same-files
    echo '/* mine */' >>chapters/02-two/src/sum.c
    fails make same-files
    prints "chapters/02-two/src/sum.c differs from chapters/01-one/src/sum.c: make it an exact copy, or say in docs/changed-files.txt why"
    prints "chapters/03-three/src/sum.c differs from chapters/02-two/src/sum.c"
    cp chapters/02-two/src/sum.c chapters/03-three/src/sum.c
    echo '02-two src/sum.c  it says whose it is' >docs/changed-files.txt
    succeeds make same-files
}

@test "an altered Makefile is found" {
    small_course
    echo '# mine' >>chapters/03-three/Makefile
    fails make same-files
    prints "chapters/03-three/Makefile differs from chapters/02-two/Makefile"
}

@test "a line about a file that is the same, is missing or has no reason is found" {
    small_course
    echo '/* mine */' | tee -a chapters/02-two/src/sum.h >>chapters/03-three/src/sum.h
    cat >docs/changed-files.txt <<'END'
02-two src/sum.c  it is not changed at all
02-two src/gone.c  it does not exist
02-two src/sum.h
END
    fails make same-files
    prints "chapters/02-two/src/sum.c is changed, but it is an exact copy: remove the line."
    prints "chapters/02-two/src/gone.c, which does not exist: remove the line."
    prints "does not say why chapters/02-two/src/sum.h is changed"
}

@test "same-files.sh --write fills the list in, and keeps the reasons" {
    small_course
    echo '/* mine */' >>chapters/02-two/src/sum.c
    printf '%s\n' '# head' '02-two src/sum.c  a reason' '02-two src/sum.h  untrue' >docs/changed-files.txt
    succeeds sh scripts/same-files.sh --write
    [ "$(cat docs/changed-files.txt)" = "# head
02-two src/sum.c  a reason
03-three src/sum.c  ?" ]
}

@test "make diff counts what is unchanged, changed and new" {
    small_course
    sed -i 's/a + b/b + a/' chapters/03-three/src/sum.c
    printf '%s\n' '/* no code */' '' 'int new;' >chapters/03-three/src/new.c
    succeeds make chapter-3 diff
    prints "  src/sum.c                     +1    -1   since chapter 2"
    prints "-    return a + b;"
    prints "+    return b + a;"
    prints "  src/new.c                      1"
    prints_not "int new;"
    prints "Unchanged:
  sum.h"
    [ "${lines[-1]}" = "Chapter 3: 2 files changed, 1 new, 1 unchanged; +3 -2 lines of code." ]
    # Piped, it is plain.
    prints_not $'\033'
}

@test "make diff compares with the nearest earlier chapter that has the file" {
    small_course
    rm chapters/02-two/src/sum.c
    succeeds make chapter-3 diff
    prints "Unchanged:
  sum.h sum.c"
}

@test "make diff FILE= shows one file whole, changed or new" {
    small_course
    sed -i 's/a + b/b + a/' chapters/03-three/src/sum.c
    printf '%s\n' '/* mine */' 'int new;' >chapters/03-three/src/new.c
    succeeds make chapter-3 diff FILE=sum.c
    prints "Changed since chapter 2: chapters/03-three/src/sum.c"
    prints "+    return b + a;"
    prints_not "new.c"
    succeeds make chapter-3 diff FILE=new.c
    says "New in chapter 3: chapters/03-three/src/new.c
/* mine */
int new;"
    succeeds make chapter-3 diff FILE=src/sum.h
    says "Unchanged since chapter 2: chapters/03-three/src/sum.h"
    fails make chapter-3 diff FILE=som.c
    says "There is no file 'som.c' in chapter 3: did you mean FILE=sum.c?"
}

@test "make diff of each chapter fits two screens of 80 columns" {
    for n in 1 2 3 4 5; do
        succeeds make chapter-$n diff
        [[ ${lines[-1]} =~ ^"Chapter $n: "[0-9]+" file"s?" changed, ".*" lines of code."$ ]]
        printf '%s\n' "$output" | LC_ALL=C.UTF-8 awk -v n=$n '
            { lines += length($0) > 80 ? 2 : 1 }
            END { if (lines > 100) { print "Chapter " n " has " lines " lines."; exit 1 } }'
    done
}

@test "a large change is shown by its size only, and FILE= still shows it" {
    small_course
    seq -f 'int large%g;' 200 >>chapters/03-three/src/sum.c
    succeeds make chapter-3 diff
    prints "  src/sum.c                   +200    -0   since chapter 2"
    prints_not "int large200;"
    prints "One of them whole: make chapter-3 diff FILE=sum.c"
    succeeds make chapter-3 diff FILE=sum.c
    prints "+int large200;"
}

@test "what counts as a line of code" {
    cat >"$BATS_TEST_TMPDIR/some.c" <<'END'
/* none
   here */ // nor here
int a; // one
    /* two */ int b; /* still
two */
char quote = '"'; // three, and this is no string: "
char *text = "/* four */ // four \" ";

int c = 4 / 2; /* five */
END
    run awk -f scripts/code.awk "$BATS_TEST_TMPDIR/some.c"
    [ "${#lines[@]}" -eq 5 ]
    [ "${lines[3]}" = 'char *text = "/* four */ // four \" ";' ]
    [ "${lines[4]}" = 'int c = 4 / 2;' ]
}

@test "no chapter's step is larger than it may be" {
    succeeds make steps
    [ "${#lines[@]}" -eq 6 ]
}

@test "a step that is too large is found, and the demonstration does not count" {
    small_course
    sed -i 's/^limits=.*/limits="2:10 3:10"/' scripts/steps.sh
    seq -f 'int large%g;' 11 >>chapters/02-two/demo/main.c
    succeeds make steps
    seq -f 'int large%g;' 10 >chapters/02-two/src/ten.c
    succeeds make steps
    # A comment and a blank line are no code.
    printf '%s\n' '' '/* large */' >>chapters/02-two/src/ten.c
    succeeds make chapter-2 steps
    prints "  src/ten.c              +10    -0     new"
    echo 'int one_more;' >>chapters/02-two/src/sum.c
    fails make steps
    prints "Chapter 2 adds 11 lines of code, and 10 is the most: make the step smaller."
    prints_not "Chapter 3 adds"
}
