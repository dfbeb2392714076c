#!/bin/sh
# Installs what the course needs, with this system's own package manager, and
# says beforehand what and why. What is there already stays as it is, so running
# it again does no harm. It needs nothing but a POSIX shell: no make, no git.
#
# To see what it would do on another system, it can be told to take this one for
# that: it then takes everything for missing, and only prints the commands.
#   SETUP_OS_RELEASE=FILE  read FILE in place of /etc/os-release
#   SETUP_UNAME=NAME       take NAME for what `uname -s` says
#   SETUP_UID=NUMBER       take NUMBER for the user's id (0 is root)
#   SETUP_HAVE="make git"  what is there already, by the names of `wanted` below
set -u

usage() {
    cat <<'END'
sh setup.sh [--docs] [--bench] [--windows] [--all] [--dry-run]
  installs a C compiler, make, Criterion (the tests' framework), and what the
  repository's own tests and the texts' commands use: bats, patch, nc and (on
  Linux) strace. Each only when it is missing.

  --docs      also doxygen and pandoc, a theme and a search, for 'make docs'
  --bench     also libuv, libev, libevent and gnuplot, for 'make bench'
  --windows   also a compiler for Windows, and Wine: for 'make TARGET=windows'
  --all       also all of those and the checkers: clang, clang-format,
              valgrind, spin, gcovr
  --dry-run   prints the commands and runs none
  --how TOOL  prints the command that installs one tool
  --help      this text

Systems: Debian, Ubuntu, Fedora, Arch, Alpine, macOS (Homebrew), FreeBSD, MSYS2.
END
}

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

# --- What is wanted, and how to see whether it is there ------------------------

wanted() { # GROUP
    case $1 in
        course)
            echo compiler make criterion bats patch nc
            case $system in macos | freebsd | msys2) ;; *) echo strace ;; esac
            ;;
        docs) echo doxygen pandoc doxygen-awesome-css lunr ;;
        bench) echo libuv libev libevent gnuplot ;;
        windows) [ "$system" = msys2 ] || echo mingw wine ;;
        checkers) echo clang clang-format valgrind spin gcovr ;;
    esac
}

reason() { # TOOL
    case $1 in
        compiler) echo "compiles the chapters" ;;
        make) echo "builds and runs them" ;;
        criterion) echo "the framework of the chapters' tests" ;;
        bats) echo "runs the tests of the repository as a whole" ;;
        patch) echo "makes the deliberate mistakes that the texts speak of" ;;
        nc) echo "talks to chapter 5's server by hand" ;;
        strace) echo "shows that server's system calls" ;;
        doxygen | pandoc) echo "makes the site ('make docs')" ;;
        doxygen-awesome-css) echo "the site's theme" ;;
        lunr) echo "the site's search" ;;
        libuv | libev | libevent) echo "a loop to measure against ('make bench')" ;;
        gnuplot) echo "draws the figures of 'make chapter-5 bench'" ;;
        mingw) echo "compiles for Windows ('make TARGET=windows')" ;;
        wine) echo "runs what is compiled for Windows" ;;
        clang) echo "a second compiler, and its sanitizers" ;;
        clang-format) echo "formats C ('make format')" ;;
        valgrind) echo "finds leaks and errors of memory" ;;
        spin) echo "checks the models ('make verify')" ;;
        gcovr) echo "shows which lines the tests reach" ;;
    esac
}

