#!/bin/sh
# Checks whether this machine has what the course needs, and says for each thing
# that is missing what to do: `make doctor`, or `sh scripts/doctor.sh` where there is
# no make yet. Fails when something is missing that the course cannot do without.
set -u
cd "$(dirname "$0")/.." || exit 1
. scripts/common.sh

missing=0
compiler=
untried="cannot be tried without a compiler: run 'sh setup.sh', then this again"
good() { printf '✓ %-12s %s\n' "$1" "$2"; }
bad() { # NAME WHAT-TO-DO
    [ "$compiler" ] || [ "$1" = compiler ] || set -- "$1" "${3-$2}"
    printf '✗ %-12s %s\n' "$1" "$2"
    missing=$((missing + 1))
}
without() { printf -- '- %-12s %s\n' "$1" "$2"; }

first_line() { "$@" 2>&1 | head -n 1; }
how() { sh setup.sh --how "$1" 2>/dev/null || echo "sh setup.sh --all"; }

# Compiles and runs the program on standard input.
try() { # FLAGS...
    cat >"$temporary/try.c"
    # shellcheck disable=SC2086 # CC may have words
    { ${CC-cc} -std=c11 -D_XOPEN_SOURCE=700 -pthread -o "$temporary/try" \
        "$temporary/try.c" "$@" && "$temporary/try"; } >/dev/null 2>&1
}

make_temporary

# Tools.
if command -v "${CC-cc}" >/dev/null 2>&1; then
    compiler=yes
    good compiler "$(first_line "${CC-cc}" --version)"
else
    bad compiler "there is no '${CC-cc}': run '$(how compiler)', or 'sh setup.sh'"
fi
for gnu in ${MAKE-} make gmake ''; do
    case $(first_line "${gnu:-false}" --version) in *GNU*) break ;; esac
done
if [ "$gnu" ]; then
    good make "$(first_line "$gnu" --version)"
else
    bad make "there is no GNU make: run '$(how make)', or 'sh setup.sh'"
fi
for tool in bats patch; do
    if command -v $tool >/dev/null 2>&1; then
        good $tool "$(command -v $tool)"
    else
        bad $tool "not installed, the repository's tests need it: run '$(how $tool)', or 'sh setup.sh'"
    fi
done

# What the chapters are made of.
try <<'END' && good C11 "atomics, threads and thread-local storage work" ||
#include <pthread.h>
#include <stdatomic.h>
static atomic_int count;
static _Thread_local int mine;
static void *add(void *unused) {
    mine = 1;
    atomic_fetch_add(&count, mine);
    return unused;
}
int main(void) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, add, NULL) != 0)
        return 1;
    pthread_join(thread, NULL);
    return !(atomic_load(&count) == 1 && mine == 0);
}
END
    bad C11 "a program with atomics and threads does not run: is the compiler older than gcc 4.9 or clang 3.6?" "$untried"

# shellcheck disable=SC2046 # pkg-config's flags are words
try $(pkg-config --cflags --libs criterion 2>/dev/null) -lcriterion <<'END' && good Criterion "a test compiles, links and passes" ||
#include <criterion/criterion.h>
Test(doctor, passes) {
    cr_assert(1);
}
END
    bad Criterion "a test does not link or run, and 'make test' needs that: run '$(how criterion)', or 'sh setup.sh'" "$untried"

try <<'END' && good loopback "a socket on 127.0.0.1 accepts a connection" ||
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>
int main(void) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int server = socket(AF_INET, SOCK_STREAM, 0);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    return bind(server, (struct sockaddr *)&address, size) != 0 || listen(server, 1) != 0 ||
           getsockname(server, (struct sockaddr *)&address, &size) != 0 ||
           connect(client, (struct sockaddr *)&address, size) != 0;
}
END
    bad loopback "no socket can be bound to 127.0.0.1, and chapters 3 to 5 need that: is the network interface 'lo' up?" "$untried"

# Chapter 3's threads and the usual demonstrations need a few descriptors; chapter 5's
# crowd of 10,000 connections needs two for each, in two processes.
descriptors=$(ulimit -n)
most=$(ulimit -H -n 2>/dev/null || echo "$descriptors")
enough() { [ "$1" = unlimited ] || [ "$1" -ge "$2" ]; }
if enough "$descriptors" 20000; then
    good descriptors "$descriptors for each process"
elif enough "$descriptors" 1024 && enough "$most" 20000; then
    good descriptors "$descriptors for each process; for chapter 5's crowd of 10,000 run 'ulimit -n 20000' first"
elif enough "$descriptors" 1024; then
    good descriptors "$descriptors for each process, at most $most: chapter 5's crowd will be smaller than 10,000"
else
    bad descriptors "only $descriptors for each process, and chapter 5 wants 1024: run 'ulimit -n 1024' in this shell"
fi

# What some verbs need and the course does not.
for tool in nc strace doxygen pandoc clang clang-format valgrind spin gcovr; do
    if command -v $tool >/dev/null 2>&1; then
        good $tool "$(command -v $tool)"
    else
        without $tool "not installed, only some verbs need it: '$(how $tool)'"
    fi
done
if [ -f bench/bench.sh ]; then
    if trouble=$(sh bench/bench.sh --can 2>&1); then
        good bench "libuv, libev and libevent can be measured against"
    else
        without bench "$trouble"
    fi
fi

echo
if [ $missing -eq 0 ]; then
    echo "This machine is ready: 'make run' shows where the course ends, chapters/01-simple-future where it begins."
else
    echo "This machine is not ready: $missing of the things above are missing; 'sh setup.sh' installs them."
    exit 1
fi
