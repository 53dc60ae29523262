#!/bin/sh
# tests/torture/run.sh BUILD [NAME...] - the long forms of the tests: faults by the thousand. Without names all of them.
#
# A long form is a script tests/torture/NAME.sh that speaks TAP, like any test, and prints one line "# figures: ..."
# with what it counted. They run one after another, because most of them want both cores of a small machine, and each
# has five minutes. LDT_TORTURE=SECONDS gives each that long instead; a script that counts by number rather than by
# time says at its top which variable asks for more.
#
#   LDT_BUILD      the directory with bin/ and tests/
#   LDT_TORTURE    how many seconds the script may work (240)
#   LDT_LIMIT      after how many it is ended and has failed (LDT_TORTURE + 60, or what a script says: "# limit: N")
set -u
[ $# -ge 1 ] || { echo "usage: sh tests/torture/run.sh BUILD [NAME...]" >&2; exit 2; }
build=$1; shift
folder=$(dirname "$0")
case $build in /*) ;; *) build=$PWD/$build ;; esac
unset OPENBLAS_CORETYPE OPENBLAS_NUM_THREADS
export CMOCKA_MESSAGE_OUTPUT=tap LDT_BUILD="$build" LDT_FIXTURES="${LDT_FIXTURES:-tests/fixtures}"
export LDT_TORTURE="${LDT_TORTURE:-240}"
asked_limit=${LDT_LIMIT:-}
export LDT_LIMIT="${LDT_LIMIT:-$((LDT_TORTURE + 60))}"
limit_of() {
    own_limit=$(sed -n 's/^# limit: \([0-9][0-9]*\)$/\1/p' "$1")
    echo "${asked_limit:-${own_limit:-$LDT_LIMIT}}"
}

if [ $# -eq 0 ]; then
    for script in "$folder"/*.sh; do
        name=$(basename "$script" .sh)
        [ "$name" = run ] || set -- "$@" "$name"
    done
fi
for name; do
    [ -e "$folder/$name.sh" ] && continue
    echo "tests/torture/run.sh: there is no $folder/$name.sh" >&2
    exit 2
done
out=$build/torture # logs stay there
mkdir -p "$out" && : >"$out/table" || exit 1

# What a log says of its test: "passed failed skipped", and the line of figures.
count() {
    awk -v status="$1" '
        /^(not )?ok .*# *SKIP/ { skipped++; next }
        /^ok / { passed++ }
        /^not ok / { failed++ }
        END {
            if (status != 0 && failed == 0) failed++
            if (passed + failed + skipped == 0) failed++
            printf "%d %d %d\n", passed, failed, skipped
        }' "$2"
}
figures() { sed -n 's/^# figures: //p' "$1" | tail -n 1; }

verdict=0
for name; do
    printf '== %s\n' "$name"
    started=$(date +%s)
    limit=$(limit_of "$folder/$name.sh")
    timeout -k 10 "$limit" sh "$folder/$name.sh" >"$out/$name.log" 2>&1
    status=$?
    seconds=$(($(date +%s) - started))
    read -r passed failed skipped <<END
$(count "$status" "$out/$name.log")
END
    if [ "$failed" -gt 0 ]; then
        verdict=1
        [ "$status" -ne 124 ] || echo "# ended after $limit s" >>"$out/$name.log"
        grep -v '^#   time=' "$out/$name.log" | tail -n 60
        echo "# all of it: $out/$name.log"
    fi
    printf '%-18s %7d %7d %8d %8d   %s\n' "$name" "$passed" "$failed" "$skipped" "$seconds" \
        "$(figures "$out/$name.log")" >>"$out/table"
done
printf '\n%-18s %7s %7s %8s %8s   %s\n' name passed failed skipped seconds figures
cat "$out/table"
exit $verdict
