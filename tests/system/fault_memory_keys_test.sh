#!/bin/sh
# tests/system/fault_memory_test.sh where everybody has keys: reading them, and the door, need memory, too. (TAP)
LDT_KEYS=yes exec sh "$(dirname "$0")/fault_memory_test.sh"
