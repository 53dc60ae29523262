#!/bin/sh
# tests/system/worker_moved_test.sh with ten moves of each trial, of four tasks and methods, each some seconds long. (TAP)
LDT_MOVES=${LDT_MOVES:-10} exec sh "$(dirname "$0")/../system/worker_moved_test.sh"
