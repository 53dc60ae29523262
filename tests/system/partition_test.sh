#!/bin/sh
# The network vanishes and comes back: nothing is lost, and everybody is back to work within two heartbeats and two
# seconds. Long form: tests/torture/partitions.sh.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/hurt.sh"
hurt_in_own_network 'after each partition all workers are back in time' partitions.py DIR 2 "$seed" 4
end_of_test