there() { # TOOL
    if [ -n "$pretended" ]; then
        case " ${SETUP_HAVE-} " in *" $1 "*) return 0 ;; *) return 1 ;; esac
    fi
    case $1 in
        compiler)
            [ "$system" != macos ] || xcode-select -p >/dev/null 2>&1 || return 1
            compiles '#include <stdio.h>'
            ;;
        make) make --version 2>/dev/null | grep -q GNU ||
            gmake --version >/dev/null 2>&1 ;;
        criterion)
            # shellcheck disable=SC2046 # pkg-config's flags are words
            compiles '#include <criterion/criterion.h>' \
                $(pkg-config --cflags --libs criterion 2>/dev/null) -lcriterion
            ;;
        libuv) has_library uv.h libuv -luv ;;
        libev) has_library ev.h libev -lev ;;
        libevent) has_library event2/event.h libevent -levent_core -levent_pthreads ;;
        doxygen-awesome-css) shared doxygen-awesome-css/doxygen-awesome.css ;;
        lunr) shared javascript/lunr/lunr.js ;;
        mingw) command -v x86_64-w64-mingw32-gcc >/dev/null 2>&1 ;;
        wine) command -v wine64 >/dev/null 2>&1 || [ -x /usr/lib/wine/wine64 ] ||
            command -v wine >/dev/null 2>&1 ;;
        *) command -v "$1" >/dev/null 2>&1 ;;
    esac
}

data=${XDG_DATA_HOME:-${HOME-}/.local/share}
shared() { # FILE: is it among the files that systems share, or that were downloaded?
    [ -f "/usr/share/$1" ] || [ -f "/usr/local/share/$1" ] || [ -f "$data/$1" ]
}

has_library() { # HEADER PKG-CONFIG-NAME LINKER-FLAGS...
    header=$1
    package=$2
    shift 2
    # shellcheck disable=SC2046 # pkg-config's flags are words
    compiles "#include <$header>" $(pkg-config --cflags --libs "$package" 2>/dev/null) "$@"
}

compiles() { # FIRST-LINE FLAGS...: does a program that begins so link?
    first=$1
    shift
    program=$(mktemp) || return 1
    printf '%s\n' "$first" 'int main(void) { return 0; }' |
        cc -x c -o "$program" - "$@" >/dev/null 2>&1
    linked=$?
    rm -f "$program"
    return $linked
}

# --- Which system this is ------------------------------------------------------

find_system() {
    pretended=${SETUP_OS_RELEASE-}${SETUP_UNAME-}
    kernel=${SETUP_UNAME-$(uname -s)}
    release=${SETUP_OS_RELEASE-/etc/os-release}
    case $kernel in
        Darwin) system=macos ;;
        FreeBSD) system=freebsd ;;
        MINGW* | MSYS* | UCRT* | CLANG*) system=msys2 ;;
        *)
            ids=$(sed -n 's/^ID\(_LIKE\)\{0,1\}=//p' "$release" 2>/dev/null |
                tr -d '"' | tr '\n' ' ' | sed 's/ *$//')
            for id in $ids none; do
                case $id in
                    debian | ubuntu) system=debian ;;
                    fedora) system=fedora ;;
                    arch) system=arch ;;
                    alpine) system=alpine ;;
                    *) continue ;;
                esac
                return
            done
            fail "This system ($kernel${ids:+, $ids}) is not one that setup.sh knows:" \
                "install a C compiler, GNU make, Criterion and bats yourself, then run 'make doctor'."
            ;;
    esac
}

manager() {
    case $system in
        debian) echo apt-get install ;;
        fedora) echo dnf install ;;
        arch) echo pacman -S --needed ;;
        alpine) echo apk add ;;
        macos) echo brew install ;;
        freebsd) echo pkg install ;;
        msys2) echo pacman -S --needed ;;
    esac
}

