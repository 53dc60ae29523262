#!/bin/sh
# Every call of ZeroMQ by which a coordinator and a worker speak fails, once each, in all the ways that it may: at worst
# a message is lost, which the protocol sends again; or the program cannot start, and says so. (TAP)
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/fault.sh"

{
    for n in 1 2 3 5 8 13 21 34 55; do
        for how in EAGAIN EHOSTUNREACH EINTR ETERM ENOMEM; do echo "zmq_send:$n:$how"; done
        for how in EAGAIN EINTR ETERM EFSM; do echo "zmq_msg_recv:$n:$how"; done
        for how in EINTR ETERM; do echo "zmq_poll:$n:$how"; done
        echo "zmq_getsockopt:$n:EINTR"
    done
    echo zmq_ctx_new:1:EMFILE
    echo zmq_socket:1:EMFILE
    echo zmq_socket:2:EMFILE
    echo zmq_socket_monitor:1:ENOMEM
} >"$work/common"
options=16 # of a socket; without one of them it has no limit, or no keys, and must not be used
for n in $(seq $options); do echo "zmq_setsockopt:$n:EINVAL"; done >>"$work/common"
an_option=zmq_setsockopt:$((fault_seed % options + 1)):EINVAL
{ echo zmq_bind:1:ENOMEM; echo zmq_bind:1:EADDRINUSE; cat "$work/common"; } | shuffled 2 >"$work/coordinator.faults"
{ echo zmq_connect:1:EMFILE; cat "$work/common"; } | shuffled 2 >"$work/worker.faults"
{ echo "$an_option"; echo zmq_getsockopt:1:EINTR; } >>"$work/coordinator.faults" # the second: where it listens

judge_coordinator() {
    coordinator_meets "$1"
    judge "coordinator $1" 'ldt-coordinator: '
}
judge_worker() {
    worker_meets "$1"
    judge "worker $1" 'ldt-worker: '
}
begin_searches
# Without a setting of the context there would be too few sockets, or a lot of memory for each message.
for n in 1 2; do
    coordinator_meets "zmq_ctx_set:$n:EINVAL"
    judge "coordinator zmq_ctx_set:$n" 'ldt-coordinator: cannot make a socket'
    check_equal "a coordinator that lacks setting $n of ZeroMQ's context does not start" died "$outcome"
done
cp "$work/coordinator.faults" "$work/faults"
for_each_fault judge_coordinator
start_coordinator
stop "$w1"
stop "$w2"
cp "$work/worker.faults" "$work/faults"
if [ -n "${LDT_TORTURE:-}" ]; then started=$(date +%s); fi
for_each_fault judge_worker
start_worker w3 -j 4 --allow-command
stop_hard "$coordinator"
finish_searches
check_uncharged
say "figures: $injected failed calls ($idle not reached), $survived of them survived, in $searches searches"
end_of_test
