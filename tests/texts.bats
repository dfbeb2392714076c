#!/usr/bin/env bats
# The texts show the code that is compiled, and what they say is printed is printed.

load helper

claims() { # TEXT
    succeeds sh scripts/check-readme.sh "$1"
    echo "$output"
}

@test "the code in the texts is that of the sources" { succeeds make snippets CHECK=1; }

@test "README: what it shows is printed" { claims README.md; }
@test "chapter 1's text: what it shows is printed" { claims chapters/01-simple-future/README.md; }
@test "chapter 2's text: what it shows is printed" { claims chapters/02-waker/README.md; }
@test "chapter 3's text: what it shows is printed" { claims chapters/03-executor/README.md; }
@test "chapter 4's text: what it shows is printed" { claims chapters/04-io-blocker/README.md; }
@test "chapter 5's text: what it shows is printed" { claims chapters/05-socket-read/README.md; }
@test "the back ends' page: what it shows is printed" { claims docs/back-ends.md; }
@test "the six ways' page: what it shows is printed" { claims docs/six-ways.md; }
@test "the demonstrations' page: what it shows is printed" { claims docs/demonstrations.md; }

snippet_text() { # REGION
    printf '%s\n' '# A text' "<!-- snippet: src/sum.c $1 -->" '```c' 'old' '```' 'the end'
}