# The packages that bring TOOL to this system: nothing where it comes with the
# system, "-" where nobody packages it.
packages() { # TOOL
    case $system:$1 in
        debian:compiler) echo gcc libc6-dev ;;
        debian:criterion) echo libcriterion-dev ;;
        debian:lunr) echo libjs-lunr ;;
        debian:doxygen-awesome-css) echo "$1" ;;
        *:doxygen-awesome-css | *:lunr) echo - ;;
        arch:pandoc | alpine:pandoc) echo pandoc-cli ;;
        freebsd:pandoc) echo hs-pandoc ;;
        debian:clang) echo clang libclang-rt-dev ;;
        debian:nc) echo netcat-openbsd ;;
        debian:gnuplot) echo gnuplot-nox ;;
        debian:libuv) echo libuv1-dev ;;
        debian:libev | debian:libevent) echo "$1-dev" ;;
        alpine:libuv | alpine:libev | alpine:libevent) echo "$1-dev" ;;
        fedora:libuv | fedora:libev | fedora:libevent) echo "$1-devel" ;;
        debian:mingw) echo gcc-mingw-w64-x86-64-posix ;;
        debian:wine) echo wine64 ;;
        fedora:mingw) echo mingw64-gcc mingw64-winpthreads-static ;;
        arch:mingw | alpine:mingw) echo mingw-w64-gcc ;;
        macos:mingw) echo mingw-w64 ;;
        macos:wine | freebsd:mingw) echo - ;;
        alpine:compiler) echo gcc musl-dev ;;
        alpine:clang) echo clang compiler-rt ;;
        alpine:clang-format) echo clang-extra-tools ;;
        alpine:nc) echo netcat-openbsd ;;
        fedora:clang) echo clang compiler-rt ;;
        fedora:clang-format) echo clang-tools-extra ;;
        fedora:nc) echo netcat ;;
        arch:clang-format) echo clang ;;
        arch:nc) echo openbsd-netcat ;;
        arch:spin) echo - ;;
        macos:compiler | macos:make | macos:clang | macos:patch | macos:nc) ;;
        macos:valgrind) echo - ;;
        macos:bats) echo bats-core ;;
        freebsd:make) echo gmake ;;
        freebsd:compiler | freebsd:clang | freebsd:patch | freebsd:nc) ;;
        freebsd:bats) echo bats-core ;;
        freebsd:clang-format) echo llvm ;;
        freebsd:gcovr) echo py311-gcovr ;;
        msys2:compiler) echo mingw-w64-ucrt-x86_64-gcc ;;
        msys2:make | msys2:patch) echo "$1" ;;
        msys2:clang) echo mingw-w64-ucrt-x86_64-clang mingw-w64-ucrt-x86_64-compiler-rt ;;
        msys2:clang-format) echo mingw-w64-ucrt-x86_64-clang-tools-extra ;;
        msys2:doxygen) echo mingw-w64-ucrt-x86_64-doxygen ;;
        msys2:nc) echo openbsd-netcat ;;
        msys2:*) echo - ;;
        fedora:criterion | alpine:criterion) echo - ;;
        *:compiler) echo gcc ;;
        *) echo "$1" ;;
    esac
}

# --- Installing ----------------------------------------------------------------

# Homebrew and MSYS2 install for the user; all others need root.
find_root() {
    as_root=
    case $system in macos | msys2) return ;; esac
    [ "${SETUP_UID-$(id -u)}" != 0 ] || return 0
    as_root=sudo
    [ -n "$pretended$dry_run" ] || command -v sudo >/dev/null 2>&1 ||
        fail "You are not root and sudo is not installed:" \
            "become root with 'su -' and run 'sh setup.sh' again."
}

# Prints a command as one would type it, and runs it.
run() {
    printf ' '
    for word; do
        case $word in *[\ \']*) printf ' "%s"' "$word" ;; *) printf ' %s' "$word" ;; esac
    done
    echo
    [ -n "$dry_run" ] || "$@"
}

install_packages() { # PACKAGE...
    case $system in
        debian)
            run $as_root apt-get update ||
                echo "The lists of packages could not be renewed: going on with the old ones."
            # An older Ubuntu has no libclang-rt-dev: there clang brings it.
            case $dry_run:$* in :*libclang-rt-dev*)
                # shellcheck disable=SC2046 # names of packages are words
                apt-cache show libclang-rt-dev >/dev/null 2>&1 ||
                    set -- $(printf '%s' "$*" | sed 's/libclang-rt-dev//') ;;
            esac
            run $as_root env DEBIAN_FRONTEND=noninteractive \
                apt-get install -y --no-install-recommends "$@"
            ;;
        fedora) run $as_root dnf install -y "$@" ;;
        arch) run $as_root pacman -Sy --needed --noconfirm "$@" ;;
        alpine) run $as_root apk add "$@" ;;
        macos) run brew install "$@" ;;
        freebsd) run $as_root pkg install -y "$@" ;;
        msys2) run pacman -Sy --needed --noconfirm "$@" ;;
    esac
}

