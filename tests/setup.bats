#!/usr/bin/env bats
# setup.sh on every system that it knows: what it would run there.

load helper

# on_linux ID [VERSION-LIKE]: pretends that distribution, with nothing installed.
on_linux() {
    printf 'NAME=Some\nID=%s\nID_LIKE="%s"\n' "$1" "${2-}" >"$BATS_TEST_TMPDIR/os-release"
    export SETUP_UNAME=Linux SETUP_OS_RELEASE=$BATS_TEST_TMPDIR/os-release SETUP_UID=0
}

@test "Debian: apt-get, its lists first" {
    on_linux debian
    succeeds sh setup.sh --dry-run
    prints "  apt-get update
  env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends gcc libc6-dev make libcriterion-dev bats patch netcat-openbsd strace"
    prints_not sudo
    prints_not doxygen
}

@test "Debian: with sudo for who is not root" {
    on_linux debian
    SETUP_UID=1000 succeeds sh setup.sh --dry-run
    prints "  sudo apt-get update
  sudo env DEBIAN_FRONTEND=noninteractive apt-get install"
}

@test "Ubuntu and what is like it: apt-get" {
    on_linux ubuntu debian
    succeeds sh setup.sh --dry-run
    prints "apt-get install -y --no-install-recommends gcc libc6-dev make libcriterion-dev bats"
    on_linux linuxmint "ubuntu debian"
    succeeds sh setup.sh --dry-run
    prints "apt-get install"
}

@test "Fedora: dnf, and Criterion from its release" {
    on_linux fedora
    succeeds sh setup.sh --dry-run
    prints "dnf install -y gcc make bats"
    prints "criterion-2.4.3.tar.xz"
    prints "sha256sum -c"
}

@test "Arch: pacman" {
    on_linux arch
    succeeds sh setup.sh --dry-run
    prints "pacman -Sy --needed --noconfirm gcc make criterion bats"
}

@test "Alpine: apk, and Criterion from its release" {
    on_linux alpine
    succeeds sh setup.sh --dry-run
    prints "apk add gcc musl-dev make bats"
    prints "meson install"
}

@test "--windows: a compiler for Windows and Wine, with or without the rest" {
    on_linux debian
    succeeds sh setup.sh --windows --dry-run
    prints "libcriterion-dev bats patch netcat-openbsd strace gcc-mingw-w64-x86-64-posix wine64"
    succeeds sh setup.sh --windows --all --dry-run
    prints " gcovr "
    prints "gcc-mingw-w64-x86-64-posix wine64"
    on_linux arch
    succeeds sh setup.sh --windows --dry-run
    prints "bats patch openbsd-netcat strace mingw-w64-gcc wine"
    unset SETUP_OS_RELEASE
    SETUP_UNAME=MINGW64_NT succeeds sh setup.sh --windows --dry-run
    prints_not wine
}

@test "macOS: the command line tools and Homebrew, never with sudo" {
    SETUP_UNAME=Darwin SETUP_UID=501 succeeds sh setup.sh --dry-run
    prints "xcode-select --install
  brew install criterion bats-core"
    prints_not sudo
}

@test "FreeBSD: pkg, and GNU make" {
    SETUP_UNAME=FreeBSD SETUP_UID=0 succeeds sh setup.sh --dry-run
    prints "pkg install -y gmake criterion bats-core"
}

@test "MSYS2: pacman, with the names of the UCRT packages" {
    SETUP_UNAME=MINGW64_NT-10.0 succeeds sh setup.sh --dry-run
    prints "pacman -Sy --needed --noconfirm mingw-w64-ucrt-x86_64-gcc make"
    prints "'bats' (runs the tests of the repository as a whole) is not packaged for this system"
    prints_not sudo
}

@test "the site's theme and search are downloaded, and compared, where nobody packages them" {
    on_linux fedora
    SETUP_HAVE="compiler make criterion bats patch nc strace" \
        succeeds sh setup.sh --docs --dry-run
    prints "dnf install -y doxygen pandoc"
    prints "doxygen-awesome.css' | sha256sum -c -"
    prints "lunr.js' | sha256sum -c -"
    succeeds sh setup.sh --how lunr
    says "sh setup.sh --docs"
}

@test "it says what it installs and why before it does" {
    on_linux debian
    succeeds sh setup.sh --dry-run
    prints "Missing here:
  compiler     compiles the chapters (gcc libc6-dev)
  make         builds and runs them (make)"
}

@test "the tools for the site and the checkers come only when asked for" {
    on_linux debian
    succeeds sh setup.sh --docs --dry-run
    prints "doxygen pandoc doxygen-awesome-css libjs-lunr"
    prints_not valgrind
    succeeds sh setup.sh --all --dry-run
    prints "doxygen pandoc doxygen-awesome-css libjs-lunr clang libclang-rt-dev clang-format valgrind spin gcovr libuv1-dev libev-dev libevent-dev gnuplot-nox"
    succeeds sh setup.sh --bench --dry-run
    prints "strace libuv1-dev libev-dev libevent-dev gnuplot-nox"
    prints_not doxygen
}

@test "what is there is not installed again" {
    on_linux debian
    SETUP_HAVE="compiler make" succeeds sh setup.sh --dry-run
    prints "--no-install-recommends libcriterion-dev bats"
    SETUP_HAVE="compiler make criterion bats patch nc strace" succeeds sh setup.sh
    says "Everything is here already."
}

@test "here everything is installed already" {
    succeeds sh setup.sh
    says "Everything is here already."
}

@test "a system that it does not know is named, with what to do" {
    on_linux plan9
    fails sh setup.sh
    says "This system (Linux, plan9) is not one that setup.sh knows: install a C compiler, GNU make, Criterion and bats yourself, then run 'make doctor'."
}

@test "neither root nor sudo: one sentence says how to become root" {
    path_without sudo bats
    SETUP_UID=1000 PATH=$path fails sh setup.sh
    prints "You are not root and sudo is not installed: become root with 'su -' and run 'sh setup.sh' again."
    prints_not "These commands"
}

@test "a package manager that fails is named" {
    [ -f /etc/debian_version ] || skip "this is not Debian"
    path_without bats apt-get
    printf '%s\n' '#!/bin/sh' 'echo "apt: $*"; [ "$1" = update ]' >"$path/apt-get"
    chmod +x "$path/apt-get"
    SETUP_UID=0 PATH=$path fails sh setup.sh
    prints "apt-get could not install what is missing: read what it printed above, then run 'sh setup.sh' again."
    # It succeeds, and still the tool is not there.
    printf '%s\n' '#!/bin/sh' 'exit 0' >"$path/apt-get"
    SETUP_UID=0 PATH=$path fails sh setup.sh
    prints "'bats' is still missing although its package is installed: run 'make doctor' to see what is wrong."
}

@test "an option that it does not know is answered" {
    fails sh setup.sh --quickly
    says "setup.sh does not know '--quickly': 'sh setup.sh --help' lists what it does know."
    succeeds sh setup.sh --help
    prints "--dry-run"
}

@test "it asks for no more than a POSIX shell" {
    on_linux debian
    for shell in dash "busybox sh" bash; do
        command -v "${shell%% *}" >/dev/null || continue
        # shellcheck disable=SC2086 # the shell may be two words
        succeeds $shell setup.sh --all --dry-run
        prints "apt-get install"
    done
}
