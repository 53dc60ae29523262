#!/bin/sh
# tests/system/fault_socket_test.sh where everybody has keys: handshakes and the door are in the way of every fault. (TAP)
LDT_KEYS=yes exec sh "$(dirname "$0")/fault_socket_test.sh"
