#!/usr/bin/env bash
# The README's two commands on a fresh machine, as printed there, and what they print.
#
#   fresh_machine.sh                 a clean user: a fresh clone, an empty home and cache, an empty environment
#   fresh_machine.sh --debian SUITE  a minimal Debian by debootstrap (needs root): bookworm, trixie, ...
#
# The second command runs the whole suite. FRESH_MACHINE_TESTS='tests/config -k origin' has it run only that:
# .ci/run says so, for it has just run the whole suite.
set -euo pipefail

TALK_S=600 TESTS_S=2400 # the longest that each command may take, with its installation

source=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT

readme() { grep -m1 -E "$1" "$source/README.md" || fail "README.md has no line $1"; }

say() { printf 'fresh_machine: %s\n' "$*"; }

fail() {
    say "$1" >&2
    [ ! -e "$work/said" ] || tail -n 40 "$work/said" >&2
    local report # of a bug; the machine's /tmp goes away
    report=$(grep -oEm1 '/tmp/realtime-cli-bug-[a-z0-9_]+\.txt' "$work/said" 2>/dev/null) &&
        cat "$work/root$report" "$report" 2>/dev/null >&2
    exit 1
}

said() { grep -qE -- "$1" "$work/said"; }

# The README's talk command, through "$@" (a way into the machine), until it ends by itself, as it does
# without a sound card, or until the agent has greeted: then Ctrl+C, as a user would.
talks() {
    local began=$SECONDS pid code=0 interrupted=no
    "$@" "$talk" >"$work/said" 2>&1 </dev/null &
    pid=$!
    while kill -0 "$pid" 2>/dev/null; do
        if [ $interrupted = no ] && said '^Agent: [A-Z]' && ! said '^realtime-cli: No sound card'; then
            kill -INT -- "-$pid"
            interrupted=yes
        fi
        [ $((SECONDS - began)) -lt $TALK_S ] || { kill -KILL -- "-$pid" && fail "talk took more than $TALK_S s"; }
        sleep 1
    done
    wait "$pid" || code=$?
    [ $interrupted = no ] || [ $code != 130 ] || code=0
    [ $code = 0 ] || fail "talk ended with exit code $code"
    greeted $interrupted
    say "talked after $((SECONDS - began)) s in all: $(grep -m1 '^Agent: ' "$work/said")"
}

# What the talk printed, with a sound card ($1: yes, and interrupted) or without.
greeted() {
    ! said 'Traceback|ALSA lib|Error' || fail 'talk said what no user should read'
    said '^Agent: Hello' || fail 'the agent did not greet'
    said '^Recording: ' || fail 'nothing says where the recording is'
    [ "$1" = yes ] || { said '^You: .*time' && said '^Agent: It is [0-9]'; } || fail 'the question was not answered'
}

# The README's test command, through "$@".
tests_pass() {
    local began=$SECONDS
    timeout $TESTS_S "$@" "$tests" >"$work/said" 2>&1 </dev/null || fail 'the tests failed'
    said '[1-9][0-9]* passed' || fail 'no test passed'
    say "tested after $((SECONDS - began)) s in all: $(grep -E 'passed' "$work/said" | tail -n 1)"
}

clean=(env -i PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin LANG=C.UTF-8 "PYTEST_ADDOPTS=${FRESH_MACHINE_TESTS:-}")

clean_user=("${clean[@]}" HOME="$work/home" bash -c 'cd "$0" && eval "$1"' "$work/clone")

# In name spaces of its own, so that nothing stays mounted or running.
minimal_debian=("${clean[@]}" HOME=/root unshare --mount --pid --fork --kill-child bash -c '
    mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && exec chroot "$0" bash -c "cd /root/clone && $1"
' "$work/root")

make_debian() {
    command -v debootstrap >/dev/null || fail 'this needs debootstrap (apt-get install debootstrap)'
    debootstrap --variant=minbase --include=ca-certificates,python3 "$1" "$work/root" >"$work/said" 2>&1 ||
        fail 'debootstrap failed'
    # The way to the network is this machine's: its names, its certificates (of an inspecting proxy, say).
    cp /etc/resolv.conf "$work/root/etc/"
    cp /etc/ssl/certs/ca-certificates.crt "$work/root/etc/ssl/certs/"
    [ ! -e /etc/pip.conf ] || cp /etc/pip.conf "$work/root/etc/"
    say "made a minimal Debian $(cat "$work/root/etc/debian_version") of $(du -sm "$work/root" | cut -f1) MiB"
}

talk=$(readme '^\.ci/bootstrap && .* talk ')
tests=$(readme '^\.ci/bootstrap dev && ')
set -m # each command is a process group of its own, so that Ctrl+C reaches all of it

case ${1:-} in
    '')
        mkdir "$work/home"
        git clone -q "$source" "$work/clone"
        machine=("${clean_user[@]}")
        ;;
    --debian)
        make_debian "${2:-bookworm}"
        git clone -q "$source" "$work/root/root/clone"
        machine=("${minimal_debian[@]}")
        ;;
    *) fail 'usage: fresh_machine.sh [--debian SUITE]' ;;
esac
talks "${machine[@]}"
tests_pass "${machine[@]}"
