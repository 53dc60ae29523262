#!/bin/sh
# A worker that meets a coordinator which means harm: it lives, runs nothing but its own trainer, keeps its files where
# they belong, leaves when it is asked to, and then serves an honest one. LDT_AMBUSH_SEED, LDT_AMBUSH_MESSAGES. (TAP)
. "$(dirname "$0")/lib.sh"
seed=${LDT_AMBUSH_SEED:-$(date +%s)}
messages=${LDT_AMBUSH_MESSAGES:-4000}
say "LDT_AMBUSH_SEED=$seed"

kept=$work/kept
marks() { find "$work" / -maxdepth 1 -name 'mark*'; }

# ambush PERCENT: a coordinator of which so much is broken, until it has said everything.
ambush() {
    rm -f "$connect"
    "$build/tests/system/ambush" "$connect" "$work/mark" "$messages" "$1" "$seed" >"$work/ambush-$1.log" 2>&1 &
    liar=$!
    pids="$pids $liar"
    wait_for 20 test -s "$connect" || give_up 'the ambush is laid'
    [ "$1" -ne 0 ] || { start_worker lured -j 4 --checkpoints "$kept"; lured=$worker; }
    wait "$liar"
    check_equal "it said all its lies, $1 % of them broken" 0 "$?"
    forget "$liar"
    say "$(cat "$work/ambush-$1.log")"
    check 'the worker lives' kill -0 "$lured"
}

ambush 0
before=$(resident "$lured")
ambush 30
after=$(resident "$lured")
say "resident: $before KiB after one ambush, $after KiB after two; $(descriptors "$lured") descriptors"
check 'its memory stays bounded' test $((after - before)) -lt $((32768 * memory_scale))
check 'its descriptors, too' test "$(descriptors "$lured")" -lt 80
check_equal 'nothing was run but its own trainer, in its own surroundings' '' "$(marks)"
check_says 'broken messages are dropped and logged' 'event=message-dropped' "$work/lured.log"
check_says 'trials were started' 'event=trial-started' "$work/lured.log"
astray() {
    find "$kept" -mindepth 2 -maxdepth 2 ! -name 'attempt-*' ! -name 'discarded-*'
    find "$work" -maxdepth 1 -name 'attempt-*'
}
check_equal 'what trials kept lies where it belongs' '' "$(astray)"

start_coordinator
cat >"$work/honest.yaml" <<'END'
name: honest
program: ldt
metric: {name: test_accuracy, goal: maximize}
sampler: {name: random}
trials: 2
parameters:
  task: {value: task-a}
  method: {value: no-teacher}
  epochs: {value: 1}
  student_lr: {distribution: log_uniform_values, min: 0.001, max: 0.01}
END
check 'an honest coordinator comes in its place' ldt submit "$work/honest.yaml"
check 'and is served' wait_done honest 60
stop "$lured"
check_equal 'it leaves when it is asked to' 0 "$?"
end_of_test
