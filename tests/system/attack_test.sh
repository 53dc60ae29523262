#!/bin/sh
# Somebody without a key sends frames without end, or as long as any may be, to a coordinator that wants one: its memory
# stays. The long form measures throughput, too. (TAP)
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/attack.sh"
command -v python3 >/dev/null || { skipped 'strangers do not fill the memory' 'needs python3'; end_of_test; }
keys=$work/keys
make_keys
start_coordinator_with_keys
port=$(port_of)
attacked_alone endless 2 32768 'frames without end are not kept'
attacked_with_long_frames 2
check 'the coordinator lives' kill -0 "$coordinator"
check 'and serves who has a key' come_in
stop "$coordinator"
check_equal 'and ends cleanly' 0 "$?"
end_of_test
