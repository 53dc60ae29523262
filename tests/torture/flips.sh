#!/bin/sh
# Ten thousand bit flips in the database of a real search: each that changes a value that can be read is found by
# `ldt doctor`. LDT_FLIPS says how many (10000), LDT_SEED which. (TAP)
LDT_BOUNDED=yes
. "$(dirname "$0")/../system/lib.sh"
flips=${LDT_FLIPS:-10000}
seed=${LDT_SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}

cat >"$work/trial.sh" <<'END'
read -r line
seed=$(echo "$line" | sed 's/.*"seed":\([0-9]*\).*/\1/')
x=$(echo "$line" | sed 's/.*"x":\([-0-9.e]*\).*/\1/')
[ $((seed / 2 % 7)) -gt 0 ] || { echo 'unlucky' >&2; exit 1; }
for step in 1 2 3 4 5 6 7 8 9 10; do
    echo "{\"step\": $step, \"epoch\": 0.$step, \"metrics\": {\"loss\": $x$step, \"accuracy\": 0.$step}}"
done
echo "a line for the log of $x"
END
cat >"$work/search.yaml" <<END
name: search
command: [sh, $work/trial.sh]
metric: {name: loss, over_time: last}
sampler: {name: tpe}
trials: 25
max_attempts: 2
max_failed_trials: 50
matrix: {arm: [one, two]}
parameters:
  x: {min: 0.1, max: 1.0}
  kind: {values: [a, b, c]}
END
start_coordinator
start_worker w1 -j 2 --allow-command
submit "$work/search.yaml" || give_up 'the search is accepted'
wait_done search 120 || give_up 'the search ends'
stop "$worker"
stop "$coordinator"
# Without free pages more flips hit something.
sqlite3 "$db" "VACUUM INTO '$work/full.db'"
say "seed $seed, a file of $(stat -c %s "$work/full.db") bytes"
half=$((flips / 2))
seconds=$((${LDT_TORTURE:-240} - 20))
"$build/tests/system/flips" "$work/full.db" "$half" "$seed" "$seconds" >"$work/first" 2>&1 &
other=$!
check 'no flip that changes a value is missed' "$build/tests/system/flips" "$work/full.db" "$((flips - half))" \
    "$((seed + 1))" "$seconds"
cp "$work/check.out" "$work/second"
wait "$other"
check_equal 'nor one of the other half' '0' "$?"
cat "$work/first" "$work/second" | sed 's/^/# /'
sum() { # WORD that follows the number
    cat "$work/first" "$work/second" | sed -n "s/.*[:,] \([0-9]*\) $1.*/\1/p" | awk '{ n += $1 } END { print n + 0 }'
}
total=$(($(sum found) + $(sum changed) + $(sum missed)))
say "figures: $total flips: $(sum found) found, $(sum changed) changed nothing that is read, $(sum missed) missed"
check 'at least a tenth of them were made in the time there was' test "$((total * 10))" -ge "$flips"
end_of_test
