#!/bin/sh
# Compiles for Fuchsia what can be compiled without Fuchsia, and names the rest:
# `sh scripts/fuchsia.sh chapters/04-io-blocker ...`. There is no SDK, no C library
# and no kernel of Fuchsia here: clang knows the processor and the calling
# convention, tests/models/fuchsia declares the system calls as they are documented.
# Nothing is linked, and nothing is run.
set -u
cd "$(dirname "$0")/.." || exit 1
. scripts/common.sh
need clang "'make fuchsia'"
make_temporary
model=tests/models/fuchsia

# Compiles one file. Fails when it is wrong; a header that is not there is no fault.
compile() { # CPU FILE
    clang --target="$1-fuchsia" -std=c11 -ffreestanding -nostdlibinc -O2 \
        -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror \
        -I"$model" -isystem "$model/libc" -c -o "$temporary/object.o" "$2" 2>"$temporary/log" && {
        compiled="$compiled ${2##*/}"
        return
    }
    header=$(sed -n "s/.*fatal error: '\(.*\)' file not found.*/\1/p" "$temporary/log")
    case $header in
        '' | *zircon/* | *fdio/*)
            cat "$temporary/log" >&2
            fail "$2 does not compile for $1-fuchsia."
            ;;
    esac
    missing="$missing ${2##*/} (<$header>)"
}

ported=
for folder; do
    [ -f "$folder/src/backend_port.c" ] || continue
    for cpu in x86_64 aarch64; do
        compiled='' missing=''
        for file in "$folder"/src/*.c; do
            case ${file##*/} in
                backend_port.c) ;;
                backend_* | platform_*) continue ;; # of other systems
            esac
            compile "$cpu" "$file"
        done
        case $compiled in
            *backend_port.c*io_blocker.c*) ;;
            *) fail "$folder: backend_port.c and io_blocker.c have to compile for $cpu-fuchsia, but need$missing." ;;
        esac
        echo "${folder##*/}, $cpu-fuchsia: compiled$compiled"
        echo "  not compiled, for want of a C library's header:${missing:- none}"
    done
    ported=yes
done
[ "$ported" ] || fail "Only chapters 4 and 5 have a back end for Fuchsia."
echo "Nothing was linked or run: there is no SDK, no C library and no kernel of Fuchsia here."
