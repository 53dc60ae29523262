# fault.sh - for the tests in which a call of a real program fails, or the program is killed at it; after lib.sh.
# A search of small trials goes on and on, each fault meets it at some moment, and at the end every search must have
# the results of one that nobody disturbed. The faults come from tests/system/preload/fault.c.
#
# LDT_FAULT_SEED gives the same faults again (not the same timing). LDT_TORTURE=SECONDS: as many faults as fit.
fault_so=$build/tests/system/preload/fault.so
fault_seed=${LDT_FAULT_SEED:-$(date +%s)}
started=$(date +%s)
searches=0
trials=56  # of each
injected=0 # faults that were met
idle=0     # faults that were not: no such call happened
survived=0
faults_failed=0
say "LDT_FAULT_SEED=$fault_seed"

# The sanitizers bring an allocator of their own, and must be loaded first.
if grep -q __asan_init "$bin/ldt-coordinator"; then
    skipped 'faults are survived' 'a sanitized program cannot be preloaded'
    end_of_test
fi

# ---- the search: a pure function of its parameters, three points each
cat >"$work/trial.sh" <<'END'
read -r line
a=${line##*\"a\":}; a=${a%%[!0-9]*}
b=${line##*\"b\":}; b=${b%%[!0-9]*}
sleep 0.05
for step in 1 2 3; do echo "{\"step\": $step, \"epoch\": $step, \"metrics\": {\"loss\": $((a * 7 + b * step))}}"; done
END
submit_next() {
    searches=$((searches + 1))
    printf 'name: grid%d\ncommand: [sh, %s]\nmetric: {name: loss}\nsampler: {name: grid}\nmax_trial_duration: 1m\n' \
        "$searches" "$work/trial.sh" >"$work/grid.yaml"
    printf 'parameters:\n  a: {values: [0, 1, 2, 3, 4, 5, 6]}\n  b: {values: [0, 1, 2, 3, 4, 5, 6, 7]}\n' >>"$work/grid.yaml"
    wait_for 20 submit "$work/grid.yaml" || { cat "$work/submit.out"; give_up "search $searches is accepted"; }
}
# There must be something to do when a fault is met, up to fifty calls later: another search, if the last one is nearly
# done.
nearly_done() { [ "$(done_trials)" -gt $((searches * trials - 50)) ]; }
keep_busy() {
    nearly_done || return 0
    start_coordinator
    submit_next
    stop_hard "$coordinator"
}
results_of() { dump_results "$1" | sed "s/^$1|/grid|/"; }
done_trials() { sql 'SELECT count(*) FROM trial WHERE state = 3'; }

# Nothing disturbs the first search: what the others must be equal to.
calm_search() {
    db=$work/calm.db
    start_coordinator
    start_worker calm -j 8 --allow-command
    submit_next
    wait_done grid1 60 || give_up 'the undisturbed search ends'
    results_of grid1 >"$work/calm.txt"
    stop "$worker"
    stop "$coordinator"
    db=$work/runs.db
    searches=0
}

# ---- one fault
alive() {
    process_state=$(sed 's/.*) \(.\).*/\1/' "/proc/$1/stat" 2>/dev/null)
    [ "${process_state:-Z}" != Z ]
}
fired() { grep -q fired "$work/fired" 2>/dev/null; }
gone_or_fired() { fired || ! alive "$faulty"; }

# start_faulty PROGRAM FAULT OPTION...: its process is $faulty, its words are in $work/faulty.log
start_faulty() {
    program=$1 fault=$2; shift 2
    rm -f "$work/fired"
    LD_PRELOAD=$fault_so LDT_FAULT=$fault LDT_FAULT_PROGRAM=$program LDT_FAULT_LOG=$work/fired \
        "$bin/$program" "$@" 2>"$work/faulty.log" &
    faulty=$!
    pids="$pids $faulty"
}

# The status of $faulty, which has died, is $status.
reap() {
    wait "$faulty" 2>/dev/null
    status=$?
    forget "$faulty"
}

# Has it gone on: are more trials done than when the fault was met? The search is kept alive for it.
progress() {
    alive "$faulty" || return 0
    [ "$(done_trials)" -gt "$((before + 4))" ]
}

# meet PATIENCE: lets $faulty meet its fault and says what came of it in $outcome: "idle", "went-on", "stuck" (for
# PATIENCE seconds) or "died".
meet() {
    outcome=idle
    if ! wait_for 2 gone_or_fired; then stop_hard "$faulty"; return; fi
    if ! fired; then outcome=died; reap; return; fi
    before=$(done_trials)
    outcome=stuck
    if wait_for "$1" progress; then outcome=went-on; fi
    if ! alive "$faulty"; then outcome=died; reap; return; fi
    if [ "$outcome" = stuck ]; then tail -n 5 "$work/faulty.log" | sed 's/^/#   stuck: /'; fi
}

# wrong FAULT WHY
wrong() {
    faults_failed=$((faults_failed + 1))
    say "$1: $2 (outcome $outcome${status:+, status $status}; $(cat "$work/fired" 2>/dev/null))"
    tail -n 4 "$work/faulty.log" | sed 's/^/#   /'
}

# What may come of a failed call: the program goes on, or it ends with a status of its own and a sentence that says
# PATTERN. It never dies of a signal, hangs, or ends as if nothing had been. ZeroMQ (with libpgm, which it loads) ends the
# process itself when it gets no memory, OpenBLAS and czmq (which reads key files) crash, and libfyaml (in ldt only)
# crashes or calls the text no YAML: that is counted, not blamed.
judge() {
    case $outcome in
    idle) idle=$((idle + 1)); return ;;
    went-on) survived=$((survived + 1)) ;;
    stuck) wrong "$1" 'it lives, but nothing is done any more' ;;
    died)
        if [ "$status" -ge 1 ] && [ "$status" -le 6 ] && grep -q -i -e "$2" "$work/faulty.log"; then :
        elif [ "$status" -gt 1 ] && grep -q -e 'malloc.*in libzmq' -e 'malloc.*in libpgm' -e 'malloc.*in libfyaml' \
            -e 'malloc.*in libopenblas' -e 'malloc.*in libczmq' "$work/fired"
        then aborted=$((aborted + 1))
        else wrong "$1" "it should go on, or end with a status of its own and: $2"; fi ;;
    esac
    injected=$((injected + 1))
}
aborted=0

