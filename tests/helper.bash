# What the tests of the repository share. Each test works in $BATS_TEST_TMPDIR, which
# bats removes; the tree itself is only read, or built in.

root=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
cd "$root" || exit 1

# Fails with what was printed, so that the log says what went wrong.
succeeds() {
    run "$@"
    [ "$status" -eq 0 ] || {
        echo "'$*' ended with $status and printed:"
        echo "$output"
        return 1
    }
}

fails() {
    run "$@"
    [ "$status" -ne 0 ] || {
        echo "'$*' succeeded and printed:"
        echo "$output"
        return 1
    }
}

# prints TEXT: the last command printed it (…) and says: it printed that line only.
prints() {
    [[ $output == *"$1"* ]] || {
        echo "'$1' is not in what was printed:"
        echo "$output"
        return 1
    }
}

prints_not() {
    [[ $output != *"$1"* ]] || {
        echo "'$1' should not be in what was printed:"
        echo "$output"
        return 1
    }
}

says() {
    [ "$output" = "$1" ] || {
        echo "Expected this sentence and nothing else:"
        echo "$1"
        echo "Printed was:"
        echo "$output"
        return 1
    }
}

# A course of three tiny chapters in $course, for what need not be the real ones.
small_course() {
    course=$BATS_TEST_TMPDIR/course
    mkdir -p "$course/chapters" "$course/docs" "$course/tests/mistakes"
    cp -R "$root/Makefile" "$root/setup.sh" "$root/scripts" "$root/support" "$course"
    local chapter
    for chapter in 01-one 02-two 03-three; do
        local folder=$course/chapters/$chapter
        mkdir -p "$folder/src" "$folder/demo" "$folder/tests"
        cp "$root/chapters/01-simple-future/Makefile" "$folder"
        cat >"$folder/src/sum.h" <<'END'
#ifndef SUM_H
#define SUM_H
int sum(int a, int b);
#endif
END
        cat >"$folder/src/sum.c" <<'END'
#include "sum.h"

//! [sum]
int sum(int a, int b) {
    //! [body]
    return a + b;
    //! [body]
}
//! [sum]
END
        cat >"$folder/demo/main.c" <<END
#include "sum.h"

#include <stdio.h>

int main(int argc, char **argv) {
    printf("$chapter: %d%s\n", sum(1, 1), argc > 1 ? argv[1] : "");
    return 0;
}
END
        cat >"$folder/tests/test_sum.c" <<'END'
#include "sum.h"

#include <criterion/criterion.h>
#include <stdlib.h>

Test(sum, of_one_and_one_is_two) {
    cr_assert(sum(1, 1) == 2, "One and one came out as something else.");
}

Test(sum, keeps_its_memory) {
    char *volatile memory = getenv("LEAK") ? malloc(10) : NULL;
    memory = NULL;
    cr_assert(memory == NULL);
}
END
    done
    cd "$course" || return 1
}

# A folder in $path with links to every tool but those named: for a PATH without them.
path_without() { # TOOL...
    path=$BATS_TEST_TMPDIR/path
    mkdir "$path"
    local folder tool
    for folder in /usr/local/bin /usr/bin /bin; do
        ln -s "$folder"/* "$path" 2>/dev/null || true
    done
    for tool; do
        rm -f "$path/$tool"
    done
}
