#!/usr/bin/env bats
# What a Mac needs: tests that script calls where the linker has no --wrap, and
# programs that are built here for there.

load helper

# wrapped: the assembly on standard input, as it is for a Mac.
wrapped() {
    cat >"$BATS_TEST_TMPDIR/file.s"
    awk -v names="read free" -v prefix=_ \
        -f support/wrap.awk \
        "$BATS_TEST_TMPDIR/file.s" "$BATS_TEST_TMPDIR/file.s"
}

@test "calls of a name become calls of its __wrap_, and __real_ the name" {
    run wrapped <<'END'
	callq	_read
	movq	_free@GOTPCREL(%rip), %rax
	bl	_read
	adrp	x8, _free@GOTPAGE
	callq	"_read$NOCANCEL"
	callq	___real_read
___wrap_read:
END
    says '	callq	___wrap_read
	movq	___wrap_free@GOTPCREL(%rip), %rax
	bl	___wrap_read
	adrp	x8, ___wrap_free@GOTPAGE
	callq	"___wrap_read"
	callq	_read
___wrap_read:'
}

@test "text, other names and what the file itself defines stay" {
    run wrapped <<'END'
	.asciz	"_read"
	callq	_read_all
	callq	_pread
	callq	read
	callq	_free
_free:
	callq	___real_free
END
    says '	.asciz	"_read"
	callq	_read_all
	callq	_pread
	callq	read
	callq	_free
_free:
	callq	_free'
}

@test "without the linker's --wrap the same tests pass" {
    succeeds make chapter-3 test
    expected=$(echo "$output" | grep Synthesis)
    succeeds make chapter-3 test WRAP=assembler
    prints "$expected"
    ls chapters/03-executor/build/*-assembler/src/socket_read.run-tests.s
    fails make -C chapters/03-executor test WRAP=magic
    prints "There is no WRAP 'magic': it is linker or assembler"
}

@test "every chapter's tests are linked for a Mac, or the compiler is named" {
    command -v "${ZIG-zig}" >/dev/null || {
        fails make -C chapters/03-executor tests-built TARGET=macos
        prints "'${ZIG-zig}' is not installed, and TARGET=macos needs it"
        skip "zig is not installed: no test was built for macOS"
    }
    for target in macos macos-arm64; do
        for chapter in chapters/0*; do
            succeeds make -C "$chapter" tests-built TARGET=$target
            head -c 4 "$chapter"/build/$target-*/run-tests | od -An -tx1 |
                grep -q "cf fa ed fe"
        done
    done
    fails make -C chapters/03-executor test TARGET=macos
    prints "What is built for macos does not run here: take run-demo and run-tests of"
}
