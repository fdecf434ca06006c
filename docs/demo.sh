#!/bin/sh
# The main job on loopback: plays a fleet, scans it, leaves what was read. `make demo` calls it with ptscan in PATH.
# It needs no terminal and no network, and stops the fleet that it started. Another fleet: DEVICES=20 NETWORK=127.21.0.0/24.
set -eu

devices=${DEVICES:-200}
network=${NETWORK:-127.20.0.0/16}
kept=${KEEP:-demo.jsonl}

scratch=$(mktemp -d)
simulator=
finish() {
    code=$?
    trap '' INT TERM
    if [ -n "$simulator" ]; then
        kill "$simulator" 2>/dev/null || true
        wait "$simulator" || true
    fi
    rm -rf "$scratch"
    exit "$code"
}
trap finish EXIT
trap 'exit 130' INT TERM

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] || say() { printf '\n%s\n' "$*"; }

say "\$ ptscan sim --fleet $devices --seed 7 --network $network --port 0 &"
ptscan sim --fleet "$devices" --seed 7 --network "$network" --port 0 >"$scratch/ready" 2>"$scratch/words" &
simulator=$!
tries=0
until grep -q '^ready: ' "$scratch/ready"; do # its first line, once every device answers
    tries=$((tries + 1))
    if ! kill -0 "$simulator" 2>/dev/null || [ "$tries" -gt 300 ]; then
        echo "the fleet did not start:" >&2
        cat "$scratch/words" >&2
        exit 1
    fi
    sleep 0.1
done
cat "$scratch/ready"
port=$(sed -n 's/^ready: .* port \([0-9]*\)$/\1/p' "$scratch/ready")

say "\$ ptscan scan $network --port $port"
ptscan scan "$network" --port "$port"

say "\$ ptscan scan $network --port $port --format jsonl -o $kept"
ptscan scan "$network" --port "$port" --format jsonl -o "$kept"

say "$(wc -l <"$kept") readings lie in $kept, one a line. To go on:"
cat <<'END'
    . .venv/bin/activate
    ptscan scan local                              your own network
    ptscan scan 10.1.0.0/16 --format xlsx -o fleet.xlsx
    ptscan read ADDRESS --explain                  where every value came from
    ptscan record ADDRESS -o device.snmprec        keep a device, and play it with: ptscan sim device.snmprec

    ptscan sim --fleet 200 &                       the fleet again, to play with:
    ptscan read 127.1.0.1:1161 --explain
END
