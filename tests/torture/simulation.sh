#!/bin/sh
# Whole fleets in one process, a seed each, on both cores: a million of them unless LDT_SIM_SEEDS says otherwise, in
# LDT_SIM_JOBS processes. A violation names its seed, and `LDT_SIM_SEED=n BUILD/tests/sim/simulation_test` shows it.
# limit: 7200
set -u
build=${LDT_BUILD:-build}
program=$build/tests/sim/simulation_test
[ -x "$program" ] || make -s BUILD="$build" "$program" >&2 || { echo "not ok 1 - $program cannot be built"; exit 1; }
log=$(mktemp "${TMPDIR:-/tmp}/ldt-simulation.XXXXXX") || exit 1
trap 'rm -f "$log"' EXIT
trap 'exit 1' INT TERM HUP
LDT_SIM_SEEDS="${LDT_SIM_SEEDS:-1000000}" LDT_SIM_JOBS="${LDT_SIM_JOBS:-2}" CMOCKA_MESSAGE_OUTPUT=tap \
    "$program" >"$log" 2>&1
status=$?
cat "$log"
violations=0
[ "$status" -eq 0 ] || violations="at least 1"
sed -n 's/^# \([0-9]* seeds, [0-9]* a second\);.*/# figures: \1/p' "$log" | sed "s/\$/, violations: $violations/"
exit "$status"
