#!/bin/sh
# limit: 600
# Everything that a fleet's keeper may ask for in random order: tests/unit/coordinator/core/storm_test.c with LDT_STORMS
# (3000) runs, then a tenth as many whose databases the doctor must find sound: coordinator/doctor/sound_test.c. (TAP)
runs=${LDT_STORMS:-3000}
databases=$((runs / 10 + 1))
tests=${LDT_BUILD:-build}/tests/unit/coordinator
echo "# figures: $runs runs, $databases databases"
LDT_STORMS=$runs "$tests/core/storm_test" && LDT_STORMS=$databases "$tests/doctor/sound_test"
