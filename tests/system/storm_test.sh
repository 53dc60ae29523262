#!/bin/sh
# Coordinator and workers are stopped for up to two leases and continued, and a coordinator is started again and again
# while trials run: nothing is lost, recorded twice or started again. Long forms: tests/torture/stops.sh, restarts.sh.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/hurt.sh"
hurt 'stopped and continued processes lose nothing' storm.py stops DIR 5 "$seed"
hurt 'a coordinator that comes back finds its trials still running' restarts.py DIR 3 "$seed"
end_of_test
