#!/bin/sh
# Carries out the verbs of the top Makefile: `sh scripts/course.sh GOAL...`, where
# a goal is a verb or a chapter, in any order. Several verbs are done in the order
# given, each for the chapters named, or for all. `--can GOAL...` only says, in one
# sentence, why that cannot work.
set -u
cd "$(dirname "$0")/.." || exit 1
. scripts/common.sh

# A new verb is a line here and a function do_VERB below (its dashes written _).
verbs() {
    cat <<'END'
build       builds (the same as 'make' alone)
run         runs the demonstration; without a chapter, the last one's
test        runs the tests; FILTER='suite/name' picks some of one chapter's
stress      runs the stress programs, the ones for SANITIZE=thread
random      calls chapters 4 and 5 in a random order: STEPS=1000000, SEED=1
bench       measures chapter 5 and other loops; chapter-5 bench: six ways
diff        shows what a chapter changed; FILE=name shows all of one file
steps       counts the lines of code that each chapter adds; there are limits
verify      proves the tests: each deliberate mistake is caught; checks models
snippets    puts the code into the texts anew (CHECK=1: only compares)
claims      runs every command that the texts show and compares what it prints
same-files  checks that what a chapter does not change is an exact copy
fuchsia     compiles for Fuchsia what can be, and names the rest
coverage    says which lines and branches the tests reach
format      formats the C sources (CHECK=1: only compares)
docs        makes the site (CHECK=1: has a browser look at it)
doctor      checks whether this machine has what the course needs
clean       removes what was built
help        prints this list
END
}

do_help() {
    echo "make VERB, make chapter-N VERB: N is 1 to $last, and 'make' alone builds all."
    echo
    verbs | sed 's/^/  /'
    cat <<'END'

ARGS='…' are the arguments of run. QUICK=1 lets bench take a minute, and PAGE=1
writes its page. CC=clang, OPT=-O0, BACKEND=poll, V=1, COVERAGE=1, VALGRIND=1,
SANITIZE=address (undefined, address,undefined; thread for stress) change how a
chapter is built and run: see 'make -C chapters/NN-name help'. TARGET=windows is
for build, run and test: for Windows, under Wine where there is none. With
TARGET=macos or macos-arm64, build is for a Mac, with zig.
END
}

# --- Chapters ------------------------------------------------------------------

# Runs a verb of a chapter's own Makefile, on all processors unless -j says on how
# many. What make adds to a failure is left out: it speaks English for that, while
# what it runs keeps the reader's language.
in_chapter() { # FOLDER VERB
    case " ${MAKEFLAGS-}" in
        *" -j"* | *--jobserver*) jobs= ;;
        *) jobs=-j$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1) ;;
    esac
    quiet=-s
    [ -z "${V-}" ] || quiet=
    # What writes to no terminal has no colours.
    if [ -t 1 ] && plain; then make_in "$1" "$2" | cat; else make_in "$1" "$2"; fi
    sed -e '/^g\{0,1\}make\[[0-9]*\]: \*\*\* \[/d' \
        -e 's/^[^:]*:[0-9][0-9]*: \*\*\* \(.*\)\.  Stop\.$/\1./' \
        -e '/^g\{0,1\}make\[[0-9]*\]: \*\*\* Waiting for unfinished jobs/d' \
        "$temporary/errors" >&2
    return "$(cat "$temporary/result")"
}

make_in() { # FOLDER VERB
    # shellcheck disable=SC2086 # none is no word
    LANGUAGE=C "$make" $jobs $quiet --no-print-directory -C "$1" "$2" \
        LANGUAGE="${LANGUAGE-}" 2>"$temporary/errors"
    echo $? >"$temporary/result"
}

each_chapter() { # VERB
    failed=
    for folder in $chosen; do
        [ "$chosen" = "$folder" ] || echo "== ${folder##*/}"
        in_chapter "$folder" "$1" || failed="$failed $(chapter_number "$folder")"
    done
    [ -z "$failed" ]
}

do_build() {
    each_chapter demo || return 1
    case ${TARGET-} in macos*)
        echo "Built for a Mac: take the file 'run-demo' of build/$TARGET-* there, and run it."
        return
        ;;
    esac
    if [ "$named" ]; then
        for folder in $chosen; do
            echo "${folder##*/} is built: 'make chapter-$(chapter_number "$folder") run' runs it."
        done
    else
        echo "All chapters are built: 'make run' runs the last one."
    fi
}

do_run() {
    [ "$named" ] || chosen=$last_folder
    for folder in $chosen; do
        in_chapter "$folder" demo </dev/null || return 1
        trap : INT # Ctrl-C is for the demonstration to handle
        run_demo "$folder" || return 1
        trap 'exit 130' INT
    done
}

# Make only says how the demonstration is run. The shell runs it, so that what fails
# has the last word. (For Windows there is more to it, and make does it all.)
run_demo() { # FOLDER
    if [ "${TARGET-}" ]; then
        "$make" --no-print-directory -C "$1" run
    else
        how=$("$make" -n --no-print-directory -C "$1" run) && (cd "$1" && sh -c "$how")
    fi
}

