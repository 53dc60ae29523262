#!/bin/sh
# The coordinator is killed or ended LDT_RESTARTS (100) times while long trials run: none may be started again. (TAP)
. "$(dirname "$0")/../system/lib.sh"
. "$(dirname "$0")/../system/hurt.sh"
hurt 'no trial is started again' restarts.py DIR "${LDT_RESTARTS:-100}" "$seed"
end_of_test
