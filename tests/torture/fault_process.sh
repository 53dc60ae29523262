#!/bin/sh
# tests/system/fault_process_test.sh: all of its faults, again and again for LDT_TORTURE seconds. (TAP)
exec sh "$(dirname "$0")/../system/fault_process_test.sh"
