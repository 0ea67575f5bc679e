#!/usr/bin/env bash
# The README's first command on a fresh machine, as printed, and what it prints.
#
#   fresh_machine.sh                 a fresh clone, an empty home and cache (default)
#   fresh_machine.sh --debian SUITE  a minimal Debian made by debootstrap (root, network), both commands
set -euo pipefail

source=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

readme() { grep -m1 -E "$1" "$source/README.md"; }
talk=$(readme '^\.ci/bootstrap && .* talk ')
tests=$(readme '^\.ci/bootstrap dev && ')

fail() {
    printf 'fresh_machine: %s\n' "$1" >&2
    [ ! -e "$work/said" ] || tail -n 40 "$work/said" >&2
    exit 1
}

# Runs the talk command in "$@" (a way into the machine) until the agent has greeted, then interrupts it.
talk_until_greeted() {
    "$@" "$talk" >"$work/said" 2>&1 </dev/null &
    local pid=$! waited=0
    until grep -qiE '^(agent|assistant)\b.*[a-z]{2,}' "$work/said"; do
        kill -0 "$pid" 2>/dev/null || { wait "$pid" || fail "talk ended with $? before the agent greeted"; break; }
        [ "$((waited += 1))" -lt 400 ] || { kill "$pid" && fail 'no greeting within 400 s'; }
        sleep 1
    done
    kill -INT -- "-$pid" 2>/dev/null || true
    local code=0
    wait "$pid" || code=$?
    case $code in 0 | 130) ;; *) fail "talk ended with $code" ;; esac
    ! grep -q Traceback "$work/said" || fail 'a traceback'
    printf 'fresh_machine: greeted after %d s: %s\n' "$waited" "$(grep -m1 -iE '^(agent|assistant)\b' "$work/said")"
}

clean_user() {
    env -i PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin LANG=C.UTF-8 HOME="$work/home" \
        setsid --wait bash -c "cd '$work/clone' && $1"
}

minimal_debian() { chroot "$work/root" bash -lc "cd /root/clone && $1"; }

set -m # each command is a process group of its own, so that an interrupt reaches all of it
case ${1:-} in
    '')
        mkdir "$work/home"
        git clone -q "$source" "$work/clone"
        talk_until_greeted clean_user
        ;;
    --debian)
        command -v debootstrap >/dev/null || fail 'needs debootstrap (apt-get install debootstrap)'
        debootstrap --variant=minbase --include=ca-certificates,python3 "${2:-bookworm}" "$work/root" >"$work/said" ||
            fail 'debootstrap failed'
        trap 'umount -R "$work/root/proc" "$work/root/dev" 2>/dev/null; rm -rf --one-file-system "$work"' EXIT
        mount -t proc proc "$work/root/proc"
        mount --rbind /dev "$work/root/dev"
        cp /etc/resolv.conf "$work/root/etc/"
        cp /etc/ssl/certs/ca-certificates.crt "$work/root/etc/ssl/certs/" # a proxy here may have one of its own
        git clone -q "$source" "$work/root/root/clone"
        talk_until_greeted minimal_debian
        minimal_debian "$tests" || fail 'the tests failed'
        ;;
    *) fail 'usage: fresh_machine.sh [--debian SUITE]' ;;
esac
