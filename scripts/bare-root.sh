#!/bin/sh
# Shows that the README's commands bring a bare machine to the running server: in
# a new Debian 12 with nothing in it but what every Debian has, made for this and
# thrown away afterwards. There, as root,
#     sh setup.sh && make run
#     make test
#     sh setup.sh --docs && make docs
# and in a second one the first command again, as an ordinary user with sudo. What
# is tried is the last commit, not what has changed since.
#
# Needs root, debootstrap and git. Some minutes, and 3 GB in /var/tmp or $TMPDIR.
#
# Everything happens in a mount namespace and a process namespace of its own (see
# unshare(1)). When it ends, however that comes, the kernel takes away what was
# mounted and started in there; outside nothing is ever mounted.
set -u
cd "$(dirname "$0")/.." || exit 1
. scripts/common.sh

[ $# -eq 0 ] || fail "bare-root.sh takes no arguments: it tries the README's commands in a new Debian."
[ "$(id -u)" = 0 ] || fail "Only root can make a new system: run 'sudo sh scripts/bare-root.sh'."
for tool in debootstrap git unshare; do
    command -v $tool >/dev/null 2>&1 ||
        fail "'$tool' is not installed, and a new system cannot be made without it: run 'apt-get install $tool'."
done
unshare --mount --pid --fork true 2>/dev/null ||
    fail "Nothing may be mounted here: in a container, that needs the capability SYS_ADMIN."

child=
folder=$(mktemp -d "${TMPDIR:-/var/tmp}/bare-root.XXXXXX") || exit 1
trap end EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

end() {
    # What unshare started dies with it, and with that the last mount goes.
    if [ "$child" ]; then
        kill -KILL "$child" 2>/dev/null
        wait "$child" 2>/dev/null
    fi
    if grep -qF " $folder/" /proc/self/mountinfo; then
        echo "Something is mounted in $folder, so it is left as it is:" >&2
        grep -F " $folder/" /proc/self/mountinfo >&2
    else
        rm -rf --one-file-system "$folder"
    fi
}

# Runs a command in namespaces of its own. It is waited for in the background, so
# that a signal ends it at once; what runs in there may be interrupted as usual.
apart() { # COMMAND...
    unshare --mount --pid --fork --kill-child \
        env --default-signal=INT,QUIT "$@" </dev/null &
    child=$!
    wait $child
    result=$?
    child=
    return $result
}

# step WHAT COMMAND...: ends everything when the command fails.
step() {
    what=$1
    shift
    echo "---- $what"
    since=$(date +%s)
    "$@"
    result=$?
    took=$(($(date +%s) - since))
    [ $result -eq 0 ] || fail "---- failed after $took s: $what"
    echo "---- $took s"
    summary="$summary
  $(printf '%4d s  %s' $took "$what")"
}

# Runs commands in the new system, with an environment as empty as a first login.
# The first process waits for all that lose their parent, as init does.
inside() { # ROOT USER COMMANDS
    case $2 in root) home=/root ;; *) home=/home/$2 ;; esac
    # shellcheck disable=SC2016 # the inner shell expands them
    apart sh -c '
        mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" || exit 1
        chroot "$1" setpriv --reuid "$2" --regid "$2" --init-groups \
            env -i HOME="$3" USER="$2" TERM=dumb \
            PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
            sh -c "cd && { $4; }"
        exit $?
    ' sh "$1" "$2" "$home" "$3"
}

# A new system, with this machine's own way to its packages.
make_root() { # ROOT
    site=$(apt-get indextargets --format '$(SITE)' "Codename: bookworm" "Component: main" 2>/dev/null |
        grep -v security | head -n 1)
    apart debootstrap --variant=minbase bookworm "$1" ${site:+"$site"} >"$folder/debootstrap.log" 2>&1 || {
        tail -n 20 "$folder/debootstrap.log" >&2
        return 1
    }
    rm -rf "$1"/etc/apt/sources.list*
    cp -RL /etc/apt/apt.conf.d /etc/apt/sources.list* "$1/etc/apt" &&
        cp -L /etc/resolv.conf "$1/etc/resolv.conf" &&
        echo "127.0.0.1 localhost $(uname -n)" >"$1/etc/hosts"
}

# The last commit, as a clone of it would be on that machine.
put_course() { # ROOT HOME
    git -c advice.detachedHead=false clone --quiet --no-hardlinks . "$1$2/course"
}

add_reader() { # ROOT
    inside "$1" root '
        apt-get -qq update && apt-get -qq install -y --no-install-recommends sudo &&
        useradd --create-home --shell /bin/sh reader &&
        echo "reader ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/reader' >"$folder/sudo.log" 2>&1 || {
        cat "$folder/sudo.log" >&2
        return 1
    }
    put_course "$1" /home/reader &&
        inside "$1" root 'chown -R reader:reader /home/reader/course'
}

summary=
begin=$(date +%s)
step "a new Debian 12, minimal" make_root "$folder/first"
step "another one like it" cp -a "$folder/first" "$folder/second"
put_course "$folder/first" /root || exit 1
step "as root: sh setup.sh && make run" \
    inside "$folder/first" root 'cd course && sh setup.sh && make run'
step "as root: make test" \
    inside "$folder/first" root 'cd course && make test'
step "as root: sh setup.sh --docs && make docs" \
    inside "$folder/first" root 'cd course && sh setup.sh --docs && make docs'
rm -rf --one-file-system "$folder/first"
step "a user who may use sudo" add_reader "$folder/second"
step "as that user: sh setup.sh && make run" \
    inside "$folder/second" reader 'cd course && sh setup.sh && make run'
echo "On a bare machine all of it works:$summary
  $(printf '%4d s' $(($(date +%s) - begin)))  in all"
