#!/usr/bin/env bats
# scripts/bare-root.sh leaves nothing behind, however it ends: no folder, no mount, no
# process; and it removes nothing that was mounted into its folder. (That it works is
# shown by running it, in .ci/run.)

load helper

setup() {
    [ "$(id -u)" = 0 ] || skip "only root can make a new system"
    unshare --mount --pid --fork true 2>/dev/null || skip "nothing can be mounted here"
    command -v git >/dev/null || skip "git is not installed"
    export TMPDIR=$BATS_TEST_TMPDIR/space PRECIOUS=$BATS_TEST_TMPDIR/precious
    mkdir "$TMPDIR" "$PRECIOUS" "$BATS_TEST_TMPDIR/bin"
    echo kept >"$PRECIOUS/file"
    PATH=$BATS_TEST_TMPDIR/bin:$PATH
}

# A debootstrap that mounts what must not be lost, and goes on with the given commands.
debootstrap_does() { # COMMANDS
    cat >"$BATS_TEST_TMPDIR/bin/debootstrap" <<END
#!/bin/sh
mkdir -p "\$3/inside" && mount --bind "$PRECIOUS" "\$3/inside" || exit 1
cat "\$3/inside/file"
touch "$BATS_TEST_TMPDIR/mounted"
$1
END
    chmod +x "$BATS_TEST_TMPDIR/bin/debootstrap"
}

nothing_is_left() {
    [ -e "$BATS_TEST_TMPDIR/mounted" ]
    [ "$(cat "$PRECIOUS/file")" = kept ]
    [ -z "$(ls -A "$TMPDIR")" ]
    ! grep -F "$TMPDIR" /proc/self/mountinfo
}

@test "a bare machine that cannot be made leaves nothing" {
    debootstrap_does 'echo "no such suite"; exit 1'
    fails sh scripts/bare-root.sh
    prints "no such suite"
    [[ ${lines[-1]} =~ ^"---- failed after "[0-9]+" s: a new Debian 12, minimal"$ ]]
    nothing_is_left
}

@test "a bare machine that is interrupted leaves nothing" {
    for signal in INT TERM HUP; do
        rm -f "$BATS_TEST_TMPDIR/mounted"
        debootstrap_does "sleep 1000.$BASHPID"
        env --default-signal=INT sh scripts/bare-root.sh >"$BATS_TEST_TMPDIR/log" 2>&1 3>&- &
        script=$!
        for ((tries = 0; tries < 100; tries++)); do
            [ ! -e "$BATS_TEST_TMPDIR/mounted" ] || break
            sleep 0.1
        done
        kill -s $signal $script
        status=0
        wait $script || status=$?
        [ $status -gt 128 ]
        nothing_is_left
        ! ps ax 2>/dev/null | grep -v grep | grep "sleep 1000.$BASHPID"
    done
}

@test "what the script needs is named" {
    path_without debootstrap
    PATH=$path fails sh scripts/bare-root.sh
    says "'debootstrap' is not installed, and a new system cannot be made without it: run 'apt-get install debootstrap'."
    fails sh scripts/bare-root.sh --quickly
    says "bare-root.sh takes no arguments: it tries the README's commands in a new Debian."
}
