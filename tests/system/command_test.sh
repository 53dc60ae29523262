#!/bin/sh
# Searches over a user's own command: what it does wrong is told with its reason, and costs nobody else anything. (TAP)
. "$(dirname "$0")/lib.sh"

# One trial for each way to behave; the values are chosen by a grid.
cat >"$work/behave.sh" <<'END'
read -r line
case $line in
*'"good"'*) echo '{"step": 1, "epoch": 0.5, "metrics": {"loss": 0.25, "other": 1}}' ;;
*'"fails"'*) echo 'Traceback (most recent call last):' >&2; echo 'ValueError: no such layer' >&2; exit 3 ;;
*'"crashes"'*) kill -SEGV $$ ;;
*'"diverges"'*) echo '{"step": 1, "metrics": {"loss": 0.5}}'; echo '{"step": 2, "metrics": {"loss": NaN}}' ;;
*'"silent"'*) echo '{"step": 1, "metrics": {"accuracy": 0.5}}' ;;
*'"garbage"'*) head -c 300000 /dev/urandom; echo; printf '{"step": 1, "metrics": {"loss": 0.75}}' ;;
*'"chatty"'*) awk 'BEGIN { for (s = 0; s < 1000; s++) {
    printf "{\"step\": %d, \"metrics\": {\"loss\": %d", s, 2000 - s
    for (i = 0; i < 99; i++) printf ", \"m%d\": %d", i, s * i
    print "}}" } }' ;;
*'"hangs"'*) exec tail -f /dev/null ;;
*'"daemon"'*) tail -f /dev/null & echo '{"step": 1, "metrics": {"loss": 1.5}}' ;;
*'"returns"'*) [ -e mounted ] || { echo 'the data is not mounted' >&2; exit 75; }; echo '{"step": 1, "metrics": {"loss": 3}}' ;;
*'"environment"'*) echo "{\"step\": 1, \"metrics\": {\"loss\": $LDT_TEST_LOSS}}"; pwd ;;
esac
END
cat >"$work/behave.yaml" <<END
name: behave
command: [sh, behave.sh]
workdir: $work
env: {LDT_TEST_LOSS: "2.5"}
metric: {name: loss}
sampler: {name: grid}
max_failed_trials: 1000
parameters:
  how: {values: [good, fails, crashes, diverges, silent, garbage, chatty, daemon, returns, environment]}
END
# in a search of its own: on a busy machine a second is too short for the others
cat >"$work/hang.yaml" <<END
name: hang
command: [sh, behave.sh]
workdir: $work
metric: {name: loss}
sampler: {name: grid}
max_trial_duration: 1s
parameters: {how: {values: [hangs]}}
END
cat >"$work/missing.yaml" <<'END'
name: missing
command: [no-such-program-at-all]
metric: {name: loss}
sampler: {name: grid}
parameters: {x: {values: [1]}}
END

state() { sql "SELECT state FROM v_trial WHERE search = '${2:-behave}' AND parameters ->> '\$.how' = '$1'"; }
reason() { sql "SELECT reason FROM v_trial WHERE search = '${2:-behave}' AND parameters ->> '\$.how' = '$1'" >"$work/reason"; }
value() { sql "SELECT value FROM v_trial WHERE search = 'behave' AND parameters ->> '\$.how' = '$1'"; }
waiting() { sql_is "SELECT count(*) FROM v_trial WHERE search = 'behave'" 0; }

start_coordinator
start_worker careful -j 1
{ submit "$work/behave.yaml" && submit "$work/hang.yaml"; } || give_up 'the searches are accepted'
check 'a worker without --allow-command is connected' wait_for 20 grep -q connected "$work/careful.log"
check 'and gets no command' waiting
start_worker willing -j 4 --allow-command
returned() { sql_is "SELECT count(*) > 0 FROM v_attempt WHERE state = 'released'" 1; }
wait_for 20 returned || give_up 'a trial hands itself back'
reason returns
check_says 'what hands itself back is told with its last words: it leaves no log' \
    'exit status 75, the trial handed itself back: the data is not mounted' "$work/reason"
touch "$work/mounted"
{ wait_done behave 60 && wait_done hang 60; } || give_up 'the searches end'

check_equal 'a good trial is done with its value' 'done 0.25' "$(state good) $(value good)"
check_equal 'a trial that exits with another status has failed' 'failed' "$(state fails)"
reason fails
check_says 'with its last words as the reason' 'exit status 3: .*ValueError: no such layer' "$work/reason"
check_equal 'it was tried three times' '3' "$(sql "SELECT attempts FROM v_trial WHERE parameters ->> '\$.how' = 'fails'")"
check_equal 'a crash is a failure' 'failed' "$(state crashes)"
reason crashes
check_says 'that names the signal' 'SIGSEGV' "$work/reason"
check_equal 'NaN makes a trial diverge, with the best point before it as its value' 'diverged 0.5' "$(state diverges) $(value diverges)"
check_equal 'a trial without the metric has failed' 'failed' "$(state silent)"
reason silent
check_says 'and the reason names the metric and what came instead' 'loss.*never reported.*accuracy' "$work/reason"
check_equal 'binary garbage and a missing line end do no harm' 'done 0.75' "$(state garbage) $(value garbage)"
check 'the log of garbage can be read' ldt logs behave "$(sql "SELECT trial FROM v_trial WHERE parameters ->> '\$.how' = 'garbage'")"
check_equal 'a hundred thousand points are recorded, every one' 'done 1001.0 100000' "$(state chatty) $(value chatty) $(sql "
    SELECT count(*) FROM v_curve JOIN v_trial USING (study, trial) WHERE parameters ->> '\$.how' = 'chatty'")"
check_equal 'a trial that hangs is ended' 'failed' "$(state hangs hang)"
reason hangs hang
check_says 'and the reason is its time' 'max_trial_duration (1 s)' "$work/reason"
check_equal 'a trial that leaves a process behind is done' 'done 1.5' "$(state daemon) $(value daemon)"
check_equal 'a command has the environment of its spec' 'done 2.5' "$(state environment) $(value environment)"
check_says 'a failed attempt is in the log of the worker' 'result=failed' "$work/willing.log"

submit "$work/missing.yaml" || give_up 'the second search is accepted'
wait_done missing 60 || give_up 'the second search ends'
sql "SELECT reason FROM v_trial WHERE search = 'missing'" >"$work/reason"
check_says 'a program that is not there is named' 'no-such-program-at-all' "$work/reason"

# ---- the example that people begin with
train=$(dirname "$0")/../../deploy/searches/train.py
mkdir "$work/kept"
given='"seed": 7, "parameters": {"lr": 1e-6, "steps": 600000, "optimizer": "momentum", "momentum": 0.5}'
echo "{$given}" | python3 "$train" >"$work/undisturbed"
echo "{$given, \"checkpoint_dir\": \"$work/kept\"}" >"$work/given"
python3 "$train" <"$work/given" >"$work/begun" &
example=$!
wait_for 20 test -s "$work/begun" || give_up 'the example begins'
kill -TERM $example
wait $example
check_equal 'the example hands itself back when it is asked to leave' 75 $?
python3 "$train" <"$work/given" >"$work/resumed"
check 'and goes on to the same curve' cmp "$work/undisturbed" "$work/resumed"
check 'of which it had a part' test "$(wc -l <"$work/begun")" -lt "$(wc -l <"$work/resumed")"

check_equal 'the careful worker ran nothing' '0' "$(sql "SELECT count(*) FROM v_attempt WHERE worker = 'careful'")"
stop "$worker"
check_equal 'the worker leaves with exit status 0' '0' "$?"
end_of_test
