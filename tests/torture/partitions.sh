#!/bin/sh
# The network vanishes for up to eight seconds, LDT_PARTITIONS (30) times. (TAP)
. "$(dirname "$0")/../system/lib.sh"
. "$(dirname "$0")/../system/hurt.sh"
own_network || { skipped 'after each partition all workers are back in time' 'no network namespaces here (needs root and ip)'; end_of_test; }
hurt 'after each partition all workers are back in time' partitions.py DIR "${LDT_PARTITIONS:-30}" "$seed"
end_of_test
