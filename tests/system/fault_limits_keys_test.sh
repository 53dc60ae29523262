#!/bin/sh
# tests/system/fault_limits_test.sh where everybody has keys: who proves his while descriptors are short. (TAP)
LDT_KEYS=yes exec sh "$(dirname "$0")/fault_limits_test.sh"
