#!/usr/bin/env bats
# Chapter 5's demonstrations where something is missing, closed, full or nobody's:
# each says what is wrong in a sentence, ends, and a server goes on serving.

# shellcheck disable=SC2016 # what the inner shell is to expand stands in single quotes

load helper

setup_file() {
    mkdir "$BATS_FILE_TMPDIR/chapter"
    cp -R chapters/05-socket-read/Makefile chapters/05-socket-read/src \
        chapters/05-socket-read/demo "$BATS_FILE_TMPDIR/chapter"
    make -s -j2 -C "$BATS_FILE_TMPDIR/chapter" >&2
    demo=$(echo "$BATS_FILE_TMPDIR"/chapter/build/*/run-demo)
    export demo
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
}

teardown() {
    [ -z "${server-}" ] || kill -KILL "$server" 2>/dev/null || true
}

# Ends with that status, and says that and nothing else.
ends() { # STATUS SENTENCE
    [ "$status" -eq "$1" ] || {
        echo "It ended with $status, not with $1, and printed:"
        echo "$output"
        return 1
    }
    says "$2"
}

# Starts a server whose output goes to a file or a named pipe.
serve() { # OUTPUT
    "$demo" --serve >"$1" 2>errors 3>&- 4>&- &
    server=$!
}

# The same, with a pipe that is open at its other end, 4, and not read there after
# the first line.
serve_unread() { # ERRORS
    local line
    mkfifo log
    exec 4<>log
    "$demo" --serve >log 2>"$1" 3>&- 4>&- &
    server=$!
    read -r line <&4
    port=${line#*:} port=${port%;*}
}

wait_for_port() { # FILE
    local tries
    for ((tries = 0; tries < 100; tries++)); do
        port=$(sed -n 's/^Listening on 127.0.0.1:\([0-9]*\);.*/\1/p' "$1")
        [ -z "$port" ] || return 0
        sleep 0.1
    done
    echo "The server does not say where it listens."
    return 1
}

# Each says a line and reads it again.
visit() { # TIMES
    local i answer
    for ((i = 0; i < $1; i++)); do
        exec 5<>"/dev/tcp/127.0.0.1/$port"
        echo "visit $i" >&5
        read -r -t 10 answer <&5 || true
        exec 5>&-
        [ "$answer" = "visit $i" ] || {
            echo "The server served $i connections, and then no more."
            return 1
        }
    done
}

# Ctrl-C. The status is in $status.
interrupt() {
    local tries
    kill -INT "$server"
    for ((tries = 0; tries < 100; tries++)); do
        if ! kill -0 "$server" 2>/dev/null; then
            status=0
            wait "$server" || status=$?
            server=
            return 0
        fi
        sleep 0.1
    done
    echo "The server was interrupted, and goes on for ten seconds."
    return 1
}

# --- The log -------------------------------------------------------------------

@test "a server whose log nobody reads serves on, and Ctrl-C ends it" {
    serve_unread errors
    visit 2500
    interrupt
    [ "$status" -eq 0 ]
    run cat errors
    [[ $output =~ ^"Standard output had no room for "[0-9]+" lines."$ ]] || {
        echo "$output"
        return 1
    }
}

@test "a server whose log has no room on either output ends at Ctrl-C" {
    serve_unread log
    visit 2500
    interrupt
    [ "$status" -eq 0 ]
}

@test "a server whose log is read again tells how many lines are missing" {
    serve_unread errors
    visit 2500
    said=0 missing=0 notices=0
    count_line() {
        case $line in
            connection*) said=$((said + 1)) ;;
            *"of the log w"*) missing=$((missing + ${line%% *})) notices=$((notices + 1)) ;;
        esac
    }
    while read -t 0 -r -u 4 line; do
        read -r -u 4 line
        count_line
    done
    visit 1
    while [[ $line != "connection 2501 ends"* ]]; do
        read -t 10 -r -u 4 line
        count_line
    done
    echo "$said lines are there, $notices notices tell of $missing that are not."
    [ $notices -ge 1 ]
    [ $((said + missing)) -eq 2501 ]
    interrupt
}

@test "a server whose log's reader has gone serves on" {
    mkfifo log
    : >first
    head -n 1 log >first 3>&- 4>&- &
    serve log
    wait_for_port first
    visit 3
    interrupt
    run cat errors
    says "Standard output cannot be written: Broken pipe."
}

@test "a full standard output is told, and is a failure" {
    [ -e /dev/full ] || skip "this system has no /dev/full"
    for options in "" "--crowd 3" "--serve"; do
        # shellcheck disable=SC2086
        run timeout 20 bash -c '"$demo" "$@" 2>&1 >/dev/full' - $options
        ends 1 "Standard output cannot be written: No space left on device."
    done
}

