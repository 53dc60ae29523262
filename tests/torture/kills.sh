#!/bin/sh
# kill -9 of coordinators and workers: three fleets at once, LDT_KILLS (10,000) kills in all, or as many as LDT_TORTURE
# seconds allow (240, which are about 5,000). (TAP)
. "$(dirname "$0")/../system/lib.sh"
seed=${LDT_SEED:-$(date +%s)} kills=${LDT_KILLS:-10000} fleets=3
say "LDT_SEED=$seed LDT_KILLS=$kills"
fleet() {
    python3 "$(dirname "$0")/../system/storm.py" kills "$work/$1" $((kills / fleets + 1)) "$((seed + $1))" \
        "${LDT_TORTURE:-240}" >"$work/$1.out" 2>&1
}
running=
for i in $(seq $fleets); do fleet "$i" & running="$running $!"; done
i=0
for pid in $running; do
    i=$((i + 1))
    if wait "$pid"; then
        passed "fleet $i lost nothing, repeated nothing, and replays"
    else
        failed "fleet $i lost nothing, repeated nothing, and replays"
        tail -n 20 "$work/$i.out" | sed 's/^/#   /'
    fi
done
say "figures: $(cat "$work"/*.out | tr ' ' '\n' | awk -F= '/^[a-z]+=[0-9]+$/ { sum[$1] += $2 }
    END { printf "%d kills, %d searches, %d trials, %d attempts, %d results acknowledged",
          sum["kills"], sum["searches"], sum["trials"], sum["attempts"], sum["acknowledged"] }')"
end_of_test
