#!/bin/sh
# SIGSTOP of coordinator and workers for up to two leases, LDT_STOPS (100) times. (TAP)
. "$(dirname "$0")/../system/lib.sh"
. "$(dirname "$0")/../system/hurt.sh"
hurt 'stopped and continued processes lose nothing' storm.py stops DIR "${LDT_STOPS:-100}" "$seed"
end_of_test
