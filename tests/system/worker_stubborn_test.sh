#!/bin/sh
# tests/run.sh: sleeps
# A worker that is asked to leave does so within 25 seconds, whatever its trials do about it, and hands them back. (TAP)
. "$(dirname "$0")/lib.sh"

# One hears nothing, one is stopped, one starts anew whatever ends, two fail to save themselves, of which
# one says so by its exit status, too.
cat >"$work/trial.sh" <<'END'
read -r line
case $line in
*'"sorry"'*) trap 'echo "no room to save" >&2; exit 75' TERM ;;
*'"clumsy"'*) trap 'echo "no room to save" >&2; exit 1' TERM ;;
*) trap '' TERM ;;
esac
echo $$ >>"$1"
echo '{"step": 1, "metrics": {"loss": 1}}'
case $line in
*'"deaf"'*) while :; do read -r line </dev/zero; done ;;
*'"stopped"'*) kill -STOP $$; exec tail -f /dev/null ;;
*'"sorry"'* | *'"clumsy"'*) tail -f /dev/null & wait ;;
*'"patient"'*) until false; do tail -f /dev/null; done ;;
esac
END
cat >"$work/stubborn.yaml" <<END
name: stubborn
command: [sh, $work/trial.sh, $work/pids]
metric: {name: loss}
sampler: {name: grid}
parameters: {how: {values: [deaf, stopped, patient, clumsy, sorry]}}
END
gone() { while read -r pid; do ! kill -0 "$pid" 2>/dev/null || return 1; done <"$work/pids"; }

start_coordinator
start_worker asked -j 5 --allow-command
submit "$work/stubborn.yaml" || give_up 'the search is accepted'
wait_for 20 sql_is "SELECT count(*) FROM v_attempt WHERE points = 1" 5 || give_up 'the trials run'
before=$(date +%s)
stop "$worker"
status=$?
seconds=$(($(date +%s) - before))
check_equal 'a worker whose trials do not react leaves with exit status 0' '0' "$status"
check "within 25 seconds (after $seconds)" test "$seconds" -le 25
check_equal 'nothing is charged or tried twice' '5 0' \
    "$(sql 'SELECT count(*) FROM v_attempt') $(sql 'SELECT sum(charged) FROM v_trial')"
# On a slow machine the coordinator may just have been silent for three beats: then a lease lapses instead.
check 'they are handed back' test "$(sql "SELECT sum(state = 'released') FROM v_attempt")" -ge 1
check 'and that SIGTERM did not end them is told' \
    test "$(sql "SELECT count(*) FROM v_attempt WHERE reason LIKE '%; SIGTERM did not end the trial%'")" -ge 1
check 'so is what went wrong as one left' sql_is \
    "SELECT count(*) FROM v_attempt WHERE reason = 'the worker is leaving; exit status 1: no room to save'" 1
check 'and what one said that saves itself, or could not' sql_is \
    "SELECT count(*) FROM v_attempt WHERE reason = 'the worker is leaving; the trial''s last words: no room to save'" 1
check 'and none is left' wait_for 5 gone
end_of_test
