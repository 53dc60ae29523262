#!/bin/sh
# LDT_HOSTILE_MESSAGES (500000) messages of a hostile worker with a key, and as many of eight with another: a million in
# all. (TAP)
LDT_HOSTILE_MESSAGES="${LDT_HOSTILE_MESSAGES:-500000}" LDT_HOSTILE_ROUNDS="${LDT_HOSTILE_ROUNDS:-500}"
export LDT_HOSTILE_MESSAGES LDT_HOSTILE_ROUNDS
exec sh "$(dirname "$0")/../system/hostile_test.sh"
