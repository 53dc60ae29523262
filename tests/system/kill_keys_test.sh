#!/bin/sh
# kill -9 of coordinator and workers that have keys, a few times; without keys: kill_test.sh. Long form of both:
# tests/torture/kills.sh, with LDT_KEYS=yes. (TAP)
export LDT_KEYS=yes
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/hurt.sh"
hurt 'killed processes that have keys lose nothing' storm.py kills DIR 10 "$seed"
end_of_test
