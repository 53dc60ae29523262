#!/bin/sh
# Peers that send what no honest one sends, while a search runs: the daemon lives, its memory stays, the search ends.
# LDT_HOSTILE_SEED and LDT_HOSTILE_ROUNDS change the run. (TAP)
. "$(dirname "$0")/lib.sh"
seed=${LDT_HOSTILE_SEED:-$(date +%s)}
say "LDT_HOSTILE_SEED=$seed"
command -v python3 >/dev/null || { skipped 'hostile peers do no harm' 'needs python3'; end_of_test; }

cat >"$work/steady.yaml" <<'END'
name: steady
command: [sh, -c, 'read -r line; sleep 0.1; echo "{\"step\": 1, \"metrics\": {\"loss\": 1}}"']
metric: {name: loss}
sampler: {name: random}
trials: 60
parameters: {x: {min: 0.0, max: 1.0}}
END

start_coordinator
endpoint=$(endpoint_of)
port=${endpoint##*:}
start_worker honest -j 2 --allow-command
submit "$work/steady.yaml" || give_up 'the search is accepted'
before=$(resident "$coordinator")
timeout 60 python3 "$(dirname "$0")/hostile.py" 127.0.0.1 "$port" "$seed" "${LDT_HOSTILE_ROUNDS:-150}" >"$work/answers.log" 2>&1
check_equal 'all of them had their turn' '0' "$?"
check 'the coordinator lives' kill -0 "$coordinator"
check 'and answers a client' ldt status
after=$(resident "$coordinator")
say "resident: $before KiB before, $after KiB after"
check 'its memory stays bounded' test $((after - before)) -lt $((65536 * memory_scale))
check 'the search of the honest worker ends' wait_done steady 60
check_equal 'with every trial done once' '60 60' \
    "$(sql "SELECT (SELECT count(*) FROM trial WHERE state = 3) || ' ' || (SELECT count(*) FROM attempt)")"
check_says 'a peer of another protocol version is told both versions' 'answer:.*99' "$work/answers.log"
check_says 'dropped messages are logged' 'level=warn' "$work/coordinator.log"
check_equal 'nothing came into the database' '1' "$(sql 'SELECT count(*) FROM search')"
gone() { [ "$(descriptors "$coordinator")" -lt 60 ]; }
check 'connections of those who left are closed' wait_for 40 gone
stop "$coordinator"
check_equal 'SIGTERM still ends it cleanly' '0' "$?"

# ---- the same by workers with keys, who get further: one lies in good form; eight with one key send broken messages as
# well, and are ignored for it
vandals='1 2 3 4 5 6 7 8'
db=$work/keys.db
keys=$work/keys
for member in honest liar vandal; do
    [ -d "$keys" ] || "$bin/ldt" keygen --server "$keys" >/dev/null || give_up 'keys are made'
    "$bin/ldt" keygen --role worker "$member" --keys "$keys" -o "$work/$member.key" >/dev/null || give_up 'keys are made'
done
"$bin/ldt" keygen --role submit boss --keys "$keys" -o "$work/boss.key" >/dev/null
stop "$worker"
start_coordinator --keys "$keys"
start_worker honest -j 2 --allow-command --key "$work/honest.key"
check 'the search is accepted by key' ldt --key "$work/boss.key" submit "$work/steady.yaml"
before=$(resident "$coordinator")
messages=${LDT_HOSTILE_MESSAGES:-20000}
# flood KEY COUNT PERCENT SEED: its process is $!
flood() {
    timeout 250 "$build/tests/system/flood" "$connect" "$work/$1.key" "$2" "$3" "$4" >>"$work/$1.log" 2>&1 &
    pids="$pids $!"
}
flood liar "$messages" 0 "$seed"
liar=$!
gang=
for i in $vandals; do
    flood vandal $((messages / 8)) 50 $((seed + i))
    gang="$gang $!"
done
check 'somebody with another key is served meanwhile' ldt --key "$work/boss.key" status
wait "$liar"
check_equal 'the liar said it all' 0 "$?"
for vandal in $gang; do wait "$vandal"; done
sent=$(awk -F '[= ]' '{ sum += $2 } END { print sum }' "$work/vandal.log")
check_equal 'and so did the vandals' $((messages / 8 * 8)) "$sent"
say "figures: liar: $(cat "$work/liar.log"), vandals: sent=$sent"
check 'the coordinator lives on' kill -0 "$coordinator"
check 'the search of the honest worker ends, too' wait_done steady 60
check_equal 'with every trial done once, by the honest worker' '60 60' \
    "$(sql "SELECT (SELECT count(*) FROM trial WHERE state = 3) || ' ' || (SELECT count(*) FROM attempt JOIN worker ON worker.id = worker
            WHERE name = 'honest')")"
check_says 'the vandals are ignored' 'event=peer-ignored' "$work/coordinator.log"
check_says 'and their key is on notice' 'event=key-on-notice' "$work/coordinator.log"
after=$(resident "$coordinator")
say "resident: $before KiB before, $after KiB after"
check 'memory stays bounded' test $((after - before)) -lt $((65536 * memory_scale))
stop "$coordinator"
check_equal 'and SIGTERM ends it cleanly' '0' "$?"
end_of_test
