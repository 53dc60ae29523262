#!/bin/sh
# tests/system/fault_clock_test.sh with hundreds of jumps. (TAP)
exec sh "$(dirname "$0")/../system/fault_clock_test.sh"
