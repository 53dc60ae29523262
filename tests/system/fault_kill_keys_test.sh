#!/bin/sh
# tests/system/fault_kill_test.sh where everybody has keys: workers prove theirs again to each new coordinator. (TAP)
LDT_KEYS=yes exec sh "$(dirname "$0")/fault_kill_test.sh"
