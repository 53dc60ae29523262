#!/bin/sh
# kill -9 of workers and of the coordinator, at random but seeded moments, during a search of a quick command: the
# search finishes, with the same outcomes and curves as one that nobody disturbed, and nothing that was acknowledged
# is lost. LDT_KILL_SEED and LDT_KILLS change the run. (TAP)
. "$(dirname "$0")/lib.sh"
seed=${LDT_KILL_SEED:-$(date +%s)}
kills=${LDT_KILLS:-14}
say "LDT_KILL_SEED=$seed LDT_KILLS=$kills"

# A pure function of its parameters, a fifth of a second long, that reports as it goes.
cat >"$work/trial.sh" <<'END'
read -r line
a=$(echo "$line" | sed 's/.*"a":\([0-9]*\).*/\1/')
b=$(echo "$line" | sed 's/.*"b":\([0-9]*\).*/\1/')
for step in 1 2 3 4; do
    echo "{\"step\": $step, \"epoch\": $step, \"metrics\": {\"loss\": $((a * 7 + b * step)), \"b\": $b}}"
    sleep 0.05
done
END
cat >"$work/grid.yaml" <<END
name: grid
command: [sh, $work/trial.sh]
metric: {name: loss}
sampler: {name: grid}
parameters:
  a: {values: [0, 1, 2, 3, 4, 5, 6, 7]}
  b: {values: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]}
END

# ---- undisturbed
db=$work/calm.db
start_coordinator
start_worker calm -j 4 --allow-command
submit "$work/grid.yaml" || give_up 'the search is accepted'
wait_done grid 60 || give_up 'the undisturbed search ends'
dump_results grid >"$work/calm.txt"
stop "$worker"
stop "$coordinator"

# ---- disturbed
db=$work/runs.db
start_coordinator
[ $((seed % 2)) -eq 0 ] || keep_endpoint # else the workers must find the new address by themselves
start_worker w1 -j 2 --allow-command; w1=$worker
start_worker w2 -j 2 --allow-command; w2=$worker
submit "$work/grid.yaml" || give_up 'the search is accepted again'

# Waits a random moment, then kills somebody; moments and victims follow from the seed alone.
awk -v seed="$seed" -v kills="$kills" 'BEGIN {
    srand(seed)
    for (i = 0; i < kills; i++) { moment = 0.05 + 0.6 * rand(); print moment, int(3 * rand()) }
}' >"$work/plan"
while read -r moment victim; do
    sleep "$moment"
    case $victim in
    0) stop_hard "$coordinator"; start_coordinator ;;
    1) stop_hard "$w1"; start_worker w1 -j 2 --allow-command; w1=$worker ;;
    2) stop_hard "$w2"; start_worker w2 -j 2 --allow-command; w2=$worker ;;
    esac
done <"$work/plan"
check 'the search finishes all the same' wait_done grid 60

say "attempts: $(sql 'SELECT group_concat(line, ", ") FROM (SELECT state || " " || count(*) AS line FROM v_attempt GROUP BY state)')"
dump_results grid >"$work/disturbed.txt"
check 'outcomes and curves are those of the undisturbed search, byte for byte' cmp "$work/calm.txt" "$work/disturbed.txt"
check_equal 'each trial has exactly one result' '80 80 80' \
    "$(sql "SELECT (SELECT count(*) FROM trial WHERE state = 3) || ' ' || (SELECT count(*) FROM outcome) || ' ' ||
            (SELECT count(*) FROM attempt WHERE state = 2)")"
check_equal 'no killed worker was charged to a trial' '0' "$(sql 'SELECT sum(charged) FROM trial')"
check_equal 'the database is whole' 'ok' "$(sql 'PRAGMA integrity_check')"

# What a worker was told is recorded must be there: its log is the witness.
sed -n 's/.*event=result-recorded study=\([0-9]*\) trial=\([0-9]*\) attempt=\([0-9]*\).*/\1|\2|\3/p' \
    "$work/w1.log" "$work/w2.log" | sort -u >"$work/acknowledged"
sql 'SELECT study, trial, number FROM attempt WHERE state = 2' | sort -u >"$work/recorded"
check 'workers were told of results' test "$(wc -l <"$work/acknowledged")" -gt 40
check_equal 'nothing acknowledged is lost' '' "$(comm -23 "$work/acknowledged" "$work/recorded")"

gone() { ! pgrep -f "$work/trial.sh"; }
check 'a killed worker leaves no process behind' wait_for 10 gone
end_of_test
