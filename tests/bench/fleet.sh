#!/bin/sh
# tests/bench/fleet.sh BUILD [WORKERS] - tests/bench/fleet.c with a coordinator of its own: 10,000 workers that are the
# real state machine, plain and with keys (one key for all of them).
set -eu
build=$1
workers=${2:-10000}
directory=$(mktemp -d "${TMPDIR:-/tmp}/ldt-bench.XXXXXX")
trap 'rm -rf "$directory"' EXIT
run() { # NAME [KEYS]
    mkdir "$directory/$1"
    "$build/bench/fleet" "$build/bin/ldt-coordinator" "$directory/$1" "$workers" 1 ${2:+"$2"} ||
        tail -n 20 "$directory/$1/coordinator.log" >&2
}
ulimit -n "$(ulimit -Hn)"
run plain
"$build/bin/ldt" keygen --server "$directory/admitted" >/dev/null
"$build/bin/ldt" keygen --role worker crew --keys "$directory/admitted" -o "$directory/crew.key" >/dev/null
"$build/bin/ldt" keygen --role submit boss --keys "$directory/admitted" -o "$directory/boss.key" >/dev/null
LDT_KEY_FILE=$directory/crew.key LDT_SUBMIT_KEY_FILE=$directory/boss.key run keys "$directory/admitted"
