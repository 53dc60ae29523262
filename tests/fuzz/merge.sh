#!/bin/sh
# Brings those grown inputs into tests/fuzz/corpus that reach code which nothing there reaches; how often they pass it
# does not count, so that the corpora stay small.
# usage: tests/fuzz/merge.sh BUILD
set -eu
for grown in "$1"/fuzz/corpus/*; do
    target=$(basename "$grown")
    mkdir -p "tests/fuzz/corpus/$target"
    "$1/fuzz/$target" -use_counters=0 -merge=1 "tests/fuzz/corpus/$target" "$grown" 2>&1 | tail -n 1
done
