#!/bin/sh
# tests/bench/service.sh BUILD - the load generator tests/bench/service.c against a coordinator of its own:
# 200 workers at 1,000 and 5,000 results a second, as fast as it goes, and with long curves; each on a fresh database.
set -eu
build=$1
seconds=${SECONDS_EACH:-5}
directory=$(mktemp -d "${TMPDIR:-/tmp}/ldt-bench.XXXXXX")
pid=
finish() {
    [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$directory"
}
trap finish EXIT

measure() { # WORKERS SLOTS RATE [POINTS]
    rm -f "$directory"/runs.db* "$directory/connect.json"
    "$build/bin/ldt-coordinator" --db "$directory/runs.db" --listen 'tcp://127.0.0.1:*' \
        --connect "$directory/connect.json" 2>"$directory/coordinator.log" &
    pid=$!
    tries=0
    until [ -s "$directory/connect.json" ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 200 ] || { cat "$directory/coordinator.log" >&2; exit 1; }
        sleep 0.05
    done
    "$build/bench/service" "$directory/connect.json" "$1" "$2" "$3" "$seconds" ${4:+"$4"} ||
        cat "$directory/coordinator.log" >&2
    awk '/^VmHWM/ { printf "coordinator: %.0f MiB at most, ", $2 / 1024 }' "/proc/$pid/status"
    awk -v hertz="$(getconf CLK_TCK)" '{ printf "%.2f s of processor time\n", ($14 + $15) / hertz }' "/proc/$pid/stat"
    kill "$pid"
    wait "$pid" || true
    pid=
}
measure 200 8 1000
measure 200 16 5000
measure 200 8 0
measure 50 2 0 10000
