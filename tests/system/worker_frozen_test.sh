#!/bin/sh
# tests/run.sh: sleeps
# A worker that did not run for a while (a suspended job, Ctrl-Z) comes back: no trial is charged for that time. (TAP)
. "$(dirname "$0")/lib.sh"

# Two make a step every fifth of a second until they are told to end; one hangs after its first, at its first attempt.
cat >"$work/trial.sh" <<'END'
read -r line
step=1
echo '{"step": 1, "metrics": {"loss": 1}}'
case $line in
*'"attempt":1,'*'"hangs"'*) exec tail -f /dev/null ;;
*'"hangs"'*) exit 0 ;;
esac
until [ -e "$1" ]; do
    sleep 0.2
    step=$((step + 1))
    echo "{\"step\": $step, \"metrics\": {\"loss\": 1}}"
done
END
cat >"$work/frozen.yaml" <<END
name: frozen
command: [sh, $work/trial.sh, $work/go]
metric: {name: loss}
sampler: {name: grid}
max_trial_silence: 2s
max_trial_duration: 6s
parameters: {how: {values: [one, other, hangs]}}
END
started_on() { sql_is "SELECT count(*) FROM v_attempt WHERE worker = '$1' AND points > 0" "$2"; }
# signal_family SIGNAL PROCESS: itself, and with all that it has started the children, which have groups of their own
signal_family() {
    kill -s "$1" "$2"
    for child in $(cat "/proc/$2/task/$2/children"); do kill -s "$1" -- "-$child"; done
}
frozen_for() { [ $(($(date +%s) - frozen)) -gt "$1" ]; }

start_coordinator
submit "$work/frozen.yaml" || give_up 'the search is accepted'
start_worker whole -j 2 --allow-command; whole=$worker
wait_for 20 started_on whole 2 || give_up 'two trials run'
start_worker alone -j 1 --allow-command; alone=$worker
wait_for 20 started_on alone 1 || give_up 'the third runs'

# Longer than both limits and three leases: of one worker the whole job, of the other only the process.
signal_family STOP "$whole"
kill -STOP "$alone"
frozen=$(date +%s)
wait_for 30 frozen_for 7
signal_family CONT "$whole"
kill -CONT "$alone"
for name in whole alone; do
    check "the worker notices that it did not run ($name)" wait_for 20 grep -q 'event=stalled' "$work/$name.log"
done
check 'one that hangs is ended all the same' \
    wait_for 20 sql_is "SELECT reason FROM v_attempt WHERE attempt = 1 AND state = 'failed'" \
    'no new step since step 1 for longer than max_trial_silence (2 s)'
touch "$work/go"
wait_done frozen 20 || give_up 'the search ends'
check_equal 'the others are done, each by its only attempt' 'done done 2' \
    "$(sql "SELECT group_concat(v_attempt.state, ' ') || ' ' || count(*) FROM v_attempt JOIN v_trial USING (study, trial)
        WHERE parameters ->> '\$.how' <> 'hangs'")"
check_equal 'with every step' 0 "$(sql 'SELECT count(*) FROM (SELECT step - lag(step, 1, 0) OVER (PARTITION BY trial ORDER BY idx)
    AS gap FROM v_curve) WHERE gap <> 1')"
check_equal 'and lasted longer than max_trial_duration, because they did' 2 \
    "$(sql "SELECT count(*) FROM v_attempt WHERE state = 'done' AND seconds > 6")"
end_of_test
