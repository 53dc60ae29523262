#!/bin/sh
# The calls by which a worker starts a trial and keeps what it saves, and those with which a worker and a coordinator
# begin and leave, fail, once each: nobody is charged for it, and who can do without goes on. (TAP)
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/fault.sh"

# The first fork, the first pipe are those of the guard, and the first signalfd the only one: without, there is no worker.
{
    for n in 2 3 4 6 9; do for how in EAGAIN ENOMEM; do echo "fork:$n:$how"; done; done
    for n in 2 3 4 5 6 7 10 13; do for how in EMFILE ENFILE; do echo "pipe2:$n:$how"; done; done
    for n in 1 2 3 6; do
        for how in EMFILE ENOMEM; do echo "memfd_create:$n:$how"; done
        for how in EIO EACCES; do echo "unlinkat:$n:$how"; echo "renameat:$n:$how"; done
        for how in EIO ENOSPC EDQUOT; do echo "mkdirat:$n:$how"; done
    done
} | shuffled 1 >"$work/working.faults"
{ echo fork:1:EAGAIN; echo fork:1:ENOMEM; echo pipe2:1:EMFILE; echo signalfd:1:EMFILE; echo signalfd:1:ENOMEM; } |
    shuffled 1 >"$work/starting.faults"
for n in 1 2 3; do echo "unlink:$n:EIO"; echo "unlink:$n:EACCES"; done >"$work/all"
for how in EINTR ETERM; do echo "zmq_ctx_term:1:$how"; done | tee -a "$work/all" | shuffled 1 >"$work/end.faults"
shuffled 1 <"$work/all" >"$work/leaving.faults"
{ echo fork:2:EAGAIN; cat "$work/working.faults" "$work/starting.faults"; } | shuffled 3 >"$work/worker.faults"

judge_coordinator() {
    coordinator_meets "$1"
    judge "coordinator $1" 'ldt-coordinator: '
}
# judge_leaving WHO FAULT
judge_leaving() {
    if [ "$outcome" = died ] && ! fired; then idle=$((idle + 1)); return; fi
    injected=$((injected + 1))
    if [ "$outcome:$status" = died:0 ]; then survived=$((survived + 1)); else wrong "$1 $2" 'it should leave with status 0'; fi
}
judge_leaving_coordinator() {
    coordinator_meets "$1" meet_leaving
    judge_leaving coordinator "$1"
}
judge_worker() {
    worker_meets "$1"
    judge "worker $1" 'event=cannot-start why="cannot'
    # The reason that is named is the one that there was.
    case $1 in unlinkat:*) ! grep 'not-removed.*No such file' "$work/faulty.log" || wrong "$1" 'another reason' ;; esac
}
judge_leaving_worker() {
    worker_meets "$1" meet_leaving
    judge_leaving worker "$1"
}
# each FAULTS FUNCTION PERCENT: in torture so much of the time
each() {
    cp "$work/$1.faults" "$work/faults"
    [ -z "${LDT_TORTURE:-}" ] || { LDT_TORTURE=$((torture * $3 / 100)); started=$(date +%s); }
    for_each_fault "$2"
}
torture=${LDT_TORTURE:-0}

begin_searches
each leaving judge_leaving_coordinator 15
judge_coordinator signalfd:1:EMFILE
start_coordinator
stop "$w1"
stop "$w2"
each worker judge_worker 65
each end judge_leaving_worker 5

# ---- a worker that can start no process at all, as where a job or a pod may have no more
start_faulty ldt-worker fork:2+:EAGAIN --name poor -c "$connect" ${worker_key:+--key "$worker_key"} -j 2 --allow-command
poor=$faulty
nearly_done && submit_next
handed_back() { sql_is "SELECT count(*) > 1 FROM v_attempt WHERE worker = 'poor' AND state = 'released'
    AND reason LIKE 'cannot start a process: %'" 1; }
check 'a worker that can start no process hands back what it gets, and says why' wait_for 20 handed_back
start_worker w3 -j 4 --allow-command
more_done() { [ "$(done_trials)" -gt "$1" ]; }
check 'the others do the work' wait_for 20 more_done $(($(done_trials) + 8))
check 'it stays, for it may have room again' kill -0 "$poor"
stop_hard "$coordinator"
finish_searches
check_uncharged
stop "$poor"
check_equal 'and leaves with status 0 when it is asked to' 0 "$?"
say "figures: $injected failed calls ($idle not reached), $survived of them survived, in $searches searches"
end_of_test
