#!/bin/sh
# Trials of the built-in trainer that are moved from worker to worker by SIGTERM, while they run: their curves are those
# of trials that nobody disturbed, byte for byte. LDT_MOVES moves of each trial (2), of every method if LDT_TORTURE is
# set. (TAP)
. "$(dirname "$0")/lib.sh"
moves=${LDT_MOVES:-2}

study() { # NAME LINE...: a search of one trial, its parameters as lines of YAML
    search=$1; shift
    { printf 'name: %s\nprogram: ldt\nmetric: {name: %s, goal: minimize}\nsampler: {name: random}\nseed: 3\ntrials: 1\n' \
        "$search" "${metric:-test_loss}"
      printf 'parameters:\n'; printf '  %s\n' "$@"; } >"$work/$search.yaml"
    searches="$searches $search"
}
searches=
if [ -z "${LDT_TORTURE:-}" ]; then
    study task-b 'task: {value: task-b}' 'epochs: {value: 20}'
else # so long that a machine with much else to do still looks in time at each eleventh part of them
    study task-a 'task: {value: task-a}' 'epochs: {value: 500}'
    study task-b 'task: {value: task-b}' 'epochs: {value: 80}'
    study no-teacher 'task: {value: task-b}' 'method: {value: no-teacher}' 'epochs: {value: 800}'
    study fixed-teacher 'task: {value: task-b}' 'method: {value: fixed-teacher}' 'epochs: {value: 400}'
fi

submit_all() {
    for search in $searches; do submit "$work/$search.yaml" || give_up "the search $search is accepted"; done
}
all_done() { sql_is "SELECT count(*) > 0 AND sum(state <> 'done') = 0 FROM v_study" 1; }
dump_all() { for search in $searches; do dump_results "$search"; done; }

# ---- undisturbed
db=$work/calm.db
start_coordinator
start_worker calm -j 1
submit_all
wait_for 120 all_done || give_up 'the undisturbed searches end'
dump_all >"$work/calm.txt"
sql "SELECT study, points FROM v_attempt WHERE state = 'done'" | tr '|' ' ' >"$work/points"
stop "$worker"
stop "$coordinator"

# ---- moved. There is always one worker that works and one that waits for what it leaves.
db=$work/runs.db
number_of_workers=0
another_worker() {
    number_of_workers=$((number_of_workers + 1))
    start_worker "worker$number_of_workers" -j 1
    echo "$worker" >"$work/worker$number_of_workers.pid"
    wait_for 20 grep -q 'connected to' "$work/worker$number_of_workers.log" || give_up 'a worker connects'
}
# What runs: its search, the attempt, its points, its worker.
running() { sql "SELECT search, attempt, points, worker FROM v_attempt WHERE state = 'running' ORDER BY study LIMIT 1" | tr '|' ' '; }
# Has this attempt its share of the points? The first leaves after 1 of 11 parts, say, the second after 2.
is_time() { [ "$2" -le "$moves" ] && [ "$3" -ge $(($(sed -n "s/^$1 //p" "$work/points") * $2 / (moves + 1))) ]; }
move() {
    pid=$(cat "$work/$1.pid")
    stop "$pid" || failed "$1 leaves with exit status 0"
    another_worker
}

start_coordinator
another_worker
for search in $searches; do # one after another, so that all moves are of one trial
    submit "$work/$search.yaml" || give_up "the search $search is accepted again"
    [ "$number_of_workers" -gt 1 ] || { wait_for 20 sql_is "SELECT count(*) FROM v_attempt" 1; another_worker; }
    until all_done; do
        sleep 0.02
        # shellcheck disable=SC2046
        set -- $(running)
        if [ $# -eq 4 ] && is_time "$1" "$2" "$3"; then move "$4"; fi
    done
    check_equal "$search was moved $moves times, and none of it charged" "$moves 1 0" \
        "$(sql "SELECT sum(state = 'released'), sum(state = 'done') FROM v_attempt WHERE search = '$search'" | tr '|' ' ') $(
           sql "SELECT charged FROM v_trial WHERE search = '$search'")"
    check_equal "each of its attempts goes on from a checkpoint ($search)" '1' \
        "$(sql "SELECT info ->> '\$.checkpoint' LIKE 'goes on from%' FROM v_attempt WHERE search = '$search' AND state = 'done'")"
done
dump_all >"$work/moved.txt"
check 'the curves are those of the undisturbed trials, byte for byte' cmp "$work/calm.txt" "$work/moved.txt"
check 'and are not empty' test "$(wc -l <"$work/moved.txt")" -gt 40
check_equal 'no checkpoint is left' '' "$(find "$XDG_STATE_HOME/ldt/checkpoints" -name 'attempt-*')"
say "figures: $(echo "$searches" | wc -w) trials moved $moves times each, $(wc -l <"$work/moved.txt") rows compared"
end_of_test
