#!/bin/sh
# `ldt-worker trial` by hand, with a directory for its checkpoint: terminated ten times, killed, given a damaged file and
# that of another trial, it comes to the curve of a run that nobody disturbed, byte for byte. (TAP)
. "$(dirname "$0")/lib.sh"

mkdir "$work/place"
place=$work/place
parameters='{"task":"task-b","n_train":400,"n_test":200,"n_inner":20,"epochs":90}'

# trial OUT SEED SECONDS: a run in the background, its process is $trial. Its curve lands in OUT, line by line.
trial() {
    printf '{"seed": %d, "checkpoint_dir": "%s", "checkpoint_seconds": %s, "parameters": %s}\n' \
        "$2" "$place" "$3" "$parameters" >"$work/input.json"
    "$bin/ldt-worker" trial <"$work/input.json" >"$1" 2>"$1.err" &
    trial=$!
    pids="$pids $trial"
}
curve() { grep '^{"step"' "$1"; }
has_lines() { [ "$(curve "$1" | wc -l)" -ge "$2" ]; }
is_saved() { [ -s "$place/trial.checkpoint" ]; }
whole() {
    trial "$1" "$2" 120
    wait "$trial"
}
same_curve() { curve "$1" >"$work/a.txt"; curve "$2" >"$work/b.txt"; cmp "$work/a.txt" "$work/b.txt"; }
files() { find "$place" -type f | wc -l; }

printf '{"seed": 1, "parameters": %s}\n' "$parameters" | "$bin/ldt-worker" trial >"$work/want.jsonl" ||
    give_up 'a trial runs to its end'

moves=0
while [ "$moves" -lt 10 ]; do
    out=$work/move-$moves.jsonl # a file of its own: the lines of the run before say nothing of this one
    trial "$out" 1 120
    # (A line more than the run before it had written: each move has got on.)
    wait_for 20 has_lines "$out" $((2 * moves + 2)) || give_up 'a trial goes on'
    kill -TERM "$trial"
    wait "$trial"
    [ $? -eq 75 ] || give_up "a terminated trial exits with 75 (move $moves)"
    is_saved || give_up "a terminated trial leaves a checkpoint (move $moves)"
    moves=$((moves + 1))
done
whole "$work/last.jsonl" 1
check_says 'a trial that was moved ten times says where it goes on from' '"checkpoint":"goes on from iteration' "$work/last.jsonl"
check 'and its curve is the undisturbed one, byte for byte' same_curve "$work/want.jsonl" "$work/last.jsonl"
check_equal 'what is done leaves no file' 0 "$(files)"

trial "$work/killed.jsonl" 1 0
wait_for 20 has_lines "$work/killed.jsonl" 12 || give_up 'a trial saves itself after every iteration'
stop_hard "$trial"
whole "$work/last.jsonl" 1
check_says 'a killed trial goes on from its last checkpoint' '"checkpoint":"goes on from iteration [1-9][0-9]' "$work/last.jsonl"
check 'with the same curve' same_curve "$work/want.jsonl" "$work/last.jsonl"

trial "$work/cut.jsonl" 1 0
wait_for 20 has_lines "$work/cut.jsonl" 5 || give_up 'a trial saves itself again'
stop_hard "$trial"
cp "$place/trial.checkpoint" "$work/kept"
head -c 2000 "$work/kept" >"$place/trial.checkpoint"
whole "$work/last.jsonl" 1
check_says 'a damaged file is named, and not used' 'is damaged: its checksum does not fit' "$work/last.jsonl.err"
check 'with the same curve' same_curve "$work/want.jsonl" "$work/last.jsonl"

cp "$work/kept" "$place/trial.checkpoint"
whole "$work/other.jsonl" 2
check_says 'nor is that of another trial' 'made with `seed 1`, but here it is `seed 2`' "$work/other.jsonl.err"
check_equal 'and nothing is left' 0 "$(files)"
end_of_test
