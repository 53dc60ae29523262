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

# matrix ROWS COLUMNS FILE [NUMBER]: rows of it, by turns positive and negative, as NumPy saves them; zeros without.
matrix() {
    python3 -c 'import struct, sys
rows, columns = int(sys.argv[1]), int(sys.argv[2])
text = "{\x27descr\x27: \x27<f4\x27, \x27fortran_order\x27: False, \x27shape\x27: (%d, %d), }" % (rows, columns)
text += " " * (63 - (10 + len(text)) % 64) + "\n"
open(sys.argv[3], "wb").write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode())
number = float((sys.argv + ["0"])[4])
open(sys.argv[3], "ab").write(b"".join(struct.pack("<f", -number if i % 2 else number) for i in range(rows * columns)))' "$@"
}
matrix 3 289 "$work/x.npy"
matrix 3 17 "$work/narrow.npy"
check_equal 'a model says something about every board' 0 "$(status "$bin/ldt-worker" predict "$model" "$work/x.npy")"
check_equal 'the same about equal ones' '3 1' "$(wc -l <"$work/out") $(sort -u "$work/out" | wc -l)"
check_equal 'and how sure it is' 0 "$(status "$bin/ldt-worker" predict "$model" "$work/x.npy" --probabilities)"
check 'which sums up to one' awk '{ if (NF != 2 || $1 + $2 < 0.999999 || $1 + $2 > 1.000001) exit 1 }' "$work/out"
check_equal 'predictions can be an array' 0 "$(status "$bin/ldt-worker" predict "$model" "$work/x.npy" -o "$work/y.npy")"
check_says 'of classes' "'<i8', 'fortran_order': False, 'shape': (3,)" "$work/y.npy"
check_equal 'inputs of another width' 1 "$(status "$bin/ldt-worker" predict "$model" "$work/narrow.npy")"
check_says 'are refused with what was expected' 'expected (rows, 289)' "$work/err"
# a model whose weights have no direction
echo '{"seed": 1, "parameters": {"task": "task-a", "input_dim": 16, "method": "no-teacher", "student_weight_norm": true,
    "n_train": 64, "n_test": 40, "epochs": 1}}' | "$bin/ldt-worker" trial --save-model "$work/dense.npz" >/dev/null
python3 -c 'import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as old, zipfile.ZipFile(sys.argv[2], "w") as new:
    for name in old.namelist():
        data = old.read(name)
        start = data.index(b"\n") + 1
        new.writestr(name, data[:start] + bytes(len(data) - start) if name.endswith(".v.npy") else data)' \
    "$work/dense.npz" "$work/lost.npz"
matrix 2 16 "$work/few.npy" 1
check_equal 'what comes to numbers' 0 "$(status "$bin/ldt-worker" predict "$work/dense.npz" "$work/few.npy")"
check_equal 'what comes to none' 1 "$(status "$bin/ldt-worker" predict "$work/lost.npz" "$work/few.npy")"
check_says 'is not taken for the first class' 'row 0: .*not a number' "$work/err"
check_equal 'what is no model' 1 "$(status "$bin/ldt-worker" predict "$work/x.npy" "$work/x.npy")"
check_equal 'predict without inputs is wrong usage' 2 "$(status "$bin/ldt-worker" predict "$model")"
mkfifo "$work/fifo"
check_equal 'what is no regular file' 1 "$(status "$bin/ldt" --db "$db" export-model small/ldt 0 -o "$work/fifo")"
check 'is not taken away' test -p "$work/fifo"

stop "$worker"
stop "$coordinator"
sqlite3 "$db" "UPDATE point SET value = value + 1e-12 WHERE idx = 5"
check_equal 'a curve that differs in one bit' 1 "$(status "$bin/ldt" --db "$db" export-model small/ldt 0 -o "$work/no.npz")"
check_says 'is refused with the place' 'does not come out as recorded: .* at step' "$work/err"
sqlite3 "$db" "DELETE FROM point WHERE trial = 0"
check_equal 'so is one that is too short' 1 "$(status "$bin/ldt" --db "$db" export-model small/ldt 0 -o "$work/no.npz")"
check 'and no file is left' sh -c "! ls '$work'/no.npz*"
end_of_test
