#!/bin/sh
# Workers that leave, hang and come back: what they had goes to others, and nobody is charged. (TAP)
. "$(dirname "$0")/lib.sh"

# Runs until the file appears that bears the number of its attempt.
cat >"$work/wait.sh" <<'END'
directory=$1
read -r line
attempt=$(echo "$line" | sed 's/.*"attempt":\([0-9]*\).*/\1/')
echo '{"step": 1, "metrics": {"loss": 1}}'
until [ -e "$directory/go-$attempt" ]; do sleep 0.05; done
echo "{\"step\": 2, \"metrics\": {\"loss\": 0.$attempt}}"
END
for search in leave hang; do
    cat >"$work/$search.yaml" <<END
name: $search
command: [sh, $work/wait.sh, $work/$search]
metric: {name: loss}
sampler: {name: grid}
parameters: {x: {values: [1]}}
END
    mkdir "$work/$search"
done
attempts() { sql "SELECT group_concat(state, ' ') FROM (SELECT state FROM v_attempt WHERE search = '$1' ORDER BY attempt)"; }
attempts_are() { [ "$(attempts "$1")" = "$2" ]; }
has_points() { sql_is "SELECT points > 0 FROM v_attempt WHERE search = '$1' AND attempt = $2" 1; }

start_worker first -j 1 --allow-command; first=$worker
wait_for 20 grep -q no-coordinator "$work/first.log" || give_up 'a worker says that it has no coordinator'
start_coordinator
check 'a worker that was there first finds the coordinator' wait_for 20 grep -q connected "$work/first.log"
submit "$work/leave.yaml" || give_up 'the search is accepted'
wait_for 20 has_points leave 1 || give_up 'the trial runs'
stop "$first"
check_equal 'a worker that is asked to leave does so with exit status 0' '0' "$?"
check_equal 'and hands its trial back' 'released' "$(attempts leave)"
start_worker second -j 1 --allow-command; second=$worker
check 'another worker takes it' wait_for 20 attempts_are leave 'released running'
touch "$work/leave/go-2"
wait_done leave 20
check_equal 'and ends it, with nothing charged' 'done 0.2 0' \
    "$(sql "SELECT state || ' ' || value || ' ' || charged FROM v_trial WHERE search = 'leave'")"

submit "$work/hang.yaml" || give_up 'the second search is accepted'
wait_for 20 has_points hang 1 || give_up 'its trial runs'
kill -STOP "$second"
start_worker third -j 1 --allow-command
check 'the trial of a worker that hangs goes to another' wait_for 20 attempts_are hang 'lost running'
touch "$work/hang/go-1"
kill -CONT "$second"
check 'the worker that hung hears that its attempt is stale' \
    wait_for 20 grep -q 'dropped attempt 1 of trial 0 of study 2' "$work/second.log"
touch "$work/hang/go-2"
wait_done hang 20
check_equal 'only the later attempt counts' 'done 0.2 0' \
    "$(sql "SELECT state || ' ' || value || ' ' || charged FROM v_trial WHERE search = 'hang'")"
check_equal 'and the curve is its own' '2' "$(sql "SELECT count(*) FROM v_curve WHERE study = 'hang'")"

start_worker idle -j 1 --idle-exit 300ms
wait "$worker"
check_equal 'an idle worker leaves by itself if it was told to' '0' "$?"

# Nothing that can be done about it: systemd and people must not take it for a worker that was not needed any more.
"$build/tests/system/newer" "$work/newer.json" 2>"$work/newer.log" &
newer=$!
pids="$pids $newer"
wait_for 20 test -s "$work/newer.json" || give_up 'a coordinator of another version starts'
"$bin/ldt-worker" --name older -c "$work/newer.json" 2>"$work/older.log"
check_equal 'a worker whose coordinator speaks another version of the protocol leaves with exit status 1' '1' "$?"
check_says 'and an error that says what to do' \
    'level=error event=left why=.*version 2 .*version 1; install the same release on both' "$work/older.log"
"$bin/ldt" -c "$work/newer.json" status >"$work/said.out" 2>&1
check_equal 'nor does ldt wait for what it could not read' 1 $?
check_says 'but says which release it takes' 'speaks version [0-9]* of the protocol and this ldt version [0-9]*' "$work/said.out"
stop_hard "$newer"

# As nohup starts them: the terminal that they were started from may go.
stop "$coordinator"
trap '' HUP
start_coordinator
start_worker lasting -j 1
trap 'exit 1' HUP
wait_for 20 grep -q connected "$work/lasting.log" || give_up 'both find each other'
kill -HUP "$worker" "$coordinator"
kill -TERM "$worker"
wait "$worker"
check_equal 'a worker that ignored hangups when it began leaves for another reason only' '1 15' \
    "$(grep -c event=leaving "$work/lasting.log") $(sed -n 's/.*event=leaving signal=//p' "$work/lasting.log")"
check 'a coordinator that did answers after one' ldt status
check 'and goes on' ldt status

# Two workers are connected. (Until it is waited for, what has ended still has a number, and no command line.)
ended() { [ -z "$(tr -d '\0' <"/proc/$1/cmdline")" ]; }
kill -TERM "$coordinator"
check 'a coordinator that is asked to leave is gone within five seconds' wait_for 5 ended "$coordinator"
wait "$coordinator"
check_equal 'with exit status 0' '0' "$?"
forget "$coordinator"
end_of_test
