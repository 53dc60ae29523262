#!/bin/sh
# Every suggestion of a search that several workers ran at once, with failures, NaN, repeats and a coordinator restart,
# is computed again from the database alone, bit for bit; and a history that was tampered with is noticed. (TAP)
. "$(dirname "$0")/lib.sh"

# Fails, diverges or reports, by a hash of the trial's seed, and takes a moment that differs from trial to trial.
cat >"$work/trial.sh" <<'END'
read -r line
seed=$(echo "$line" | sed 's/.*"seed":\([0-9]*\).*/\1/')
x=$(echo "$line" | sed 's/.*"x":\([-0-9.e]*\).*/\1/')
sleep "0.0$((seed / 2 % 7))"
case $((seed / 2 % 11)) in
0) echo 'unlucky' >&2; exit 1 ;;
1) echo '{"step": 1, "metrics": {"loss": NaN}}' ;;
*) awk -v x="$x" -v noise="$((seed / 2 % 13))" \
    'BEGIN { printf "{\"step\": 1, \"metrics\": {\"loss\": %.17g}}\n", (x - 0.3) ^ 2 + noise / 100 }' ;;
esac
END
parameters='
  x: {min: -1.0, max: 1.0}
  rate: {distribution: log_uniform_values, min: 1e-5, max: 1.0}
  momentum: {distribution: log_uniform_values, min: 0.01, max: 1.0, transform: one_minus}
  size: {min: 1, max: 64}
  coarse: {distribution: q_uniform, min: 0.0, max: 10.0, q: 0.5}
  kind: {values: [a, b, c]}
  extra: {min: 0.0, max: 5.0, when: {kind: [a, b]}}'
{
    printf 'name: parallel\ncommand: [sh, %s]\nmetric: {name: loss}\nsampler: {name: tpe}\nseed: 11\n' "$work/trial.sh"
    printf 'trials: 40\nmatrix: {arm: [one, two]}\nparameters:%s\n' "$parameters"
} >"$work/parallel.yaml"
{
    printf 'name: repeated\ncommand: [sh, %s]\nmetric: {name: loss, goal: maximize}\nsampler: {name: tpe}\n' "$work/trial.sh"
    printf 'trials: 12\nrepeat: 2\nparameters:%s\n' "$parameters"
} >"$work/repeated.yaml"
half_done() { sql_is "SELECT count(*) > 35 FROM outcome" 1; }

start_coordinator
keep_endpoint
start_worker w1 -j 3 --allow-command
start_worker w2 -j 3 --allow-command
submit "$work/parallel.yaml" || { sed 's/^/# /' "$work/submit.out"; give_up 'the search is accepted'; }
submit "$work/repeated.yaml" || { sed 's/^/# /' "$work/submit.out"; give_up 'the search with repeats is accepted'; }
wait_for 60 half_done || give_up 'half of the trials end'
stop_hard "$coordinator"
start_coordinator
wait_done parallel 90 || give_up 'the search ends'
wait_done repeated 90 || give_up 'the search with repeats ends'

say "$(sql "SELECT group_concat(line, ', ') FROM (SELECT state || ' ' || count(*) AS line FROM v_trial GROUP BY state)")"
check 'trials ran at the same time: suggestions did not see all outcomes' \
    sql_is 'SELECT count(*) > 20 FROM trial WHERE history_seq < number' 1
check 'some trials failed and some diverged' \
    sql_is "SELECT count(DISTINCT state) FROM v_trial WHERE state IN ('failed', 'diverged', 'done')" 3
check 'every suggestion comes out again, bit for bit' ldt doctor
check_equal 'no two configurations are the same' '0' \
    "$(sql 'SELECT count(*) FROM (SELECT 1 FROM trial WHERE repetition = 0 GROUP BY study, parameters HAVING count(*) > 1)')"
stop "$coordinator"

# A replay that finds nothing wrong proves something only if it would find it; so the hashes are made to fit.
tampered() {
    rm -f "$work"/tampered.db*
    cp "$db" "$work/tampered.db"
    sqlite3 "$work/tampered.db" "$1" && "$bin/ldt" doctor --db "$work/tampered.db" --accept || return 1
    "$bin/ldt" doctor --db "$work/tampered.db" -o csv | grep "$2"
}
again='its suggestion does not come out again'
check 'other values in the history are noticed' tampered 'UPDATE outcome SET value = -value WHERE study = 1' 'its latest outcome'
check 'a parameter in its last digit is noticed' tampered \
    "UPDATE trial SET parameters = json_set(parameters, '\$.x', (parameters ->> '\$.x') * (1 + 2e-14)) WHERE study = 1 AND number = 20" \
    "$again"
check 'suggestions that claim to have seen less are noticed' tampered \
    'UPDATE trial SET history_seq = (SELECT history_seq FROM trial WHERE study = 1 AND number = 20) WHERE study = 1 AND number > 20' \
    "$again"
check 'another seed is noticed' tampered 'UPDATE trial SET seed = seed + 2 WHERE study = 2 AND number = 3' "$again"
end_of_test
