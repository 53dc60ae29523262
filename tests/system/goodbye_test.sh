#!/bin/sh
# tests/run.sh: sleeps
# Workers that end in good order say so: nobody waits for their silence, and `ldt drain --wait` knows when a machine may
# be switched off. (TAP)
. "$(dirname "$0")/lib.sh"

cat >"$work/wait.sh" <<'END'
read -r line
echo '{"step": 1, "metrics": {"loss": 1}}'
until [ -e "$1" ]; do sleep 0.05; done
END
cat >"$work/slow.yaml" <<END
name: slow
command: [sh, $work/wait.sh, $work/go]
metric: {name: loss}
sampler: {name: grid}
parameters: {x: {values: [1]}}
END
runs() { sql_is "SELECT count(*) FROM v_attempt WHERE state = 'running' AND points = 1" 1; }
# The row of a worker, without how long ago it was seen.
row() { ldt workers -o csv | tr -d '\r' | sed -n "s/^$1,[^,]*,[0-9]*,[0-9]*,[a-z]*,\([a-z]*\),[0-9]*,[0-9]*,[0-9]*,/\1,/p"; }
row_is() { [ "$(row "$1")" = "$2" ]; }
connected() { grep -q 'connected to the coordinator' "$work/$1.log"; }

start_coordinator --lease 12s # a worker that goes without a word is here for 48 s
start_worker anna -j 1; anna=$worker
wait_for 20 connected anna || give_up 'a worker comes'
stop "$anna"
check 'a worker that was asked to end is gone at once, and says why' wait_for 5 row_is anna 'false,no,left: stopped'
start_worker berta -j 1 --idle-exit 300ms
wait "$worker"
check 'so is one that had nothing to do' wait_for 5 row_is berta 'false,no,left: no work for 0 s'

start_worker carla -j 1; carla=$worker
wait_for 20 connected carla || give_up 'another worker comes'
kill -STOP "$coordinator"
stop "$carla"
check_equal 'a worker does not wait for a coordinator that does not hear its goodbye' 0 $?
kill -CONT "$coordinator"
check 'which hears it later' wait_for 5 row_is carla 'false,no,left: stopped'

start_worker dora -j 1 --allow-command; dora=$worker
submit "$work/slow.yaml" || give_up 'the search is accepted'
wait_for 20 runs || give_up 'its trial runs'
wait_for_dora() { # in the background; not by ldt, which puts a process between
    "$bin/ldt" -c "$connect" drain dora --wait >"$work/drained" 2>"$work/waiting" & waiting=$!
    pids="$pids $waiting"
}
wait_for_dora
check 'whoever waits for a drained worker is told for what' \
    wait_for 10 grep -q 'draining workers=1 state="1 worker is still here: dora (1 trial)"' "$work/waiting"
kill -INT "$waiting"
wait "$waiting"
check_equal 'and may stop waiting' 130 $?
forget "$waiting"
check_says 'the drain does not end by it' 'no longer waiting. The workers leave all the same' "$work/waiting"
check_equal 'as is to be seen' 'true,when done,' "$(row dora)"
wait_for_dora
wait_for 10 grep -q 'still here: dora' "$work/waiting" || give_up 'the same command waits again'
touch "$work/go"
wait "$waiting"
check_equal 'it ends well when the worker has left' 0 $?
check_equal 'and says so' 'it has left' "$(tail -n 1 "$work/drained")"
check_equal 'after the result was recorded' 'done' "$(sql "SELECT state FROM v_trial")"
wait "$dora"
check_equal 'the worker is gone' 'false,when done,left: drained' "$(row dora)"
ldt drain dora --wait 2>"$work/error"
check_equal 'and cannot be drained again' 3 $?

start_worker emma -j 1; start_worker frida -j 2
wait_for 20 connected emma && wait_for 20 connected frida || give_up 'two more come'
ldt drain --all --wait -o json >"$work/drained" 2>"$work/waiting"
check_equal 'a whole fleet can be waited for' 0 $?
check_equal 'and is told of in one document' '[{"workers":2,"running":0,"now":false}]' "$(tr -d ' \n' <"$work/drained")"
check_equal 'nobody is left' 0 "$(ldt workers -o csv | grep -c ',true,[0-9]*,[0-9]*,[0-9]*,')"
end_of_test
