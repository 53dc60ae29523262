#!/bin/sh
# Kills, partitions and failing calls where everybody has keys, each for a share of LDT_TORTURE seconds (240): the long
# forms kills, partitions, fault_socket, fault_memory, fault_kill. (TAP)
# limit: 600
seconds=${LDT_TORTURE:-240} failed=0 number=0
export LDT_KEYS=yes LDT_TORTURE=$((seconds / 5)) LDT_LIMIT=$((seconds / 5 + 150))
LDT_PARTITIONS=$((seconds / 40))
export LDT_PARTITIONS
for form in kills partitions fault_socket fault_memory fault_kill; do
    number=$((number + 1))
    if out=$(sh "$(dirname "$0")/$form.sh" 2>&1); then
        echo "ok $number - with keys: $form"
    else
        echo "not ok $number - with keys: $form"
        echo "$out" | sed 's/^/#   /' | tail -n 40
        failed=1
    fi
    figures="${figures:+$figures; }$form: $(echo "$out" | sed -n 's/^# figures: //p' | tail -n 1)"
done
echo "# figures: $figures"
echo "1..$number"
exit $failed
