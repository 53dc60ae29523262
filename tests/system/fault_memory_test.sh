#!/bin/sh
# An allocation fails, once, somewhere in a coordinator, a worker, a trial or the command line: the program goes on, or
# it ends with status 1 and says that it is out of memory; it never crashes, and a restart goes on. (TAP)
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/fault.sh"
unset OPENBLAS_CORETYPE OPENBLAS_NUM_THREADS # the trial would execute itself again, without the fault

# numbers COUNT MAXIMUM: spread evenly over the magnitudes; in torture many more
numbers() {
    awk -v seed="$fault_seed" -v count="$([ -n "${LDT_TORTURE:-}" ] && echo 400 || echo "$1")" -v maximum="$2" 'BEGIN {
        srand(seed)
        for (i = 0; i < count; i++) printf "%d\n", exp(log(maximum) * rand())
    }'
}
out_of_memory='out of memory\|cannot allocate memory'

# In torture each of three kinds gets its share of the time.
next_third() {
    [ -n "${LDT_TORTURE:-}" ] || return 0
    LDT_TORTURE=$share
    started=$(date +%s)
}
share=$((${LDT_TORTURE:-0} / 3))

# ---- a coordinator
judge_coordinator() {
    coordinator_meets "malloc:$1:ENOMEM"
    judge "coordinator malloc:$1" "$out_of_memory"
}
begin_searches
next_third
numbers 2 45000 >"$work/faults"
for_each_fault judge_coordinator
coordinators=$injected

# ---- a worker, alone
start_coordinator
stop "$w1"
stop "$w2"
judge_worker() {
    worker_meets "malloc:$1:ENOMEM"
    judge "worker malloc:$1" "$out_of_memory"
}
numbers 2 2500 >"$work/faults"
next_third
for_each_fault judge_worker
workers=$((injected - coordinators))
start_worker w3 -j 4 --allow-command

# ---- programs that end by themselves
# starve N COMMAND...: with the N-th allocation failed it may succeed all the same, or fail with a sentence.
starved=0
starve() {
    number_of_call=$1; shift
    rm -f "$work/fired"
    LD_PRELOAD=$fault_so LDT_FAULT="malloc:$number_of_call:ENOMEM" LDT_FAULT_LOG=$work/fired \
        LDT_FAULT_PROGRAM=${1##*/} timeout 20 "$@" >"$work/starved.out" 2>"$work/faulty.log" <"$work/input"
    status=$? outcome=died
    fired || return 0
    starved=$((starved + 1))
    [ "$status" -gt 0 ] || return 0
    judge "malloc:$number_of_call of $*" "$out_of_memory"
}
echo '{"seed": 1, "parameters": {"task": "task-b", "epochs": 1}}' >"$work/input"
next_third
numbers 2 600 >"$work/faults"
starve_all() {
    starve "$1" "$bin/ldt" -c "$connect" status
    starve "$1" "$bin/ldt" -c "$connect" best grid1
    starve "$1" "$bin/ldt" check "$work/grid.yaml"
    starve "$((1 + $1 * 5))" "$bin/ldt" -c "$connect" query 'SELECT * FROM v_best'
    starve "$((1 + $1 * 3))" "$bin/ldt-worker" trial
}
for_each_fault starve_all
stop_hard "$coordinator"
# A worker that cannot start a child, or cannot read what it says, may call that attempt failed.
sql "SELECT '# charged: ' || reason FROM attempt WHERE state = 5"
finish_searches
say "figures: an allocation failed $coordinators times in a coordinator, $workers in a worker, $starved in commands and" \
    "trials; $aborted ended inside a library"
end_of_test