do_stress() { each_chapter stress; }

do_random() { each_chapter random; }

# Without a chapter, the comparison with other loops; with one, its own figures.
do_bench() {
    if [ "$named" ]; then each_chapter bench; else in_chapter bench all && sh bench/bench.sh; fi
}

do_clean() {
    for folder in $chosen; do
        rm -rf "$folder/build"
    done
    [ "$named" ] || rm -rf build
}

# How many tests the run just made had: "23", or "2 of 23" when some failed, and
# "23, 1 skipped".
counted() { # FOLDER
    log=$(find "$1/build" -name tests.log -newer "$temporary/begun" 2>/dev/null | head -n 1)
    [ -z "$log" ] || tr -d '\033' <"$log" |
        sed -n 's/\[0;[0-9]*m//g; s/\[0m//g; s/\[1m//g
            s/.*Tested: \([0-9]*\) | Passing: \([0-9]*\) |[^S]*\(Skipped: \)\{0,1\}\([0-9]*\).*/\1 \2 \4/p' |
        awk 'END {
            if (NR) print ($1 == $2 ? $1 : ($1 - $2) " of " $1) ($3 ? ", " $3 " skipped" : "")
        }'
}

do_test() {
    summary=
    all_passed=yes
    for folder in $chosen; do
        echo "== ${folder##*/}"
        : >"$temporary/begun"
        if in_chapter "$folder" test; then word=passed; else word=FAILED all_passed=; fi
        count=$(counted "$folder")
        summary="$summary, chapter $(chapter_number "$folder") $word${count:+ ($count)}"
    done
    # The repository's tests run make in their turn: not for ever.
    if tests_repository; then
        echo "== the repository"
        if repository_tests; then word=passed; else word=FAILED all_passed=; fi
        summary="$summary, repository $word ($count)"
    fi
    echo "Tests:${summary#,}."
    [ "$all_passed" ]
}

# They are about this machine, not about the one that is built for.
tests_repository() {
    [ -z "$named" ] && [ -z "${INSIDE_THE_TESTS-}" ] && [ -z "${TARGET-}" ]
}

# Two at a time, a file each; what a file printed is shown when it ends.
repository_tests() {
    need bats "'make test'"
    printf '%s\n' tests/*.bats >"$temporary/files"
    xargs -n 1 -P 2 sh -c '
        log=$1/$(basename "$2").log
        unset MAKEFLAGS MFLAGS MAKELEVEL CC FILTER MAKE RUNNER
        INSIDE_THE_TESTS=yes bats --tap "$2" >"$log" 2>&1 </dev/null
        result=$?
        printf "%s\n%s\n" "-- $2" "$(grep -v "^1\.\." "$log")"
        exit $result
    ' sh "$temporary" <"$temporary/files"
    result=$?
    passed=$(cat "$temporary"/*.bats.log | grep -c '^ok ')
    broken=$(cat "$temporary"/*.bats.log | grep -c '^not ok ')
    count=$passed
    [ "$broken" = 0 ] || count="$broken of $((passed + broken))"
    return $result
}

do_diff() { sh scripts/diff.sh $chosen; }
do_steps() { sh scripts/steps.sh $chosen; }
do_verify() { sh scripts/verify.sh $chosen; }
do_fuchsia() { sh scripts/fuchsia.sh $chosen; }
do_coverage() { sh scripts/coverage.sh $chosen; }
do_same_files() { sh scripts/same-files.sh; }
do_doctor() { sh scripts/doctor.sh; }
do_snippets() { sh scripts/snippets.sh ${CHECK:+--check} $(texts) $(pages); }

do_claims() {
    result=0
    for text in $(texts); do
        sh scripts/check-readme.sh "$text" || result=1
    done
    return $result
}

do_docs() {
    sh scripts/docs.sh || return 1
    [ -z "${CHECK-}" ] || sh tests/site/check.sh
}

do_format() {
    need clang-format "'make format'"
    folders=$chosen
    [ "$named" ] || [ ! -d bench ] || folders="$chosen bench"
    find $folders -name build -prune -o -name '*.[ch]' -print >"$temporary/sources"
    if [ -z "${CHECK-}" ]; then
        xargs clang-format -i <"$temporary/sources"
        return
    fi
    result=0
    while read -r file; do
        clang-format "$file" | cmp -s - "$file" && continue
        echo "$file is not formatted: 'make format' does it." >&2
        result=1
    done <"$temporary/sources"
    return $result
}

# The texts that the goals are about.
texts() {
    [ "$named" ] || [ ! -f README.md ] || echo README.md
    for folder in $chosen; do
        [ ! -f "$folder/README.md" ] || echo "$folder/README.md"
    done
}

# The pages beside the chapters; no commands are run for them.
pages() { [ "$named" ] || ls docs/*.md; }

# --- What the goals mean -------------------------------------------------------

# Each goal becomes a word of $asked (verbs) or of $named (folders of chapters).
understand() {
    asked=
    named=
    for goal; do
        if verbs | cut -d' ' -f1 | grep -qxF -e "$goal"; then
            asked="$asked $goal"
        else
            find_chapter "$goal"
            named="$named $folder"
        fi
    done
    chosen=$(if [ "$named" ]; then printf '%s\n' $named | sort -u; else chapter_folders; fi)
    asked=${asked:-build}
}

# chapter-3, chapter-03, chapter-03-executor, 03-executor, 03 and 3 are the same.
find_chapter() { # GOAL: sets $folder, or says what is wrong
    name=${1#chapter-}
    case $name in
        *[!0-9]* | '') number= ;;
        *) number=$(printf '%s' "$name" | sed 's/^0*\(.\)/\1/') ;;
    esac
    for folder in $(chapter_folders); do
        [ "$name" != "${folder##*/}" ] || return 0
        [ "$number" != "$(chapter_number "$folder")" ] || return 0
    done
    [ -z "$number" ] || fail "There is no chapter $number: chapters are 1 to $last."
    case $1 in
        chapter-* | [0-9]*)
            near=$(chapter_folders | sed 's/.*\///' | nearest_to "$name")
            fail "There is no chapter '$name': did you mean '$near'?"
            ;;
    esac
    near=$({
        verbs | cut -d' ' -f1
        chapter_folders | sed 's/.*\/0*\([0-9]*\).*/chapter-\1/'
    } | nearest_to "$1")
    fail "There is no verb '$1': did you mean '$near'?"
}

