#!/bin/sh
# A week in minutes: what grows with time instead of with what is kept, what is left behind? LDT_TORTURE seconds (240) of
# short trials on workers that come and go, beside readers that overlap without end. (TAP)
. "$(dirname "$0")/../system/lib.sh"
. "$(dirname "$0")/../system/hurt.sh"
hurt 'nothing grows with time and nothing is left behind' soak.py DIR "${LDT_TORTURE:-240}" "$seed"
end_of_test
