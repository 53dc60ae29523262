#!/bin/sh
# A worker meets two coordinators that mean harm, LDT_AMBUSH_MESSAGES (50000) messages of each. (TAP)
export LDT_AMBUSH_MESSAGES="${LDT_AMBUSH_MESSAGES:-50000}"
echo "# figures: $((2 * LDT_AMBUSH_MESSAGES)) messages"
exec sh "$(dirname "$0")/../system/ambush_test.sh"
