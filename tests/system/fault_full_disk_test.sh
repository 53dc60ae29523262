#!/bin/sh
# A disk that fills up while a search runs on it: nothing is acknowledged that is not there, `ldt status` says why, and
# with space again the search goes on by itself to its end. The disk is a small tmpfs, filled while the write-ahead log
# grows, while it is emptied into the database, and while there is room for neither; LDT_FILLINGS times (3). (TAP)
. "$(dirname "$0")/lib.sh"
fillings=${LDT_FILLINGS:-3}
[ -z "${LDT_TORTURE:-}" ] || fillings=${LDT_FILLINGS:-60}
started=$(date +%s)
disk=$work/disk
mkdir "$disk"
if [ "$(id -u)" -ne 0 ] || ! mount -t tmpfs -o size=24m tmpfs "$disk" 2>/dev/null; then
    skipped 'a full disk loses no result' 'needs root and the right to mount a tmpfs'
    end_of_test
fi
trap 'umount -l "$disk"; finish' EXIT
db=$disk/runs.db

# About 8 KiB of log and three points for each trial.
cat >"$work/trial.sh" <<'END'
read -r line
for step in 1 2 3; do echo "{\"step\": $step, \"metrics\": {\"loss\": $step}}"; done
head -c 8000 /dev/zero | tr '\0' x
sleep 0.05
END
cat >"$work/fill.yaml" <<END
name: fill
command: [sh, $work/trial.sh]
metric: {name: loss}
sampler: {name: random}
trials: 4000
parameters: {x: {min: 0.0, max: 1.0}}
END

done_trials() { sql "SELECT count(*) FROM trial WHERE state = 3"; }
more_done() { [ "$(done_trials)" -gt "$1" ]; }
full() { ldt status 2>&1 | grep -q 'the disk is full'; }
not_full() { ! full; }
# What the worker was told is recorded and is not: the coordinator may find some room by itself, when it empties its log.
not_recorded() {
    sed -n 's/.*event=result-recorded study=\([0-9]*\) trial=\([0-9]*\) attempt=\([0-9]*\).*/\1|\2|\3/p' \
        "$work/w1.log" | sort -u >"$work/acknowledged"
    sql 'SELECT study, trial, number FROM attempt WHERE state = 2' | sort -u >"$work/recorded"
    comm -23 "$work/acknowledged" "$work/recorded"
}

# How much is left before the next write fails differs each time, so that each time another write does.
fill() {
    head -c "$1" /dev/zero >"$disk/spare"
    dd if=/dev/zero of="$disk/ballast" bs=64k 2>/dev/null
    rm "$disk/spare"
}

start_coordinator
start_worker w1 -j 3 --allow-command
submit "$work/fill.yaml" || give_up 'the search is accepted'
unnoticed=0
lost=
stuck=0
filled=0
for i in $(seq "$fillings"); do
    [ $(($(date +%s) - started)) -lt "${LDT_TORTURE:-1000}" ] || break
    [ "$(done_trials)" -lt 3500 ] || break
    wait_for 20 more_done "$(done_trials)" || { say "nothing moves before filling $i"; stuck=$((stuck + 1)); break; }
    fill $((i * 7919 % 40 * 4096))
    filled=$((filled + 1))
    wait_for 30 full || { unnoticed=$((unnoticed + 1)); rm "$disk/ballast"; continue; }
    for _ in 1 2 3 4 5; do ldt status >/dev/null 2>&1; done # some tries of the coordinator's
    lost="$lost$(not_recorded)"
    rm "$disk/ballast"
    wait_for 20 not_full || { say "still full after filling $i"; stuck=$((stuck + 1)); }
done
check_equal 'ldt status says that the disk is full' 0 "$unnoticed"
check_equal 'nothing is acknowledged meanwhile that is not on the disk' '' "$lost"
check_equal 'with space again it goes on by itself' 0 "$stuck"
check_says 'the log says when it was full' event=saving-held "$work/coordinator.log"
check_says 'and when it was not any more' event=saving-resumed "$work/coordinator.log"
check 'the coordinator was never restarted' kill -0 "$coordinator"

ldt stop fill >/dev/null 2>&1
check 'the search ends' wait_for 30 sql_is "SELECT count(*) FROM trial WHERE state < 3" 0
check_equal 'nothing acknowledged is lost' '' "$(not_recorded)"
check_equal 'every curve is whole' 0 "$(sql "SELECT count(*) FROM attempt WHERE state = 2 AND (points <> 3 OR
    (SELECT count(*) FROM point WHERE point.study = attempt.study AND trial = attempt.trial AND attempt = number) <> 3)")"
check_equal 'the database is whole' ok "$(sql 'PRAGMA integrity_check')"
sql "SELECT '# ' || count(*) || ' attempts: state ' || state || ', ' || reason FROM attempt GROUP BY state, reason"
say "figures: $filled fillings of a disk, $(wc -l <"$work/acknowledged") acknowledged results, 0 lost"
stop "$worker"
stop "$coordinator"
end_of_test
