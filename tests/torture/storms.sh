#!/bin/sh
# Everything that a fleet's keeper may ask for in random order: tests/unit/coordinator/core/storm_test.c with LDT_STORMS
# (3000) runs. (TAP)
export LDT_STORMS="${LDT_STORMS:-3000}"
echo "# figures: $LDT_STORMS runs"
exec timeout "${LDT_LIMIT:-300}" "${LDT_BUILD:-build}/tests/unit/coordinator/core/storm_test"