@test "a stale snippet is found, and make snippets renews it" {
    small_course
    snippet_text body >chapters/01-one/README.md
    fails make snippets CHECK=1
    prints "chapters/01-one/README.md:2: region 'body' differs from src/sum.c: 'make snippets' puts it right."
    grep -q '^old$' chapters/01-one/README.md
    succeeds make chapter-1 snippets
    [ "$(cat chapters/01-one/README.md)" = '# A text
<!-- snippet: src/sum.c body -->
```c
return a + b;
```
the end' ]
    succeeds make snippets CHECK=1
}

@test "the markers of a region within another are left out" {
    small_course
    snippet_text sum >chapters/01-one/README.md
    succeeds make snippets
    [ "$(sed -n 4,6p chapters/01-one/README.md)" = 'int sum(int a, int b) {
    return a + b;
}' ]
}

@test "a snippet of an unknown region or file, or without a fence, is found" {
    small_course
    snippet_text product >chapters/01-one/README.md
    fails make snippets CHECK=1
    prints "chapters/01-one/README.md:2: 'src/sum.c' has no region 'product'"
    sed -i 's/sum.c/gone.c/' chapters/01-one/README.md
    fails make snippets
    prints "chapters/01-one/README.md:2: there is no file 'src/gone.c' beside this text."
    sed -i '/```/d; s/gone.c product/sum.c sum/' chapters/01-one/README.md
    fails make snippets CHECK=1
    prints "chapters/01-one/README.md:2: the snippet comment has no fence on the line after it."
}

console() {
    printf '%s\n' '```console' "$@" '```' >"$BATS_TEST_TMPDIR/text.md"
}

@test "a wrong claim is found, with the command and both lines" {
    console '$ echo one; echo two' one three
    fails sh scripts/check-readme.sh "$BATS_TEST_TMPDIR/text.md"
    prints "text.md:2: 'echo one; echo two' does not print what the text says: it says 'three' and 'two' is printed."
    console '$ echo one' one two
    fails sh scripts/check-readme.sh "$BATS_TEST_TMPDIR/text.md"
    prints "it says 'two' and nothing more is printed."
    console '$ echo one; echo two' one
    fails sh scripts/check-readme.sh "$BATS_TEST_TMPDIR/text.md"
    prints "it says nothing more and 'two' is printed."
}

@test "a status that is not the one shown is found" {
    console '$ sh -c "exit 3"' '[exit 3]' '$ true'
    succeeds sh scripts/check-readme.sh "$BATS_TEST_TMPDIR/text.md"
    console '$ false'
    fails sh scripts/check-readme.sh "$BATS_TEST_TMPDIR/text.md"
    prints "'false' ends with status 1, not 0."
}

@test "ports, durations, dates, addresses and … are left open" {
    console '$ echo "  CC  src/x.c"; echo "127.0.0.1:4711 [::1]:1 12 ms (0.01s) 2024-05-31 0xbeef end"; seq 5' \
        '127.0.0.1:80 [::1]:99 250 µs (1.3s) 1999-01-01 0x1 …' 1 … 5
    succeeds sh scripts/check-readme.sh "$BATS_TEST_TMPDIR/text.md"
    console '$ echo 12 sockets' '13 sockets'
    fails sh scripts/check-readme.sh "$BATS_TEST_TMPDIR/text.md"
}

@test "a fence that is not run needs a reason, and is counted" {
    printf '%s\n' '<!-- not run: it never ends -->' '```console no-run' '$ yes' '```' \
        '```console needs-a-tool-that-is-nowhere' '$ false' '```' >"$BATS_TEST_TMPDIR/text.md"
    succeeds sh scripts/check-readme.sh "$BATS_TEST_TMPDIR/text.md"
    prints "not run: it never ends"
    prints "not run: 'a-tool-that-is-nowhere' is not installed"
    prints "0 commands print what it says, 2 are not run."
    sed -i 1d "$BATS_TEST_TMPDIR/text.md"
    fails sh scripts/check-readme.sh "$BATS_TEST_TMPDIR/text.md"
    prints "has no reason"
}

@test "what a command leaves running is ended" {
    mkfifo "$BATS_TEST_TMPDIR/pipe"
    exec 7<>"$BATS_TEST_TMPDIR/pipe" # so that nobody waits to open it
    # The reader sees the end only when nobody holds the other end any more.
    (cd "$BATS_TEST_TMPDIR" && exec timeout 60 sh -c 'exec <pipe; : >opened; cat') 3>&- 7>&- &
    reader=$!
    until [ -e "$BATS_TEST_TMPDIR/opened" ] || ! kill -0 $reader; do :; done
    console '$ sleep 1000 7>&- >'"$BATS_TEST_TMPDIR/pipe &"
    succeeds sh scripts/check-readme.sh "$BATS_TEST_TMPDIR/text.md"
    exec 7>&-
    wait $reader
}

# --- What the texts promise ---------------------------------------------------------

@test "the texts keep to their lengths, and each experiment is a mistake that is kept" {
    succeeds sh scripts/check-texts.sh
}

# A chapter's text with one experiment, a patch that it names, and a test that speaks.
experiment() { # LINE ...
    small_course
    for chapter in 01-one 02-two 03-three; do echo '# A text' >"chapters/$chapter/README.md"; done
    printf '%s\n' 'Says: came out as something else' >tests/mistakes/ch2-minus.patch
    cat >chapters/02-two/tests/test_sum.c <<'END'
    cr_assert_eq(sum(1, 1), 2, "One and one are %d, and "
                               "not two.", sum(1, 1));
END
    printf '%s\n' '# A text' '## Break it' "$@" >chapters/02-two/README.md
}

@test "an experiment whose patch and quotations are there is in order" {
    experiment '### 1. Minus' 'Subtract (`ch2-minus.patch`). *What will the tests say?*' '' \
        'They say *came out as something else* or *One and' 'one are 0, and not two* or *One and one are …, and not two*.'
    succeeds sh scripts/check-texts.sh
}

@test "an experiment that names no patch, or one that is not there, is found" {
    experiment '**1. Minus.** Subtract.' '' '**2. Minus again.** Subtract (`ch2-minus.patch`).'
    fails sh scripts/check-texts.sh
    says 'chapters/02-two/README.md:3: this experiment names no patch of tests/mistakes.'
    experiment '### 1. Minus' 'Subtract (`ch2-gone.patch`).' '## Questions' '`ch2-is-no-experiment.patch`'
    fails sh scripts/check-texts.sh
    says 'chapters/02-two/README.md:4: there is no tests/mistakes/ch2-gone.patch.'
}

@test "a quotation that no test says is found" {
    experiment '### 1. Minus' 'Subtract (`ch2-minus.patch`).' '' 'It says: *One and one are' 'three, and not two*.'
    fails sh scripts/check-texts.sh
    says 'chapters/02-two/README.md:6: no test of this chapter says "One and one are three, and not two".'
}

@test "a text that is too long is found, and so are all together" {
    experiment '### 1. Minus' 'Subtract (`ch2-minus.patch`).'
    CHAPTER_WORDS=9 fails sh scripts/check-texts.sh
    says 'chapters/02-two/README.md: 11 words are more than 9.'
    ALL_WORDS=16 fails sh scripts/check-texts.sh
    says "The chapters' texts: 17 words in all are more than 16."
}

@test "a text that speaks of nobody is found, and code that does is not" {
    experiment '### 1. Minus' 'Subtract (`ch2-minus.patch`, not `nobody`).' '```text' 'nobody was woken' '```'
    succeeds sh scripts/check-texts.sh
    echo 'Whoever reads this woke nobody.' >docs/page.md
    fails sh scripts/check-texts.sh
    says 'docs/page.md:1: "whoever": name who it is, or say it without.
docs/page.md:1: "nobody": name who it is, or say it without.'
}
