#!/bin/sh
# tests/system/fault_full_disk_test.sh with up to 60 fillings. (TAP)
exec sh "$(dirname "$0")/../system/fault_full_disk_test.sh"