# meet_leaving PATIENCE: the same for a fault that $faulty meets on its way out, with work half done: $outcome is
# "stuck" or "died".
meet_leaving() {
    outcome=stuck before=$(done_trials)
    wait_for "$1" progress || return 0
    kill -TERM "$faulty"
    wait_for 26 gone || return 0
    outcome=died
    reap
}
gone() { ! alive "$faulty"; }

# coordinator_meets FAULT [HOW]: there is no coordinator before, and none afterwards. HOW: meet or meet_leaving
coordinator_meets() {
    keep_busy
    rm -f "$connect"
    status=
    start_faulty ldt-coordinator "$1" --db "$db" --connect "$connect" --listen "$listen" --lease 2s \
        ${server_keys:+--keys "$server_keys"}
    "${2:-meet}" 20
    [ "$outcome" = died ] || stop_hard "$faulty"
}

# worker_meets FAULT [HOW]: the coordinator runs, and the faulty worker is the only one.
worker_meets() {
    if nearly_done; then submit_next; fi
    status=
    start_faulty ldt-worker "$1" --name wf -c "$connect" ${worker_key:+--key "$worker_key"} -j 2 --allow-command
    "${2:-meet}" 100 # it gives up a deaf socket after a minute
    [ "$outcome" = died ] || stop_hard "$faulty"
    cat "$work/faulty.log" >>"$work/wf.log"
}

# ---- the loop over all faults
time_left() { [ -z "${LDT_TORTURE:-}" ] || [ $(($(date +%s) - started)) -lt "$LDT_TORTURE" ]; }

# shuffled COUNT: lines of the input in an order that follows from the seed, at most COUNT of them (all in torture)
shuffled() {
    awk -v seed="$fault_seed" 'BEGIN { srand(seed) } { print rand() "\t" $0 }' | sort -n | cut -f 2- |
        if [ -n "${LDT_TORTURE:-}" ]; then cat; else head -n "$1"; fi
}

# for_each_fault FUNCTION: calls it for each line of $work/faults; in torture again and again, until the time is up.
for_each_fault() {
    while time_left; do
        while read -r fault <&3 && time_left; do "$1" "$fault"; done 3<"$work/faults"
        [ -n "${LDT_TORTURE:-}" ] || break
    done
}

# The searches begin, with two workers, and the coordinator is gone.
begin_searches() {
    calm_search
    start_coordinator
    keep_endpoint
    start_worker w1 -j 2 --allow-command; w1=$worker
    start_worker w2 -j 2 --allow-command; w2=$worker
    stop_hard "$coordinator"
}

# A fault of the coordinator, or of the way to it, is no fault of a trial.
check_uncharged() { check_equal 'no trial was charged for it' 0 "$(sql 'SELECT sum(charged) FROM trial')"; }

# finish_searches: an undisturbed coordinator lets all of them end; then they are compared.
finish_searches() {
    start_coordinator
    different=
    for i in $(seq "$searches"); do
        wait_done "grid$i" 60 || { failed "search $i ends"; continue; }
        results_of "grid$i" >"$work/results.txt"
        cmp -s "$work/calm.txt" "$work/results.txt" && continue
        different="$different grid$i"
        diff "$work/calm.txt" "$work/results.txt" | head -n 10 | sed 's/^/#   /'
    done
    check_equal 'outcomes and curves are those of the undisturbed search, byte for byte' '' "$different"
    check_equal 'each trial has exactly one result' "$((searches * trials)) $((searches * trials))" \
        "$(sql "SELECT (SELECT count(*) FROM outcome) || ' ' || (SELECT count(*) FROM attempt WHERE state = 2)")"
    check_equal 'the database is whole' 'ok' "$(sql 'PRAGMA integrity_check')"
    cat "$work"/w*.log | sed -n \
        's/.*event=result-recorded study=\([0-9]*\) trial=\([0-9]*\) attempt=\([0-9]*\).*/\1|\2|\3/p' | sort -u >"$work/acknowledged"
    sql 'SELECT study, trial, number FROM attempt WHERE state IN (2, 5)' | sort -u >"$work/recorded"
    check 'workers were told of results' test "$(wc -l <"$work/acknowledged")" -gt 10
    check_equal 'nothing acknowledged is lost' '' "$(comm -23 "$work/acknowledged" "$work/recorded")"
    check 'faults were met' test "$injected" -gt 0
    check_equal 'after each the program went on, or ended in order' 0 "$faults_failed"
}