# Where Criterion is not packaged it is built from its release, checked by its sum.
build_criterion() {
    cd "$(dirname "$0")" || return 1
    release=criterion-2.4.3
    sum=8ec64e482a70b3bfc1836ace0988b3316e6c3cfeac883fb5a674dcea5083ea16
    prefix=/usr/local
    case $system in
        fedora) set -- gcc-c++ curl xz git meson cmake libffi-devel libgit2-devel pkgconf ;;
        alpine) set -- g++ curl xz git meson cmake libffi-dev libgit2-dev pkgconf ;;
        msys2)
            prefix=${MINGW_PREFIX-/ucrt64}
            set -- curl git
            for name in meson cmake libffi libgit2 pkgconf; do
                set -- "$@" "mingw-w64-ucrt-x86_64-$name"
            done
            ;;
    esac
    install_packages "$@" || return 1
    folder=build/criterion
    run mkdir -p $folder &&
        run curl -fsSL -o $folder/$release.tar.xz \
            "https://github.com/Snaipe/Criterion/releases/download/v2.4.3/$release.tar.xz" &&
        run sh -c "echo '$sum  $folder/$release.tar.xz' | sha256sum -c -" &&
        run tar -xJf $folder/$release.tar.xz -C $folder &&
        run meson setup --prefix "$prefix" --libdir lib -Dtests=false -Dsamples=false \
            $folder/$release/build $folder/$release &&
        run meson compile -C $folder/$release/build &&
        run $as_root meson install -C $folder/$release/build || return 1
    [ "$system" != fedora ] || run $as_root ldconfig "$prefix/lib"
}

# Where the site's theme or search is not packaged, its files are those of its release,
# each checked by its sum.
download() { # TOOL
    if [ "$1" = lunr ]; then
        folder=$data/javascript/lunr
        from=https://raw.githubusercontent.com/olivernn/lunr.js/v2.3.9
        set -- 9431726f05c0eae2a6e54dc197709422869f25cad44f2430d2fb7ddae80cc717 lunr.js
    else
        folder=$data/doxygen-awesome-css
        from=https://raw.githubusercontent.com/jothepro/doxygen-awesome-css/v2.1.0
        set -- 1c8952f63851f8873d8fbdff118ffd9d91ba409123b1816ee7dcd3a8d1e55870 doxygen-awesome.css \
            a8244de514eddf92279f62306b878030f3711b4bc1da768689155f796bb0ec20 doxygen-awesome-darkmode-toggle.js \
            978bdd0d8fb0cd97159513fe12b62b0d46f97e60fe6396165b5d488afbe5a015 doxygen-awesome-fragment-copy-button.js \
            de0f23f4d1aa085f0a133417f8aa28ba78f4d325cc45b083ca2acbab65470d8b doxygen-awesome-interactive-toc.js \
            cbdb421ca96187fd4095eb122a0c7ac24e1125560e39d04793b296f72dff64ef doxygen-awesome-paragraph-link.js
    fi
    sums="sha256sum"
    command -v sha256sum >/dev/null 2>&1 || sums="shasum -a 256"
    run mkdir -p "$folder" || return 1
    while [ $# -gt 0 ]; do
        run curl -fsSL -o "$folder/$2" "$from/$2" &&
            run sh -c "echo '$1  $folder/$2' | $sums -c -" || {
            rm -f "$folder/$2"
            return 1
        }
        shift 2
    done
}

# --- From here on: what was asked ----------------------------------------------

groups=course
windows=
dry_run=
how=
while [ $# -gt 0 ]; do
    case $1 in
        --docs) groups="$groups docs" ;;
        --bench) groups="$groups bench" ;;
        --windows) windows=windows ;;
        --all) groups="course docs checkers bench" ;;
        --dry-run | -n) dry_run=yes ;;
        --how)
            [ $# -gt 1 ] || fail "Which tool? Say 'sh setup.sh --how doxygen', for example."
            shift
            how=$1
            ;;
        --help | -h)
            usage
            exit 0
            ;;
        *) fail "setup.sh does not know '$1': 'sh setup.sh --help' lists what it does know." ;;
    esac
    shift
