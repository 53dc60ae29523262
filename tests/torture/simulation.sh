#!/bin/sh
# Whole fleets in one process, a seed each, in LDT_SIM_JOBS (2) processes: as many as LDT_TORTURE seconds allow (240), or
# LDT_SIM_SEEDS of them; new ones each time, or those from LDT_SIM_FIRST on. Then a thousand of them twice (or
# LDT_SIM_REPEATS), which must be the same run. A violation or a crash names its seed, and
# `LDT_SIM_SEED=n BUILD/tests/sim/simulation_test` shows it. (TAP)
# limit: 7200
set -u
build=${LDT_BUILD:-build}
tests=$build/tests/sim
for program in "$tests/simulation_test" "$tests/repeat_test"; do
    [ -x "$program" ] || make -s BUILD="$build" "$program" >&2 || { echo "not ok 1 - $program cannot be built"; exit 1; }
done
log=$(mktemp "${TMPDIR:-/tmp}/ldt-simulation.XXXXXX") || exit 1
trap 'rm -f "$log"' EXIT
trap 'exit 1' INT TERM HUP
[ -n "${LDT_SIM_SEEDS:-}" ] || export LDT_SIM_SECONDS="${LDT_TORTURE:-240}" LDT_SIM_SEEDS=1000000000
export LDT_SIM_FIRST="${LDT_SIM_FIRST:-$(date +%s)000}" LDT_SIM_JOBS="${LDT_SIM_JOBS:-2}" CMOCKA_MESSAGE_OUTPUT=tap
echo "# LDT_SIM_FIRST=$LDT_SIM_FIRST"
"$tests/simulation_test" >"$log" 2>&1
status=$?
cat "$log"
LDT_SIM_REPEATS="${LDT_SIM_REPEATS:-1000}" "$tests/repeat_test"
repeated=$?
violations=0
[ "$status" -eq 0 ] || violations="at least 1"
sed -n 's/^# \([0-9]* seeds, [0-9]* a second\);.*/# figures: \1/p' "$log" | sed "s/\$/, violations: $violations/"
exit $((status | repeated))
