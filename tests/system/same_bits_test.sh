#!/bin/sh
# The same trials on different workers, once undisturbed and once with the coordinator killed and started again in the
# middle: the same curves, byte for byte. (TAP)
. "$(dirname "$0")/lib.sh"

cat >"$work/same.yaml" <<'END'
name: same
program: ldt
metric: {name: test_loss}
sampler: {name: random}
seed: 7
trials: 2
matrix:
  task: [task-a, task-b]
parameters:
  epochs: {value: 20}
  n_train: {value: 256}
  n_test: {value: 256}
  input_dim: {value: 32}
  batch_size: {value: 16}
  student_lr: {distribution: log_uniform_values, min: 1e-4, max: 1e-2}
  meta_lr: {distribution: log_uniform_values, min: 1e-4, max: 1e-2}
END
running() { sql_is "SELECT count(*) > 0 FROM v_attempt WHERE state = 'running' AND points > 0" 1; }

db=$work/first.db
start_coordinator
start_worker w1 -j 1
submit "$work/same.yaml" || give_up 'the search is accepted'
wait_done same 100 || give_up 'the search ends'
dump_results same >"$work/first.txt"
check_equal 'every curve has points of every epoch' '4' "$(sql 'SELECT count(*) FROM v_attempt WHERE points > 20')"
stop "$worker"
stop "$coordinator"

db=$work/second.db
start_coordinator
keep_endpoint
start_worker w2 -j 1
start_worker w3 -j 1
submit "$work/same.yaml" || give_up 'the search is accepted again'
wait_for 60 running || give_up 'a trial reports points'
stop_hard "$coordinator"
start_coordinator
wait_done same 100 || give_up 'the search ends again'
dump_results same >"$work/second.txt"
# (An attempt may have been granted in the moment of the kill and never have reached a worker: that one has no points.)
check_equal 'no trial that ran was started again' '0' "$(sql "SELECT count(*) FROM v_attempt WHERE state <> 'done' AND points > 0")"
check_equal 'both other workers had a part' '2' "$(sql 'SELECT count(DISTINCT worker) FROM v_attempt')"
check 'the curves are the same, byte for byte' cmp "$work/first.txt" "$work/second.txt"

# By hand, as README shows it.
line=$(sql "SELECT json_object('seed', seed, 'parameters', json(parameters)) FROM v_trial WHERE trial = 0 AND study = 'same/task-a'")
printf '%s\n' "$line" | OPENBLAS_CORETYPE=Prescott "$bin/ldt-worker" trial >"$work/once.jsonl"
printf '%s\n' "$line" | taskset -c 0 "$bin/ldt-worker" trial >"$work/again.jsonl"
check 'by hand it is the same run, whatever core type was inherited' cmp "$work/once.jsonl" "$work/again.jsonl"
points=$(sql "SELECT count(*) FROM v_curve WHERE study = 'same/task-a' AND trial = 0")
check_equal 'and has as many points as the recorded curve' "$points" \
    "$(python3 -c 'import json,sys; print(sum(len(json.loads(l).get("metrics", {})) for l in open(sys.argv[1])))' "$work/once.jsonl")"
end_of_test
