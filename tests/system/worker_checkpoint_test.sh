#!/bin/sh
# A trial that is interrupted again and again goes on from what it has saved, on whichever worker; what it kept is
# removed when nobody needs it any more, and kept as long as somebody may. (TAP)
. "$(dirname "$0")/lib.sh"

# Forty steps, saved one by one; an attempt makes ten of them and then waits to be interrupted. The last one ends.
cat >"$work/trial.sh" <<'END'
trap 'exit 75' TERM
read -r line
attempt=$(echo "$line" | sed 's/.*"attempt":\([0-9]*\).*/\1/')
dir=$(echo "$line" | sed -n 's/.*"checkpoint_dir":"\([^"]*\)".*/\1/p')
step=0
[ ! -e "$dir/step" ] || step=$(cat "$dir/step")
echo "$attempt $step $dir" >>"$1"
reported=0
until [ "$reported" -eq 40 ]; do
    until [ "$reported" -lt "$step" ]; do # all that was saved is reported; is it time for another step?
        if [ -n "$dir" ] && [ "$step" -ge $((attempt * 10)) ]; then sleep 0.05; continue; fi
        step=$((step + 1))
        [ -z "$dir" ] || { echo "$step" >"$dir/step.new" && mv "$dir/step.new" "$dir/step"; }
    done
    reported=$((reported + 1))
    echo "{\"step\": $reported, \"metrics\": {\"loss\": $((1000 - reported))}}"
done
END
spec() { # NAME: a search of one trial
    cat >"$work/$1.yaml" <<END
name: $1
command: [sh, $work/trial.sh, $work/$1.starts]
metric: {name: loss}
sampler: {name: grid}
parameters: {x: {values: [1]}}
END
    submit "$work/$1.yaml" || give_up "the search $1 is accepted"
}
kept=$XDG_STATE_HOME/ldt/checkpoints
kept_by() { find "$kept" -mindepth 2 -maxdepth 2 -name 'attempt-*' -printf '%f\n' | tr '\n' ' '; }
kept_is() { [ "$(kept_by)" = "$1" ]; }
attempts() { sql "SELECT group_concat(state, ' ') FROM (SELECT state FROM v_attempt WHERE search = '$1' ORDER BY attempt)"; }
points_are() { sql_is "SELECT points FROM v_attempt WHERE search = '$1' AND attempt = $2" "$3"; }

start_coordinator
start_worker one -j 1 --allow-command
spec moved
for attempt in 1 2 3; do
    wait_for 20 points_are moved $attempt $((attempt * 10)) || give_up "attempt $attempt comes as far as it should"
    leaving=$worker
    kill -TERM "$leaving"
    start_worker "worker$attempt" -j 1 --allow-command
    wait "$leaving"
    check_equal "a worker that is asked to leave does so ($attempt)" '0' "$?"
done
wait_done moved 20 || give_up 'the search ends'
check_equal 'each attempt goes on where the one before was interrupted' '1 0 2 10 3 20 4 30' \
    "$(cut -d' ' -f1,2 "$work/moved.starts" | tr '\n' ' ' | sed 's/ $//')"
check_equal 'each hands back what it has, and none is charged' 'released released released done 0' \
    "$(attempts moved) $(sql "SELECT charged FROM v_trial WHERE search = 'moved'")"
check_equal 'the curve is whole' '40 820 960' "$(sql "SELECT count(*) || ' ' || sum(step) || ' ' || CAST(min(value) AS INT)
    FROM v_curve WHERE study = 'moved'")"
check 'what it kept is removed when the result is recorded' wait_for 5 kept_is ''

# One that is killed, with its worker, is not lost either: the next attempt goes on from the last that was saved.
spec killed
wait_for 20 points_are killed 1 10 || give_up 'the trial runs'
stop_hard "$worker"
start_worker second -j 1 --allow-command
wait_for 20 points_are killed 2 20 || give_up 'the next attempt comes as far as it should'
check_equal 'after kill -9 of the worker the trial goes on from what was saved' '1 0 2 10' \
    "$(cut -d' ' -f1,2 "$work/killed.starts" | tr '\n' ' ' | sed 's/ $//')"
check_equal 'which the new attempt has taken over' 'attempt-2 ' "$(kept_by)"

# Nor is one that was cancelled, once somebody wants it again.
ldt stop killed --now >"$work/stop.out" 2>&1
wait_for 20 sql_is "SELECT state FROM v_trial WHERE search = 'killed'" cancelled || give_up 'the trial is cancelled'
ldt retry killed --cancelled >"$work/retry.out" 2>&1
wait_for 20 points_are killed 3 30 || give_up 'the trial that is tried again comes as far as it should'
check_equal 'a cancelled trial that is tried again goes on, too' '3 20' \
    "$(tail -n 1 "$work/killed.starts" | cut -d' ' -f1,2)"
stop "$worker"

# Without a directory a trial runs all the same, from the beginning, and nobody fails.
start_worker nowhere -j 1 --allow-command --checkpoints none
spec nowhere
wait_done nowhere 20
check_equal 'without a directory nothing is passed on' '1 0 ' "$(cat "$work/nowhere.starts")"
stop "$worker"
start_worker unwritable -j 1 --allow-command --checkpoints /proc/no/such/place
spec unwritable
wait_done unwritable 20
check_equal 'with one that cannot be used, too' '1 0 ' "$(cat "$work/unwritable.starts")"
check_says 'and the log says why' 'event=no-checkpoint why="cannot use `/proc/no/such/place`' "$work/unwritable.log"
stop "$worker"
end_of_test
