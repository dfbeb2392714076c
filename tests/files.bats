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
    printf '%s\n' 'int new;' >chapters/03-three/src/new.c
    succeeds make chapter-3 diff
    prints "-    return a + b;"
    prints "+    return b + a;"
    prints "new in this chapter: chapters/03-three/src/new.c"
    prints "unchanged: sum.h"
    [ "${lines[-1]}" = "Chapter 3: 1 file unchanged, 2 changed, 1 new; 3 lines of C added, 2 removed." ]
    # Piped, it is plain.
    prints_not $'\033'
}

@test "make diff compares with the nearest earlier chapter that has the file" {
    small_course
    rm chapters/02-two/src/sum.c
    succeeds make chapter-3 diff
    prints "unchanged: sum.h sum.c"
}

@test "make diff works for each chapter" {
    for n in 1 2 3 4 5; do
        succeeds make chapter-$n diff
        [[ ${lines[-1]} == "Chapter $n: "*" lines of C added, "*" removed." ]]
    done
}
