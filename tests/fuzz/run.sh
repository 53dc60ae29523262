#!/bin/sh
# Fuzzes until new inputs stop teaching anything: rounds of ROUND inputs a target (20 million), each from the corpus
# that the one before it left, until a round reaches no more code than it began with, or SECONDS (600) a target are over.
# usage: tests/fuzz/run.sh BUILD [TARGET...]        BUILD: of `make fuzz`, with clang, libFuzzer and the sanitizers
# Inputs that take long are varied less often than others: two searches of ten thousand studies halve the speed else.
# What is found stops the target and stays in BUILD/fuzz/found/; the grown corpora are in BUILD/fuzz/corpus/, and
# tests/fuzz/merge.sh brings what is new of them into tests/fuzz/corpus.
set -eu
build=$1
shift
round=${ROUND:-20000000}
seconds=${SECONDS_A_TARGET:-600}
export LSAN_OPTIONS="suppressions=$(dirname "$0")/leaks.txt:print_suppressions=0"
[ $# -gt 0 ] || set -- decoder spec child_output npy npz
# Short ones where time goes with length: longer ones, for limits, are in the corpora that are replayed.
longest() { case $1 in spec) echo 2048 ;; child_output) echo 1024 ;; *) echo 65536 ;; esac }

# Words that a mutation would hardly spell by chance.
words() { [ ! -e "tests/fuzz/$1.dict" ] || echo "-dict=tests/fuzz/$1.dict"; }

# The last number after "cov:" on the lines that begin the round and end it.
coverage() { sed -n "s/.*$1 *cov: \([0-9]*\).*/\1/p" "$2" | tail -n 1; }

failed=0
for target in "$@"; do
    grown=$build/fuzz/corpus/$target found=$build/fuzz/found log=$build/fuzz/$target.log
    mkdir -p "$grown" "$found"
    inputs=0 ended=$(($(date +%s) + seconds)) verdict="time is over"
    while left=$((ended - $(date +%s))) && [ "$left" -gt 0 ]; do
        if ! "$build/fuzz/$target" -runs="$round" -max_total_time="$left" -max_len="$(longest "$target")" \
            $(words "$target") -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$found/$target-" \
            -entropic_scale_per_exec_time=1 "$grown" "tests/fuzz/corpus/$target" >"$log" 2>&1; then
            verdict="FOUND SOMETHING, see $log"
            failed=1
            break
        fi
        ran=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
        inputs=$((inputs + ran))
        before=$(coverage INITED "$log") after=$(coverage DONE "$log")
        if [ "$ran" -ge "$round" ] && [ "$before" -eq "$after" ]; then
            verdict="no new coverage in the last $ran"
            break
        fi
    done
    echo "$target: $inputs inputs, coverage ${after:-?}, $verdict"
done
exit $failed
