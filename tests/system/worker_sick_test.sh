#!/bin/sh
# Trials that hang are ended; a worker on which everything fails is benched and says so, and others get the work. (TAP)
. "$(dirname "$0")/lib.sh"

cat >"$work/trial.sh" <<'END'
read -r line
case $line in
*'"steady"'*) for step in 1 2 3 4 5 6 7; do echo "{\"step\": $step, \"metrics\": {\"loss\": $step}}"; sleep 0.3; done ;;
*'"treads"'*) while :; do echo '{"step": 3, "metrics": {"loss": 3}}'; sleep 0.1; done ;;
*'"silent"'*) exec tail -f /dev/null ;;
esac
END
cat >"$work/hang.yaml" <<END
name: hang
command: [sh, $work/trial.sh]
metric: {name: loss}
sampler: {name: grid}
max_trial_silence: 1s
parameters: {how: {values: [steady, treads, silent]}}
END
trial() { sql "SELECT state || ' ' || coalesce(reason, '') FROM v_trial WHERE search = 'hang' AND parameters ->> '\$.how' = '$1'"; }

start_coordinator
start_worker patient -j 3 --allow-command
submit "$work/hang.yaml" || give_up 'the search is accepted'
wait_done hang 60 || give_up 'the search ends'
check_equal 'a trial that goes on step by step is not hurried, however long it takes' 'done ' "$(trial steady)"
check_equal 'one that repeats a step for ever is ended' \
    'failed no new step since step 3 for longer than max_trial_silence (1 s)' "$(trial treads)"
check_equal 'so is one that never says anything' \
    'failed no new step since its start for longer than max_trial_silence (1 s)' "$(trial silent)"
stop "$worker"

# A machine without the data: every trial fails there, and nowhere else.
cat >"$work/data.yaml" <<END
name: data
command: [sh, -c, 'read -r line; test -n "\$LDT_TEST_DATA" && echo "{\\"step\\": 1, \\"metrics\\": {\\"loss\\": 1}}"']
metric: {name: loss}
sampler: {name: grid}
parameters: {x: {values: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}}
END
submit "$work/data.yaml" || give_up 'the second search is accepted'
start_worker sick -j 1 --allow-command --bench-after 3
note() { ldt workers -o json | grep -o 'benched for [0-9]* s: 3 failures in a row, the last: exit status 1'; }
check 'a worker on which everything fails is benched, and ldt workers says why' wait_for 20 note
check_says 'its log does so, too' 'benched for .* 3 failures in a row' "$work/sick.log"
LDT_TEST_DATA=here
export LDT_TEST_DATA
start_worker healthy -j 1 --allow-command
check 'the others get the work' wait_done data 30
check_equal 'no more than three trials met the sick one' '3' \
    "$(sql "SELECT count(DISTINCT trial) FROM v_attempt WHERE search = 'data' AND worker = 'sick'")"
check_equal 'and every other is done by the healthy one' 'healthy' \
    "$(sql "SELECT group_concat(DISTINCT worker) FROM v_attempt WHERE search = 'data' AND state = 'done'")"
end_of_test
