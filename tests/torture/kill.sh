#!/bin/sh
# kill -9 of coordinator and workers, hundreds of times over one search after another (tests/system/kill_test.sh is one
# of them, with another seed each time), for LDT_TORTURE seconds. LDT_KILL_SEED is the first seed. (TAP)
set -u
limit=${LDT_TORTURE:-240}
seed=${LDT_KILL_SEED:-$(date +%s)}
export LDT_KILLS="${LDT_KILLS:-40}"
log=$(mktemp "${TMPDIR:-/tmp}/ldt-kill.XXXXXX") || exit 1
trap 'rm -f "$log"' EXIT
started=$(date +%s)
runs=0
failed=0
while [ "$failed" -eq 0 ] && [ $(($(date +%s) - started)) -lt "$limit" ]; do
    LDT_KILL_SEED=$seed sh tests/system/kill_test.sh >"$log" 2>&1 || { failed=1; sed 's/^/# /' "$log"; }
    runs=$((runs + 1))
    seed=$((seed + 1))
done
echo "# figures: $runs searches, $((runs * LDT_KILLS)) kills"
[ "$failed" -eq 0 ] && echo "ok 1 - every search outlives its kills" || { echo "not ok 1 - seed $((seed - 1))"; exit 1; }
