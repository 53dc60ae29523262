#!/bin/sh
# What the keeper of a fleet asks for: pause and resume, retry, drain, and audits that find a sick machine. (TAP)
. "$(dirname "$0")/lib.sh"

# Trials whose curve follows from their parameter alone, unless the machine computes wrongly.
cat >"$work/train.sh" <<'END'
read -r line
x=$(printf %s "$line" | sed 's/.*"x": *\([0-9]*\).*/\1/')
[ "$x" != "${LDT_TEST_BROKEN:-none}" ] || [ -e mended ] || { echo 'no such file' >&2; exit 3; }
echo '{"info": {"version": "'"${LDT_TEST_VERSION:-1}"'"}}'
for step in 1 2 3; do echo '{"step": '$step', "metrics": {"loss": '$((x + step + (step > 2 ? ${LDT_TEST_SICK:-0} : 0)))'}}'; done
END
cat >"$work/s.yaml" <<END
name: s
command: [sh, train.sh]
workdir: $work
env: {LDT_TEST_BROKEN: "3"}
metric: {name: loss}
sampler: {name: grid}
max_attempts: 1
parameters: {x: {values: [0, 1, 2, 3, 4, 5]}}
END
states() { sql "SELECT group_concat(state || ':' || n, ' ') FROM (SELECT state, count(*) AS n FROM v_trial WHERE study = '${1:-s}' GROUP BY state ORDER BY state)"; }
gone() { ! kill -0 "$1"; }
leaves() { [ "$(ldt workers -o csv | grep -c "^$1,.*,$2,")" = 1 ]; }

start_coordinator
submit "$work/s.yaml" || give_up 'the search is accepted'
check 'a search is paused' ldt pause s
start_worker anna -j 2 --allow-command
anna=$worker
check 'a worker comes' wait_for 20 leaves anna no
check_equal 'and is given nothing' 0 "$(sql 'SELECT count(*) FROM attempt')"
ldt status s >"$work/status"
check_says 'status says that it is paused, and what to do' 'paused: `ldt resume s` goes on' "$work/status"
check 'the search is resumed' ldt resume s
wait_done s 30 || give_up 'the search ends'
check_equal 'one of six trials failed' 'done:5 failed:1' "$(states)"
ldt pause s 2>"$work/error"
check_equal 'a search that is done cannot be paused' 1 $?
check_says 'and that is what the error says' '`s` is done: it hands out nothing any more' "$work/error"

ldt retry s 2 2>"$work/error"
check_says 'a trial that ended well is not tried again' 'trial 2 of `s` is done: only those' "$work/error"
touch "$work/mended"
check_equal 'what failed is tried again' 's: 1 trial waits again, in 1 study' "$(ldt retry s)"
wait_done s 30 || give_up 'the search ends again'
check_equal 'and ends well this time' 'done:6' "$(states)"
check_equal 'its former outcome stays' 'failed:1 done:1' \
    "$(sql "SELECT group_concat(CASE state WHEN 3 THEN 'done' WHEN 6 THEN 'failed' END || ':' || n, ' ')
            FROM (SELECT state, count(*) AS n FROM outcome WHERE trial = 3 GROUP BY seq ORDER BY seq)")"

start_worker berta -j 1 --allow-command
sqlite3 -readonly "$db" ".backup $work/copy.db"
ldt audit s --sample 100% -o csv >"$work/audit"
check_equal 'an audit on another worker finds equal curves' 0 $?
check_equal 'of all trials' 6 "$(grep -c '^[0-5],anna@.*,berta@.*,3,equal' "$work/audit")"
ldt audit s --sample 100% -o csv >"$work/again" 2>/dev/null
check 'the same command shows the same again' cmp "$work/audit" "$work/again"
check_equal 'what is best does not come from an audit' 6 "$(sql 'SELECT count(*) FROM v_best')"
check_equal 'nor counts as part of the search' '1 6 6' "$(sql "SELECT studies || ' ' || trials || ' ' || ended FROM v_search")"

check 'a worker is told to leave' ldt drain berta
check 'and goes' wait_for 30 gone "$worker"
ldt drain bertha 2>"$work/error"
check_equal 'nobody of another name is' 3 $?
LDT_TEST_SICK=1 LDT_TEST_VERSION=2 start_worker carla -j 1 --allow-command
ldt audit s --sample 2 --seed 9 >"$work/audit"
check_equal 'an audit on a machine that computes wrongly fails' 1 $?
check_says 'and shows the first point that differs, and what was not made alike' \
    'point 2 differs: step 3 loss .* against .*; not made alike: version 1 against 2' "$work/audit"
sed -e 's/name: s$/name: none/' -e 's/\[0, .*\]/[3]/' "$work/s.yaml" >"$work/none.yaml"
rm "$work/mended"
submit "$work/none.yaml" && wait_done none 30 || give_up 'a search ends without a result'
ldt stop none >"$work/stopped"
check_says 'what has ended is not said to be stopped' 'none: it had ended or was stopped already' "$work/stopped"
ldt audit none >"$work/audit" 2>"$work/error"
check_equal 'an audit that the coordinator refuses is none that found nothing' 1 $?
check_equal 'and compares nothing' '' "$(cat "$work/audit")"
ldt --db "$work/copy.db" -c "$connect" audit s --sample 100% >"$work/audit" 2>"$work/error"
check_equal 'nor is one that is looked for in a database of before' 1 $?
check_says 'which is said' 'audit-1 is not in this database' "$work/error"
timeout 60 "$bin/ldt" --coordinator "$(endpoint_of)" audit s --seed 77 >"$work/audit" 2>"$work/error"
check_equal 'whoever is far from the database is told so' 3 $?
check_equal 'before anything runs again for it' 0 "$(sql "SELECT count(*) FROM v_study WHERE study LIKE 's/audit-77%'")"
has_gone() { ldt workers -o csv | grep -q "^$1,.*,false,[0-9]*,[0-9]*,[0-9]*,"; }
wait_for 30 has_gone berta || give_up 'a worker that left is called gone'
check_equal 'those who are here are listed first, by name' 'anna carla berta' \
    "$(ldt workers -o csv | sed '1d; s/,.*//' | tr '\n' ' ' | sed 's/ $//')"
check 'all that is left leaves' ldt drain --all --now
check 'and is gone' wait_for 30 gone "$anna"
stop "$coordinator"
check 'the database proves itself, every suggestion and every sample' timeout 60 "$bin/ldt" --db "$db" doctor
end_of_test
