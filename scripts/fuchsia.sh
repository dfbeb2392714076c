#!/bin/sh
# Compiles for Fuchsia what can be compiled without Fuchsia, and names the rest:
# `sh scripts/fuchsia.sh chapters/04-io-blocker ...`. There is no SDK, no C library
# and no kernel of Fuchsia here: clang knows the processor and the calling
# convention, support/models/fuchsia declares the system calls as they are documented.
# Nothing is linked, and nothing is run.
set -u
cd "$(dirname "$0")/.." || exit 1
. scripts/common.sh
need clang "'make fuchsia'"
make_temporary
model=support/models/fuchsia

# Compiles one file. Fails when it is wrong; a header that is not there is no fault.
compile() { # CPU FILE
    clang --target="$1-fuchsia" -std=c11 -ffreestanding -nostdlibinc -O2 \
        -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror \
        -I"$model" -I"$folder/src" -isystem "$model/libc" -c -o "$temporary/object.o" "$2" 2>"$temporary/log" && {
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
    [ -f "$folder/src/backends/port.c" ] || continue
    for cpu in x86_64 aarch64; do
        compiled='' missing=''
        for file in "$folder"/src/*.c "$folder/src/backends/port.c"; do
            compile "$cpu" "$file"
        done
        case $compiled in
            *io_blocker.c*" port.c"*) ;;
            *) fail "$folder: backends/port.c and io_blocker.c have to compile for $cpu-fuchsia, but need$missing." ;;
        esac
        echo "${folder##*/}, $cpu-fuchsia: compiled$compiled"
        echo "  not compiled, for want of a C library's header:${missing:- none}"
    done
    ported=yes
done
[ "$ported" ] || fail "Only chapters 4 and 5 have a back end for Fuchsia."
echo "Nothing was linked or run: there is no SDK, no C library and no kernel of Fuchsia here."
