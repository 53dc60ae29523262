#!/bin/sh
# What the coordinator must refuse, each with a sentence that names the place and the way out; and a full disk, which it
# must outlive. (TAP)
. "$(dirname "$0")/lib.sh"

# refused SENTENCE PATTERN OPTION...: the coordinator ends at once, not with 0, and says something that matches.
refused() {
    sentence=$1 pattern=$2; shift 2
    timeout 10 "$bin/ldt-coordinator" --connect "$work/refused.json" "$@" >"$work/refused.out" 2>&1
    status=$?
    if [ "$status" -ne 0 ] && [ "$status" -ne 124 ] && grep -q -e "$pattern" "$work/refused.out"; then
        passed "$sentence"
    else
        failed "$sentence"
        say "exit status $status; nothing matches: $pattern"
        sed 's/^/#   /' "$work/refused.out"
    fi
}
free='tcp://127.0.0.1:*'

start_coordinator
endpoint=$(endpoint_of)
refused 'a second coordinator on the same database is refused' "$db" --db "$db" --listen "$free"
refused 'an address that is taken is refused and named' "$endpoint" --db "$work/other.db" --listen "$endpoint"
check 'the first one is unharmed' ldt status
homeless() { env -u HOME -u XDG_STATE_HOME timeout 20 "$bin/ldt-worker" -c "$connect" --idle-exit 1ms "$@" 2>"$work/refused.out"; }
check 'a worker without a home finds its coordinator' homeless
check_says 'and says that it keeps no checkpoints' 'no-checkpoint.*HOME.*--checkpoints' "$work/refused.out"
homeless --checkpoints none
check 'but not where none were wanted' test -z "$(grep no-checkpoint "$work/refused.out")"
check 'plain sqlite3 reads the database while it runs' sql 'SELECT count(*) FROM v_study'
sqlite3 -cmd '.timeout 5000' "$db" 'CREATE TABLE mine (x)' # a file with a write-ahead log cannot keep others out
check 'that another process wrote to it is noticed and logged' wait_for 10 grep -q event=foreign-write "$work/coordinator.log"
check 'and it goes on' ldt status
no_output() { ldt -o json status >&- 2>"$work/refused.out"; [ $? -eq 1 ]; }
check 'where standard output is closed, ldt says so' no_output
check_says 'and nothing else has got its number' 'Bad file descriptor' "$work/refused.out"
printf 'name: s\ncommand: [sh]\nmetric: {name: loss}\nsampler: {name: random}\ntrials: 1\nparameters: {x: {min: 0, max: 9}}\n' \
    >"$work/s.yaml"
ldt best "$(printf 'a\033[2Jb')" 2>"$work/refused.out"
check 'what a terminal would obey is not repeated in a complaint' grep -qF 'a?[2Jb' "$work/refused.out"
unwritten() { ldt "$@" >/dev/full 2>"$work/refused.out"; [ $? -eq 1 ] && grep -q 'No space left' "$work/refused.out"; }
check 'what a full disk does not take is no success: rows' unwritten query 'SELECT 1'
check 'a plan' unwritten check "$work/s.yaml"
check 'the help' unwritten --help
check 'the words beside new keys' unwritten keygen --server "$work/unsaid"
POSIXLY_CORRECT=1 check 'options may stand behind words whatever is in the environment' ldt query 'SELECT 1' -o json
check_equal 'every verb knows its version' "$("$bin/ldt" --version)" "$("$bin/ldt" status --version)"

mv "$db" "$db.away"
ldt submit "$work/s.yaml" >"$work/submit.out" 2>&1 &
submitting=$!
gone() { ldt status 2>&1 | grep -q 'nor acknowledged: .*was moved or removed'; }
check 'that the database is gone from its place is told by status' wait_for 20 gone
mv "$db.away" "$db"
submitted() { ldt status s 2>/dev/null | grep -q '^s .*open'; }
check 'once it is back the coordinator goes on by itself, with what it was told meanwhile' wait_for 20 submitted
wait "$submitting"

refused 'other addresses than loopback need keys' 'key' --db "$work/none.db" --listen 'tcp://0.0.0.0:*'
refused 'a host that cannot stand in an address is refused' 'host name' --db "$work/none.db" --listen "$free" --advertise 'a"b'
refused 'an address that is none is refused' 'nonsense' --db "$work/none.db" --listen nonsense
check 'neither leaves an empty database behind' test ! -e "$work/none.db"
refused 'without a database there is nothing to do' '--db'
refused 'a directory that is not there is named' "$work/nowhere" --db "$work/nowhere/runs.db" --listen "$free"

sqlite3 "$work/foreign.db" 'PRAGMA application_id = 77; CREATE TABLE mine (x); INSERT INTO mine VALUES (1)'
cp "$work/foreign.db" "$work/foreign.copy"
refused 'a database of another program is refused' "$work/foreign.db" --db "$work/foreign.db" --listen "$free"
check 'and left as it was' cmp "$work/foreign.db" "$work/foreign.copy"
stop "$coordinator"
cp "$db" "$work/newer.db"
sqlite3 "$work/newer.db" 'PRAGMA user_version = 99'
refused 'a newer schema is refused, both versions named' '99' --db "$work/newer.db" --listen "$free"
head -c 5000 /dev/urandom >"$work/noise.db"
refused 'what is no database is refused' "$work/noise.db" --db "$work/noise.db" --listen "$free"