@test "a closed standard output is told, and is a failure" {
    for options in "" "--crowd 3" "--serve"; do
        # shellcheck disable=SC2086
        run timeout 20 bash -c '"$demo" "$@" 2>&1 >&-' - $options
        ends 1 "Standard output is closed."
        # shellcheck disable=SC2086
        run timeout 20 bash -c '"$demo" "$@" 2>&-' - $options
        ends 1 "Standard error is closed."
        # shellcheck disable=SC2086
        run timeout 20 bash -c '"$demo" "$@" >&- 2>&- <&-' - $options
        ends 1 ""
    done
}

@test "a closed standard input does not matter" {
    succeeds timeout 20 bash -c '"$demo" <&-'
    prints "what came back is what went in"
    succeeds timeout 20 bash -c '"$demo" --crowd 3 <&-'
    prints "3 answered twice"
}

# --- Files ---------------------------------------------------------------------

refuses_file() { # PATH WHY
    run timeout 20 bash -c '"$demo" --file "$1" 2>&1 >output' - "$1"
    ends 1 "The file '$1' cannot be sent: $2."
}

@test "what is no regular file is not read" {
    mkfifo pipe
    refuses_file . "it is a folder"
    refuses_file pipe "it is no regular file, and might never end"
    refuses_file /dev/zero "it is no regular file, and might never end"
    refuses_file nowhere "No such file or directory"
    refuses_file nowhere/at/all "No such file or directory"
}

@test "a file that would fill the memory is refused, and one byte less is sent" {
    dd if=/dev/zero of=large bs=1 count=0 seek=268435457 2>/dev/null
    refuses_file large "it has more than 256 MiB, and the client keeps it in memory"
    dd if=/dev/zero of=allowed bs=1 count=0 seek=268435456 2>/dev/null
    succeeds timeout 60 "$demo" --file allowed
    prints "client: 268435456 bytes sent, 268435456 came back"
}

@test "an empty file is sent" {
    : >empty
    succeeds timeout 20 "$demo" --file empty
    prints "client: 0 bytes sent, 0 came back"
    prints "what came back is what went in"
}

# --- Limits --------------------------------------------------------------------

# Runs a demonstration that may open so many descriptors.
limited() { # DESCRIPTORS OPTION...
    run timeout 30 bash -c 'exec 3>&- 4>&-; ulimit -n "$1" && shift && exec "$demo" "$@"' - "$@"
}

@test "with few descriptors the transfer says what is missing, or works" {
    worked=0
    for ((limit = 4; limit <= 12; limit++)); do
        limited $limit
        if [ "$status" -eq 0 ]; then
            prints "what came back is what went in"
            worked=$((worked + 1))
        else
            [ "$status" -eq 1 ]
            prints "Too many open files"
            [[ $output == *"ulimit -n"* || $output == *"The client gave up"* ]]
        fi
    done
    [ "$worked" -ge 1 ]
}

@test "with few descriptors a crowd says how large it may be, and that is true" {
    limited 6 --crowd 1
    [ "$status" -eq 1 ]
    prints "This process may open 6 descriptors, too few for a crowd of one: raise the limit with 'ulimit -n'."
    limited 40 --crowd 40
    [ "$status" -eq 1 ]
    prints "This process may open 40 descriptors: try --crowd "
    most=${output#*--crowd } most=${most%%,*}
    limited 40 --crowd "$most"
    [ "$status" -eq 0 ]
    prints "clients: $most connected at once, $most answered twice"
}

@test "a port that is in use is told by each of them" {
    serve log
    wait_for_port log
    for options in "" "--crowd 3" "--serve"; do
        # shellcheck disable=SC2086
        run timeout 20 bash -c '"$demo" "$@" 2>&1 >output' - --port "$port" $options
        ends 1 "Port $port on 127.0.0.1 is in use by another program: choose another one, or leave --port out."
    done
    interrupt
}

# --- The command line ----------------------------------------------------------

refuses() { # SENTENCE OPTION...
    local sentence=$1
    shift
    run timeout 20 "$demo" "$@"
    ends 2 "$sentence"
}

@test "an option that cannot be is refused with what it should be" {
    for number in 0 60001 -1 1.5 x 99999999999999999999; do
        refuses "--crowd needs a number from 1 to 60000, and not '$number'." --crowd $number
    done
    for number in 0 65536 -1 0x50; do
        refuses "--port needs a number from 1 to 65535, and not '$number'." --port $number
    done
    refuses "--crowd needs a number from 1 to 60000, and not ''." --crowd
    refuses "--port needs a number from 1 to 65535, and not ''." --serve --port
    refuses "--file needs the path of a file." --file
    refuses "'--help' is not understood: use --file PATH, --serve, --crowd N, --idle SECONDS or --port P." --help
    refuses "Use one of --file, --serve and --crowd." --serve --crowd 3
}
