#!/bin/sh
# The network vanishes and comes back while everybody has keys; without keys: partition_test.sh. Long form of both:
# tests/torture/partitions.sh, with LDT_KEYS=yes. (TAP)
export LDT_KEYS=yes
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/hurt.sh"
hurt_in_own_network 'after a partition all workers with keys are back in time' partitions.py DIR 1 "$seed" 3
end_of_test
