#!/bin/sh
# Strangers attack for LDT_ATTACK (300) seconds. (TAP)
# limit: 600
. "$(dirname "$0")/../system/lib.sh"
. "$(dirname "$0")/../system/attack.sh"
[ -x "$build/bench/service" ] || { skipped 'an attack does not slow the service' 'needs bench/service'; end_of_test; }
attacked "${LDT_ATTACK:-300}"
end_of_test
