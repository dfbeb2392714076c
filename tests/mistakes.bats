#!/usr/bin/env bats
# The runner of the deliberate mistakes itself: what it must accept and refuse.

load helper

setup() {
    command -v patch >/dev/null || skip "patch is not installed"
}

mistake() { # TEST SAYS NEW-LINE
    cat >tests/mistakes/ch2-minus.patch <<END
Chapter: 2
Mistake: The sum is a difference.
Test: $1
Says: $2

--- a/src/sum.c
+++ b/src/sum.c
@@ -3,6 +3,6 @@
 //! [sum]
 int sum(int a, int b) {
     //! [body]
-    return a + b;
+    $3
     //! [body]
 }
END
}

@test "a mistake that its test catches, with its sentence, is in order" {
    small_course
    mistake sum/of_one_and_one_is_two "came out as something else" "return a - b;"
    succeeds make chapter-2 verify
    prints "ch2: The sum is a difference.  -> caught by sum/of_one_and_one_is_two"
    prints "All 1 deliberate mistakes are caught, each by the test meant for it."
    succeeds make chapter-1 verify
    prints "There are no deliberate mistakes to try."
}

@test "a mistake that is not caught is found" {
    small_course
    mistake sum/keeps_its_memory "anything" "return a - b;"
    fails make verify
    prints "tests/mistakes/ch2-minus.patch: test sum/keeps_its_memory passes all the same: the mistake is not caught."
    prints "1 of 1 deliberate mistakes are not caught as they should be."
}

@test "a mistake that only crashes, or is caught with other words, is found" {
    small_course
    mistake sum/of_one_and_one_is_two "came out as something else" "return *(volatile int *)(long)(a - b);"
    fails make verify
    prints "fails without saying 'came out as something else'"
    mistake sum/of_one_and_one_is_two "the moon" "return a - b;"
    fails make verify
    prints "fails without saying 'the moon'"
}

@test "a patch that does not apply or compile, or names no test, is found" {
    small_course
    mistake sum/of_one_and_one_is_two x "return a - b;"
    sed -i 's/a + b/a * b/' chapters/02-two/src/sum.c
    fails make verify
    prints "the patch does not apply to chapters/02-two any more"
    sed -i 's/a \* b/a + b/' chapters/02-two/src/sum.c
    mistake sum/of_one_and_one_is_two x "return a - c;"
    fails make verify
    prints "it does not compile: "
    mistake sum/of_two x "return a - b;"
    fails make verify
    prints "there is no test 'sum/of_two'"
    mistake sum/of_one_and_one_is_two x "return a - b;"
    sed -i '/^Says/d' tests/mistakes/ch2-minus.patch
    fails make verify
    prints "its head has no usable line 'Says: …'"
}

@test "a spin model is run, or skipped by name" {
    small_course
    mkdir tests/models
    printf '%s\n' 'byte n;' 'active [2] proctype p() { atomic { n++ } }' >tests/models/ch1-count.pml
    succeeds make verify
    if command -v spin >/dev/null; then
        prints "tests/models/ch1-count.pml: no error in any order of events"
        printf '%s\n' '/* Expect: error */' 'active proctype p() { assert(false) }' >tests/models/ch1-count.pml
        succeeds make verify
        prints "the error is found"
    else
        prints "tests/models/ch1-count.pml is skipped: spin is not installed"
    fi
}
