#!/bin/sh
# The network vanishes for up to eight seconds, LDT_PARTITIONS (30) times. (TAP)
. "$(dirname "$0")/../system/lib.sh"
. "$(dirname "$0")/../system/hurt.sh"
hurt_in_own_network 'after each partition all workers are back in time' partitions.py DIR "${LDT_PARTITIONS:-30}" "$seed"
end_of_test
