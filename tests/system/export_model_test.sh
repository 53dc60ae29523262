#!/bin/sh
# A trained model of a finished trial: the run is repeated, must give the recorded curve, and the file says the same as
# the run did. (TAP)
. "$(dirname "$0")/lib.sh"

cat >"$work/small.yaml" <<'END'
name: small
program: ldt
metric: {name: test_loss}
sampler: {name: random}
trials: 1
matrix:
  method: [ldt, no-teacher]
parameters:
  task: {value: game-of-life}
  epochs: {value: 2}
  n_train: {value: 64}
  n_test: {value: 64}
  n_filters: {value: 2}
  student_lr: {distribution: log_uniform_values, min: 1e-3, max: 1e-2}
END
cat >"$work/command.yaml" <<'END'
name: command
command: [sh, -c, "echo '{\"step\": 1, \"metrics\": {\"loss\": 1}}'"]
metric: {name: loss}
trials: 1
parameters: {a: {value: 1}}
END
db=$work/runs.db
start_coordinator
start_worker w1 -j 1 --allow-command
submit "$work/small.yaml" || give_up 'the search is accepted'
submit "$work/command.yaml" || give_up 'the command is accepted'
wait_done small 60 || give_up 'the search ends'
wait_done command 60 || give_up 'the command ends'

model=$work/model.npz
check 'a trial that is done can be exported' "$bin/ldt" --db "$db" export-model small/ldt 0 --teacher -o "$model"
check_says 'its student is in the archive' 'student.conv9.weight.npy' "$model"
check_says 'and its teacher' 'teacher' "$model"
check 'again it is the same file' sh -c "'$bin/ldt' --db '$db' export-model small/ldt 0 --teacher -o '$model.2' &&
    cmp '$model' '$model.2'"
check 'a method without a teacher has none' "$bin/ldt" --db "$db" export-model small/no-teacher 0 --teacher -o "$model.3"
check 'so there is only a student' sh -c "! grep -q teacher.mixture '$model.3'"

status() { "$@" >"$work/out" 2>"$work/err"; echo $?; }
check_equal 'a trial of a command has no model' 1 "$(status "$bin/ldt" --db "$db" export-model command 0 -o "$work/no.npz")"
check_says 'and the reason is said' 'runs a command' "$work/err"
check_equal 'a trial that is not there' 3 "$(status "$bin/ldt" --db "$db" export-model small/ldt 9 -o "$work/no.npz")"
check_equal 'a file has to be named' 2 "$(status "$bin/ldt" --db "$db" export-model small/ldt 0)"

stop "$worker"
stop "$coordinator"
sqlite3 "$db" "UPDATE point SET value = value + 1e-12 WHERE idx = 5"
check_equal 'a curve that differs in one bit' 1 "$(status "$bin/ldt" --db "$db" export-model small/ldt 0 -o "$work/no.npz")"
check_says 'is refused with the place' 'does not come out as recorded: .* at step' "$work/err"
sqlite3 "$db" "DELETE FROM point WHERE trial = 0"
check_equal 'so is one that is too short' 1 "$(status "$bin/ldt" --db "$db" export-model small/ldt 0 -o "$work/no.npz")"
check 'and no file is left' sh -c "! ls '$work'/no.npz*"
end_of_test
