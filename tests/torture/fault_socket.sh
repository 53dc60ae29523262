#!/bin/sh
# tests/system/fault_socket_test.sh with all of its faults, again and again for LDT_TORTURE seconds. (TAP)
exec sh "$(dirname "$0")/../system/fault_socket_test.sh"