"$bin/ldt" check - <&- >"$work/refused.out" 2>&1
check_equal 'a search that cannot be read is refused' 1 $?
check_says 'and standard input is called what it is' '^stdin: ' "$work/refused.out"

# ---- two coordinators of one user, with a database each: who was there first is found by all who name nobody
default=$XDG_STATE_HOME/ldt/connect.json
start_second() {
    rm -f "$work/second.log" # what an older one said must not be taken for this one's word
    "$bin/ldt-coordinator" --db "$work/second.db" --listen "$free" "$@" 2>"$work/second.log" &
    second=$!
    pids="$pids $second"
    wait_for 20 grep -qs event=ready "$work/second.log" || give_up 'the second coordinator starts'
}
"$bin/ldt-coordinator" --db "$work/first.db" --listen "$free" 2>"$work/first.log" &
first=$!
pids="$pids $first"
wait_for 20 test -s "$default" || give_up 'the first coordinator starts'
cp "$default" "$work/first.json"
start_second
check 'a second coordinator leaves the connect file to the first' cmp "$work/first.json" "$default"
check_says 'and says where it is found itself' "event=connect-file-in-use.*--coordinator $(sed -n \
    's/.*event=ready endpoint=\([^ ]*\).*/\1/p' "$work/second.log")" "$work/second.log"
stop "$second"
check 'also when it leaves' cmp "$work/first.json" "$default"
refused 'the connect file of a coordinator that runs is not overwritten on request either' \
    "$work/first.db" --db "$work/second.db" --listen "$free" --connect "$default"
start_second --connect "$work/second.json"
check_equal 'one with a connect file of its own is found by it' "$work/second.db" \
    "$(sed -n 's/.*"db": *"\([^"]*\)".*/\1/p' "$work/second.json")"
stop "$second"
stop_hard "$first"
start_second
check_equal 'that of a coordinator that was killed is replaced' "$work/second.db" \
    "$(sed -n 's/.*"db": *"\([^"]*\)".*/\1/p' "$default")"
stop "$second"

# ---- the worker's command line
worker_refused() { timeout 10 "$bin/ldt-worker" "$@" >"$work/refused.out" 2>&1; [ $? -eq 2 ]; }
check 'a worker without slots is wrong usage' worker_refused -j 0
check 'so is a name that is none' worker_refused --name 'a b'
check 'so is an address that is none' worker_refused --coordinator nonsense
LDT_COORDINATOR=nonsense check 'in the environment, too' worker_refused
check 'so is a time that is none' worker_refused --idle-exit soon
check 'so is a word that it does not know' worker_refused train
check_says 'and those that it knows are named' 'trial.*predict' "$work/refused.out"
check 'ldt-worker --help names both, too' sh -c "'$bin/ldt-worker' --help | grep -q 'predict MODEL.npz'"
trial_refused() {
    printf '%s' "$1" | timeout 10 "$bin/ldt-worker" trial >"$work/trial.out" 2>"$work/refused.out"
    [ $? -eq 1 ] && [ ! -s "$work/trial.out" ] && grep -q -e "$2" "$work/refused.out"
}
check 'a trial that is no JSON is refused' trial_refused '{"seed": 1,' 'standard input'
check 'a trial without a seed is refused' trial_refused '{"parameters": {"task": "task-b"}}' 'seed'
check 'a setting that is not there is refused, and the nearest named' \
    trial_refused '{"seed": 2, "parameters": {"task": "task-b", "student_ir": 0.1}}' 'student_lr'
check 'ldt-worker trial --help lists the settings' sh -c "'$bin/ldt-worker' trial --help | grep -q teaching_coef"

# ---- a full disk
disk=$work/disk
mkdir "$disk"
if [ "$(id -u)" -ne 0 ] || ! mount -t tmpfs -o size=2m tmpfs "$disk" 2>/dev/null; then
    skipped 'a full disk loses no result' 'needs root and the right to mount a tmpfs'
    end_of_test
fi
trap 'umount -l "$disk"; finish' EXIT
db=$disk/runs.db
cat >"$work/fill.yaml" <<'END'
name: fill
command: [sh, -c, 'read -r line; echo "{\"step\": 1, \"metrics\": {\"loss\": 1}}"; head -c 20000 /dev/zero | tr "\0" x']
metric: {name: loss}
sampler: {name: random}
trials: 60
parameters: {x: {min: 0.0, max: 1.0}}
END
start_coordinator
start_worker w1 -j 2 --allow-command
submit "$work/fill.yaml" || give_up 'the search is accepted'
wait_for 20 sql_is "SELECT count(*) > 5 FROM v_trial WHERE state = 'done'" 1 || give_up 'some trials end'
dd if=/dev/zero of="$disk/ballast" bs=4096 2>/dev/null
full() { ldt status 2>&1 | grep -qi full; }
check 'a full disk is told by status' wait_for 20 full
check 'the coordinator lives on' kill -0 "$coordinator"
rm "$disk/ballast"
mount -o remount,size=64m "$disk"
check 'with space again the search goes on by itself, to its end' wait_done fill 60
check_equal 'and no result is lost' '60' "$(sql "SELECT count(*) FROM v_trial WHERE state = 'done'")"
stop "$worker"
stop "$coordinator"
end_of_test
