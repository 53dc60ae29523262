#!/bin/sh
# Strangers attack for LDT_ATTACK seconds: by default what LDT_TORTURE leaves, and at most five minutes. (TAP)
# limit: 600
. "$(dirname "$0")/../system/lib.sh"
. "$(dirname "$0")/../system/attack.sh"
[ -x "$build/bench/service" ] || { skipped 'an attack does not slow the service' 'needs bench/service'; end_of_test; }
seconds=$((${LDT_TORTURE:-240} - 60))
[ "$seconds" -le 300 ] || seconds=300
[ "$seconds" -ge 10 ] || seconds=10
attacked "${LDT_ATTACK:-$seconds}"
end_of_test