done

find_system
[ -z "$pretended" ] || dry_run=yes

if [ -n "$how" ]; then
    dry_run=yes
    find_root
    names=$(packages "$how")
    case $system:$how:$names in
        macos:*:) echo "xcode-select --install" ;;
        *:criterion:-) echo "sh setup.sh" ;;
        *:doxygen-awesome-css:- | *:lunr:-) echo "sh setup.sh --docs" ;;
        *:-) fail "'$how' is not packaged for this system." ;;
        *) echo "$as_root${as_root:+ }$(manager) $names" ;;
    esac
    exit 0
fi

missing=
names=
criterion_from_source=
downloads=
for group in $groups $windows; do
    for tool in $(wanted "$group"); do
        there "$tool" && continue
        packages=$(packages "$tool")
        case $system:$tool:$packages in
            macos:*:)
                [ "$tool" = compiler ] || continue
                packages="Apple's command line tools"
                ;;
            *:) continue ;;
            *:criterion:-)
                criterion_from_source=yes
                packages="built from its release: not packaged here"
                ;;
            *:doxygen-awesome-css:- | *:lunr:-)
                downloads="$downloads $tool"
                packages="downloaded from its release: not packaged here"
                command -v curl >/dev/null 2>&1 || case $names in *curl*) ;; *) names="$names curl" ;; esac
                ;;
            *:-)
                echo "'$tool' ($(reason "$tool")) is not packaged for this system: going on without it."
                continue
                ;;
            *) names="$names $packages" ;;
        esac
        missing="$missing $tool"
        [ -n "${said-}" ] || echo "Missing here:"
        said=yes
        printf '  %-12s %s (%s)\n' "$tool" "$(reason "$tool")" "$packages"
    done
done
if [ -z "$missing" ]; then
    echo "Everything is here already."
    exit 0
fi

find_root
if [ -n "$dry_run" ]; then
    echo "These commands would be run:"
else
    echo "These commands are run now:"
fi
case "$system:$missing " in *macos:*" compiler "*)
    run xcode-select --install ||
        fail "Apple's command line tools could not be installed:" \
            "run 'xcode-select --install', then 'sh setup.sh' again."
    ;;
esac
case $system:$names in macos:?*)
    [ -n "$dry_run" ] || command -v brew >/dev/null 2>&1 ||
        fail "Homebrew is not installed: install it as https://brew.sh says," \
            "then run 'sh setup.sh' again."
    ;;
esac
trouble="could not install what is missing: read what it printed above, then run 'sh setup.sh' again."
if [ -n "$names" ]; then
    # shellcheck disable=SC2086 # names of packages are words
    install_packages $names || fail "$(manager | cut -d' ' -f1) $trouble"
fi
if [ -n "$criterion_from_source" ]; then
    build_criterion || fail "Criterion could not be built: the chapters run without it," \
        "only 'make test' needs it; read what is printed above, then run 'sh setup.sh' again."
fi
for tool in $downloads; do
    download "$tool" || fail "'$tool' could not be downloaded: only 'make docs' needs it;" \
        "read what is printed above, then run 'sh setup.sh --docs' again."
done
[ -z "$dry_run" ] || exit 0

for tool in $missing; do
    there "$tool" || fail "'$tool' is still missing although its package is installed:" \
        "run 'make doctor' to see what is wrong."
done
echo "Everything is here now: 'make run' shows the course's last chapter, 'make test' tests it all."
