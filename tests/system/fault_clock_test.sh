#!/bin/sh
# The clocks of the coordinator and of a worker are set forward and back by hours and years while a search runs: no lease
# lapses for it, no trial is lost or run twice, and nothing lasts longer than it did. (TAP)
. "$(dirname "$0")/lib.sh"
clock_so=$build/tests/system/preload/clock.so
seed=${LDT_CLOCK_SEED:-$(date +%s)}
jumps=${LDT_CLOCK_JUMPS:-8}
[ -z "${LDT_TORTURE:-}" ] || jumps=$((LDT_TORTURE * 2))
say "LDT_CLOCK_SEED=$seed LDT_CLOCK_JUMPS=$jumps"
if grep -q __asan_init "$bin/ldt-coordinator"; then
    skipped 'clocks may jump' 'a sanitized program cannot be preloaded'
    end_of_test
fi

cat >"$work/clock.yaml" <<END
name: clock
command: [sh, -c, 'read -r line; sleep 0.1; echo "{\"step\": 1, \"metrics\": {\"loss\": 1}}"; sleep 0.4']
metric: {name: loss}
sampler: {name: random}
max_trial_duration: 30s
trials: $((jumps * 2 + 4))
parameters: {x: {min: 0.0, max: 1.0}}
END

set_clock() { printf '%s          ' "$2" >"$work/clock.$1"; }
set_clock coordinator 0
set_clock worker 0
mkdir "$work/bin"
for program in coordinator worker; do
    printf '#!/bin/sh\nLD_PRELOAD=%s LDT_CLOCK=%s exec %s "$@"\n' "$clock_so" "$work/clock.$program" "$bin/ldt-$program" \
        >"$work/bin/ldt-$program"
    chmod +x "$work/bin/ldt-$program"
done
ln -s "$bin/ldt" "$work/bin/ldt"
bin=$work/bin
start_coordinator --lease 20s # a lease of two seconds may lapse on a machine that is busy enough
start_worker w1 -j 4 --allow-command
submit "$work/clock.yaml" || give_up 'the search is accepted'

# By up to three years, forward or back; every second one jumps both clocks, by different amounts.
awk -v seed="$seed" -v jumps="$jumps" 'BEGIN {
    srand(seed)
    for (i = 0; i < jumps; i++) {
        far = exp(log(3600) + rand() * log(3 * 365 * 24))
        sign = rand() < 0.5 ? -1 : 1
        printf "%.0f %.0f\n", sign * far, i % 2 ? far / 3 * -sign : sign * far
    }
}' >"$work/jumps"
while read -r one other; do
    set_clock coordinator "$one"
    set_clock worker "$other"
    sleep 0.25 # a jump is met by trials that were started before it
done <"$work/jumps"
check 'the search ends' wait_done clock 60
check_equal 'each trial ran once: no lease lapsed' "$((jumps * 2 + 4)) $((jumps * 2 + 4))" \
    "$(sql "SELECT (SELECT count(*) FROM trial WHERE state = 3) || ' ' || (SELECT count(*) FROM attempt)")"
check_equal 'no trial lasts as long as the clock jumped' 0 \
    "$(sql 'SELECT count(*) FROM attempt WHERE state = 2 AND duration_ms NOT BETWEEN 400 AND 30000')"
check_equal 'every time is one that the clock showed' 0 "$(sql "SELECT count(*) FROM attempt
    WHERE abs(started_ms / 1000 - unixepoch()) > 3600 * 24 * 365 * 3.1 OR abs(finished_ms / 1000 - unixepoch()) > 3600 * 24 * 365 * 3.1")"
check 'the clocks did jump' sql_is 'SELECT max(started_ms) - min(started_ms) > 3600000 FROM attempt' 1
sql "SELECT '# attempt ' || trial || '/' || number || ': state ' || state || ', ' || reason FROM attempt WHERE state <> 2"
check 'the coordinator lives' kill -0 "$coordinator"
say "figures: $jumps jumps of the clocks, $(sql 'SELECT count(*) FROM attempt') attempts for $((jumps * 2 + 4)) trials"
stop "$worker"
stop "$coordinator"
end_of_test