nearest_to() { awk -v word="$1" -f scripts/nearest.awk; }

# Fails with a sentence when what the verbs need is not there.
can() {
    case ${TARGET-} in
        '' | windows | macos | macos-arm64) ;;
        *) fail "There is no TARGET '$TARGET': it is windows, macos or macos-arm64." ;;
    esac
    for verb in $asked; do
        case $verb in
            build | run | test | stress | random | bench | claims | clean | coverage) need_room ;;
        esac
        case $verb in
            test)
                [ -z "${FILTER-}" ] || [ "$named" ] ||
                    fail "FILTER picks tests of one chapter: say which, as in 'make chapter-3 test FILTER=…'."
                need_compiler
                has_runner || need_criterion
                ! tests_repository || {
                    need bats "'make test'"
                    need patch "'make test'"
                }
                ;;
            verify | coverage) need_compiler && need_criterion ;;
            build | run | stress | random | claims) need_compiler ;;
            bench) need_compiler && { [ "$named" ] || sh bench/bench.sh --can || exit 1; } ;;
            fuchsia) need clang "'make fuchsia'" ;;
            format) need clang-format "'make format'" ;;
            docs) sh scripts/docs.sh --can || exit 1 ;;
        esac
    done
}

# What is built goes into each chapter's folder.
need_room() {
    for folder in $chosen; do
        [ ! -d "$folder/build" ] || folder=$folder/build
        [ -w "$folder" ] ||
            fail "What is built goes into $folder, and nothing can be written there:" \
                "copy the course to a folder of your own, as with 'cp -R . ~/course', and work there."
    done
}

need_compiler() {
    compiler=${CC-cc}
    compiler=${compiler%% *}
    tool=$compiler
    case ${TARGET-}:$compiler:$(uname -s) in
        windows:*:MINGW* | windows:*:MSYS* | windows:*:UCRT* | windows:*:CLANG*) ;;
        windows:cc:*) compiler=x86_64-w64-mingw32-gcc tool=mingw ;;
        *:cc:*) tool=compiler ;;
    esac
    command -v "$compiler" >/dev/null 2>&1 && return
    how=$(sh setup.sh --how "$tool" 2>/dev/null)
    fail "There is no compiler '$compiler': run ${how:+"'$how' or "}'sh setup.sh${TARGET:+ --windows}', which installs what is missing."
}

# Whether the course has the small runner that stands in for Criterion.
has_runner() { [ -e support/runner ]; }

need_criterion() {
    # shellcheck disable=SC2046 # pkg-config's flags are words
    echo '#include <criterion/criterion.h>' | ${CC-cc} -E -x c - \
        $(pkg-config --cflags criterion 2>/dev/null) >/dev/null 2>&1 && return
    how=$(sh setup.sh --how criterion 2>/dev/null)
    case $how in 'sh setup.sh' | '') how= ;; *) how="'$how' or " ;; esac
    fail "Criterion, the tests' framework, is not installed: run $how'sh setup.sh', which installs what is missing."
}

# Without the q that the top Makefile has put among the letters there.
MAKEFLAGS=$(printf '%s' "${MAKEFLAGS-}" | sed '1s/^\([A-Za-z]*\)q/\1/')
make=${MAKE-make}
last_folder=$(chapter_folders | tail -n 1)
last=$(chapter_number "$last_folder")

case ${1-} in
    --can)
        shift
        understand "$@"
        can
        exit
        ;;
esac
understand "$@"
make_temporary
for verb in $asked; do
    "do_$(printf '%s' "$verb" | tr - _)" || exit 1
done
