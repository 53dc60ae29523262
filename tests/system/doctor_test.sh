#!/bin/sh
# ldt doctor on the file of a real search: sound while the coordinator runs and after it; every bit that is flipped in
# a copy and changes what can be read is found; rows changed by hand are named, and a coordinator refuses them. (TAP)
. "$(dirname "$0")/lib.sh"
seed=${LDT_SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}

cat >"$work/trial.sh" <<'END'
read -r line
x=$(echo "$line" | sed 's/.*"x":\([-0-9.e]*\).*/\1/')
for step in 1 2 3 4 5 6; do
    echo "{\"step\": $step, \"epoch\": 0.$step, \"metrics\": {\"loss\": $x, \"accuracy\": 0.$step}}"
done
echo "a line for the log of $x" >&2
END
cat >"$work/search.yaml" <<END
name: search
command: [sh, $work/trial.sh]
metric: {name: loss}
sampler: {name: tpe}
trials: 12
matrix: {arm: [one, two]}
parameters:
  x: {min: 0.1, max: 1.0}
  kind: {values: [a, b, c]}
END
begun() { sql_is 'SELECT count(*) > 3 FROM outcome' 1; }
doctor() { "$bin/ldt" doctor --db "$1" -o csv; }
finds() { # FILE PATTERN: findings, one of them like this, and exit status 1
    doctor "$1" >"$work/doctor.out" 2>&1
    [ $? -eq 1 ] && grep -q -e "$2" "$work/doctor.out" || { cat "$work/doctor.out"; return 1; }
}

start_coordinator
start_worker w1 -j 2 --allow-command
submit "$work/search.yaml" || give_up 'the search is accepted'
wait_for 60 begun || give_up 'the search begins'
check 'the database is sound while trials end' ldt doctor
check 'and a moment later, too' ldt doctor
wait_done search 60 || give_up 'the search ends'
stop "$worker"
stop "$coordinator"
check 'it is sound after the coordinator has left' doctor "$db"
"$bin/ldt" doctor --db "$db" -o json >"$work/json" 2>/dev/null
check_equal 'without findings JSON is an empty list' '[]' "$(tr -d ' \n' <"$work/json")"
"$bin/ldt" doctor --db "$db" >/dev/null 2>"$work/verdict"
check_says 'every suggestion came out again' '24 suggestions come out again' "$work/verdict"
check_says 'and what there is is counted in words' ' 1 search, 2 studies, 24 trials, ' "$work/verdict"

say "seed $seed"
check 'of 200 flipped bits none that changes a value is missed' "$build/tests/system/flips" "$db" 200 "$seed"
check_says 'and some were found' ' [1-9][0-9]* found' "$work/check.out"

# By hand: found, named, told whom it does not concern; and no coordinator goes on with it.
cp "$db" "$work/changed.db"
sqlite3 "$work/changed.db" "UPDATE trial SET value = 0.05 WHERE study = 1 AND number = 3"
check 'a value that somebody improved is found' finds "$work/changed.db" '^trial 3 of `search/one`,'
check_says 'the other study is called unaffected' 'not affected are 1 of 2 studies: search/two' "$work/doctor.out"
cp "$work/changed.db" "$work/other.db"
"$bin/ldt-coordinator" --db "$work/other.db" --connect "$work/other.json" --listen 'tcp://127.0.0.1:*' \
    >"$work/refusal" 2>&1
check_equal 'a coordinator does not start with it' '1' "$?"
check_says 'and says which row, and what to do' 'trial 3 of `search/one`: changed by somebody other' "$work/refusal"
check_says 'and how doctor is asked about this file' "doctor --db $work/other.db" "$work/refusal"
check_says 'doctor says how rows are accepted' "doctor --db $work/changed.db --accept" "$work/doctor.out"
"$bin/ldt" doctor --db "$work/changed.db" --accept 2>"$work/accepted"
check_equal 'rows can be accepted as they are' 0 $?
check_says 'which does not say that they fit together' "doctor --db $work/changed.db. says" "$work/accepted"
check 'but not against the curve' finds "$work/changed.db" '^trial 3 of `search/one`,it is final and its latest outcome'
check 'and accepting them once more is not advised, for it would change nothing' \
    sh -c "! grep -q -e '--accept' '$work/doctor.out'"
"$bin/ldt-coordinator" --db "$work/changed.db" --connect "$work/other.json" --listen 'tcp://127.0.0.1:*' \
    >"$work/refusal" 2>&1
check_equal 'nor does a coordinator start with rows that contradict each other' '1' "$?"
check_says 'and that, too, comes with what to do' "put a copy in place of $work/changed.db; .ldt doctor --db $work/changed.db" "$work/refusal"
sqlite3 "$work/other.db" "UPDATE attempt SET log = 'nothing happened' WHERE study = 2 AND trial = 5"
check 'a log that was rewritten is found' finds "$work/other.db" '^attempt 1 of trial 5 of `search/two`,.*its log is not'

# Of an older release, whose views were others.
cp "$db" "$work/older.db"
sqlite3 "$work/older.db" 'DROP VIEW v_last; CREATE VIEW v_last AS SELECT 1 AS trial'
check 'a view that is not ours is found' finds "$work/older.db" '^the view v_last,'
check_says 'with what is true of the rest' "older.db, apart from its views: 1 search, 2 studies, .* are what was saved; 24 sugg" \
    "$work/doctor.out"
check 'and nobody is told to put a copy in its place' sh -c "! grep -q 'in its place' '$work/doctor.out'"

printf 'no database' >"$work/text.db"
"$bin/ldt" doctor --db "$work/text.db" >"$work/text.out" 2>&1
check_equal 'what is no database fails' '1' "$?"
end_of_test
