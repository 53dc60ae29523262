#!/bin/sh
# tests/system/fault_limits_test.sh with a million questions. (TAP)
exec sh "$(dirname "$0")/../system/fault_limits_test.sh"
