#!/bin/sh
# The main job on loopback: plays a fleet, scans it, leaves what was read; then all of it, with an agent that sends to a
# collector. `make demo` calls it with ptscan in PATH. It needs no terminal and no network, and stops what it started.
# Another fleet: DEVICES=20 NETWORK=127.21.0.0/24.
set -eu

devices=${DEVICES:-200}
network=${NETWORK:-127.20.0.0/16}
kept=${KEEP:-demo.jsonl}
home=${FOLDER:-demo}

scratch=$(mktemp -d)
simulators=
finish() {
    code=$?
    trap '' INT TERM
    for simulator in $simulators; do
        kill "$simulator" 2>/dev/null || true
        wait "$simulator" || true
    done
    rm -rf "$scratch"
    exit "$code"
}
trap finish EXIT
trap 'exit 130' INT TERM

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] || say() { printf '\n%s\n' "$*"; }

play() { # the options of `ptscan sim`; sets $port once every device answers, which is its first line
    say "\$ ptscan sim $* --port 0 &"
    : >"$scratch/ready" # another fleet may have said so
    ptscan sim "$@" --port 0 >"$scratch/ready" 2>"$scratch/words" &
    simulators="$simulators $!"
    tries=0
    until grep -q '^ready: ' "$scratch/ready"; do
        tries=$((tries + 1))
        if ! kill -0 "$!" 2>/dev/null || [ "$tries" -gt 300 ]; then
            echo "the fleet did not start:" >&2
            cat "$scratch/words" >&2
            exit 1
        fi
        sleep 0.1
    done
    cat "$scratch/ready"
    port=$(sed -n 's/^ready: .* port \([0-9]*\)$/\1/p' "$scratch/ready")
}

play --fleet "$devices" --seed 7 --network "$network"

say "\$ ptscan scan $network --port $port"
ptscan scan "$network" --port "$port"

say "\$ ptscan scan $network --port $port --format jsonl -o $kept"
ptscan scan "$network" --port "$port" --format jsonl -o "$kept"

users=$scratch/ward.toml
(umask 077 && cat >"$users") <<'END'
[[user]]
name = "ward"
auth = "sha256"
auth_password = "maplesyrup"
priv = "aes128"
priv_password = "pancakes"
END
say "A ward has SNMPv1 and v2c switched off. $users:"
cat "$users"
play --fleet 12 --seed 11 --network 127.22.0.0/28 --credentials "$users"
say "\$ ptscan scan 127.22.0.0/28 --port $port --credentials $users"
ptscan scan 127.22.0.0/28 --port "$port" --credentials "$users"

say "Now with nobody at the keyboard: a collector, an agent that enrols with it, three rounds. \$ ptscan demo --exit --folder $home"
rm -rf "$home/agent" "$home/collector" # an earlier demo's
ptscan demo --printers "$devices" --rounds 3 --exit --folder "$home" --network 127.23.0.0/16

say "\$ ptscan collector agent list --folder $home/collector"
ptscan collector agent list --folder "$home/collector"

say "$(wc -l <"$kept") readings of the scan lie in $kept, one a line; the collector's database is in $home/collector. To go on:"
cat <<END
    . .venv/bin/activate
    ptscan scan local                              your own network
    ptscan scan 10.1.0.0/16 --format xlsx -o fleet.xlsx
    ptscan read ADDRESS --explain                  where every value came from
    ptscan record ADDRESS -o device.snmprec        keep a device, and play it with: ptscan sim device.snmprec

    ptscan collector devices --folder $home/collector --format json
    ptscan collector readings DEVICE_ID --folder $home/collector
    ptscan collector check --folder $home/collector
    ptscan agent status --folder $home/agent

    ptscan demo                                    the same, until Ctrl-C, to look around meanwhile
    ptscan collector init && ptscan collector run  one of your own; then: ptscan collector token create --entity NAME
END
