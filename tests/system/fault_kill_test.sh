#!/bin/sh
# kill -9 exactly before or after a COMMIT, a sync, a write, a message sent or received, of a coordinator in the middle
# of a search: each search ends with the results of an undisturbed one, and nothing acknowledged is lost. (TAP)
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/fault.sh"

# The later the call, the further the coordinator gets: restoring takes a few, a turn takes more.
for n in 1 2 3 4 5 6 8 10 12 15 19 24 30 37 45; do
    for call in commit fdatasync pwrite64 zmq_send zmq_msg_recv; do
        echo "$call:$n:kill"
        echo "$call:$n:kill-after"
    done
done >"$work/all"
shuffled 6 <"$work/all" >"$work/faults"

killed() {
    coordinator_meets "$1"
    if [ "$outcome" = idle ]; then idle=$((idle + 1)); return; fi
    injected=$((injected + 1))
    [ "$outcome:$status" = died:137 ] || wrong "$1" 'it should have been killed'
}
begin_searches
for_each_fault killed
finish_searches
check_uncharged
say "figures: $injected kills at calls ($idle not reached) in $searches searches"
end_of_test
