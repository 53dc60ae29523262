#!/bin/sh
# The paper's protocol from end to end, across a coordinator that is killed: a ladder, the best of each rung again on
# seeds of its own, a re-run that is asked for, and a search that takes its constants from another. (TAP)
. "$(dirname "$0")/lib.sh"

cat >"$work/trial.sh" <<'END'
read -r line
x=$(echo "$line" | sed 's/.*"x":\([-0-9.e]*\).*/\1/')
n=$(echo "$line" | sed 's/.*"n":\([0-9]*\).*/\1/')
awk -v x="$x" -v n="$n" 'BEGIN { printf "{\"step\": 1, \"metrics\": {\"loss\": %.17g}}\n", (x - 3) ^ 2 + 1 / n }'
END
cat >"$work/ladder.yaml" <<END
name: ladder
command: [sh, $work/trial.sh]
metric: {name: loss}
sampler: {name: grid}
rerun: {best: 2, seeds: 3}
matrix: {arm: [one, two], n: [1, 4, 16, 64]}
ladder: {over: n, stop: {at_most: 0.1}}
parameters:
  x: {values: [1, 2, 3, 4.5]}
END
cat >"$work/taker.yaml" <<END
name: taker
command: [sh, $work/trial.sh]
metric: {name: loss}
trials: 3
from: {study: "ladder/one,16", best: 2}
parameters:
  n: {values: [5, 6, 7]}
END
some_reruns() { sql_is "SELECT count(*) > 3 FROM trial JOIN study ON study.id = study AND parent IS NOT NULL" 1; }

start_coordinator
keep_endpoint
start_worker w1 -j 2 --allow-command
check 'what needs another search is refused before that exists' \
    sh -c "! timeout 60 '$bin/ldt' -c '$connect' submit '$work/taker.yaml' 2>'$work/early.err'"
check_says 'and told what to do' 'submit its search first, and wait until it is done' "$work/early.err"
submit "$work/ladder.yaml" || { sed 's/^/# /' "$work/submit.out"; give_up 'the search is accepted'; }
check_says 'the re-runs are counted from the start' 'ladder: 16 studies, 80 trials' "$work/submit.out"
wait_for 60 some_reruns || give_up 'something runs again'
stop_hard "$coordinator"
start_coordinator
wait_done ladder 60 || give_up 'the search ends after a restart'

check_equal 'rungs above the one that reached the stop are left out' 'ladder/one,64|0|0
ladder/two,64|0|0' "$(sql "SELECT study, trials, done FROM v_study WHERE study GLOB 'ladder/???,64' ORDER BY 1")"
check_equal 'the best two of each rung ran three times more' '6|2|3' \
    "$(sql "SELECT DISTINCT count(*), count(DISTINCT parameters), count(DISTINCT seed) FROM v_trial
            WHERE study GLOB 'ladder/*/rerun' GROUP BY study")"
check_equal 'on the same seeds in all studies' '3' \
    "$(sql "SELECT count(DISTINCT seed) FROM v_trial WHERE study GLOB '*/rerun'")"
check_equal 'which no trial of the search has' '0' "$(sql "SELECT count(*) FROM v_trial AS a JOIN v_trial AS b USING (seed)
    WHERE a.study GLOB '*/rerun' AND b.study NOT GLOB '*/rerun'")"
check_equal 'the best of a re-run is that of its study' '{"arm":"one","n":4,"x":3}' \
    "$(sql "SELECT parameters FROM v_best WHERE study = 'ladder/one,4/rerun' AND rank = 1 LIMIT 1")"

check 'a study runs again when asked to' sh -c "timeout 60 '$bin/ldt' -c '$connect' rerun ladder/two,1 --best 1 --seeds 5 >'$work/rerun.out'"
check_says 'as a study of its own' 'ladder/two,1/rerun-2: 5 trials' "$work/rerun.out"
wait_done ladder 60 || give_up 'the re-run ends'
check_equal 'whose first seeds are those of the other re-runs' '3' \
    "$(sql "SELECT count(DISTINCT a.seed) FROM v_trial AS a JOIN v_trial AS b USING (seed)
            WHERE a.study = 'ladder/two,1/rerun-2' AND b.study = 'ladder/one,1/rerun'")"
check 'a re-run of a re-run is refused' sh -c "! timeout 60 '$bin/ldt' -c '$connect' rerun ladder/two,1/rerun"

submit "$work/taker.yaml" || { sed 's/^/# /' "$work/submit.out"; give_up 'the search with a source is accepted'; }
wait_done taker 60 || give_up 'the search with a source ends'
check_equal 'constants came from the second best, and n from the search itself' 'one|2|5,6,7' \
    "$(sql "SELECT parameters ->> 'arm', parameters ->> 'x', group_concat(DISTINCT parameters ->> 'n')
            FROM (SELECT parameters FROM v_trial WHERE study = 'taker' ORDER BY parameters ->> 'n')")"
check_equal 'and are recorded with the search' '{"arm":"one","n":16,"x":2}' \
    "$(sql "SELECT definition -> '\$.from.parameters' FROM search WHERE name = 'taker'")"
check 'everything replays from the database, re-runs too' ldt doctor
stop "$coordinator"
sqlite3 "$db" "UPDATE trial SET parameters = (SELECT parameters FROM trial WHERE study = 1 ORDER BY value DESC LIMIT 1)
               WHERE study = (SELECT id FROM study WHERE parent = 1 ORDER BY id LIMIT 1)"
check 'whoever can write can make the hashes fit' "$bin/ldt" doctor --db "$db" --accept
"$bin/ldt" doctor --db "$db" -o csv >"$work/doctor.out" 2>&1
check_says 'a re-run of what was not the best is noticed all the same' 'its suggestion does not come out again' "$work/doctor.out"
end_of_test
