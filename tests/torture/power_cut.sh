#!/bin/sh
# 20,000 images of what a disk may hold after a power cut (LDT_POWER_CUTS for another number). (TAP)
export LDT_POWER_CUTS="${LDT_POWER_CUTS:-20000}"
exec "$LDT_BUILD/tests/unit/coordinator/store/power_cut_test"
