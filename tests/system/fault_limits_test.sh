#!/bin/sh
# What runs out: descriptors of the coordinator, descriptors of a worker, and the patience of a peer that asks without
# ever reading the answers. Whoever works goes on, and when there is room again everybody does. (TAP)
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || { skipped 'limits are outlived' 'needs python3'; end_of_test; }
questions=${LDT_QUESTIONS:-20000}
[ -z "${LDT_TORTURE:-}" ] || questions=${LDT_QUESTIONS:-1000000}
cat >"$work/steady.yaml" <<'END'
name: steady
command: [sh, -c, 'read -r line; sleep 0.05; echo "{\"step\": 1, \"metrics\": {\"loss\": 1}}"']
metric: {name: loss}
sampler: {name: random}
trials: 5000
parameters: {x: {min: 0.0, max: 1.0}}
END
done_trials() { sql 'SELECT count(*) FROM trial WHERE state = 3'; }
more_done() { [ "$(done_trials)" -gt "$1" ]; }
goes_on() { wait_for 20 more_done "$(done_trials)"; }

# peers BEHAVIOUR COUNT: they stay until peers_leave
peers() {
    mkfifo "$work/hold"
    python3 "$(dirname "$0")/peers.py" 127.0.0.1 "$port" "$1" "$2" <"$work/hold" >"$work/peers.out" &
    python=$!
    pids="$pids $python"
    exec 4>"$work/hold"
    wait_for 60 grep -q ready "$work/peers.out" || failed "the peers had their turn"
}
peers_leave() {
    exec 4>&-
    wait "$python"
    forget "$python"
    rm "$work/hold"
}

# ---- a coordinator that may have 64 descriptors, and 200 who want one
( ulimit -n 64 && exec "$bin/ldt-coordinator" --db "$db" --connect "$connect" --listen "$listen" --lease 2s \
    ${server_keys:+--keys "$server_keys"} 2>>"$work/coordinator.log" ) &
coordinator=$!
pids="$pids $coordinator"
wait_for 20 test -s "$connect" || give_up 'the coordinator starts with few descriptors'
port=$(port_of)
start_worker w1 -j 2 --allow-command
submit "$work/steady.yaml" || give_up 'the search is accepted'
goes_on || give_up 'trials are done'
peers idle 200
check_equal 'no more descriptors than it may have, and what it inherited' 1 \
    "$([ "$(descriptors "$coordinator")" -le 70 ] && echo 1)"
check 'who is connected goes on when the descriptors are used up' goes_on
peers_leave
check 'and afterwards anybody is served again' wait_for 20 ldt status

# ---- files that may not grow: the second one's database
( ulimit -f 8 && exec "$bin/ldt-coordinator" --db "$work/cramped.db" --connect "$work/cramped.json" \
    --listen 'tcp://127.0.0.1:*' 2>"$work/cramped.log" )
check_equal 'a coordinator whose file may not grow ends with status 1, not by a signal' 1 $?
check_says 'and says why' 'cannot change .*cramped.db: disk I/O error' "$work/cramped.log"

# ---- a worker with too few descriptors for its slots
( ulimit -n 40 && exec "$bin/ldt-worker" --name narrow -c "$connect" ${worker_key:+--key "$worker_key"} -j 30 \
    --allow-command 2>>"$work/narrow.log" ) &
narrow=$!
pids="$pids $narrow"
narrow_works() { sql_is "SELECT count(*) > 3 FROM attempt JOIN worker ON worker.id = attempt.worker
    WHERE worker.name = 'narrow' AND attempt.state = 2" 1; }
narrow_refused() { ! kill -0 "$narrow" && grep -q 'descriptors\|ulimit\|files' "$work/narrow.log"; }
works_or_refused() { narrow_works || narrow_refused; }
check 'a worker short of descriptors does what it can, or says what is missing' wait_for 20 works_or_refused
check_equal 'no trial fails for it' 0 "$(sql 'SELECT count(*) FROM trial WHERE state = 6')"
stop "$narrow"

# ---- a peer that never reads; it has no key
before=$(resident "$coordinator")
if [ -z "$server_keys" ]; then
    peers mute "$questions"
    check 'a peer that never reads does not hold up the others' goes_on
    after=$(resident "$coordinator")
    check_equal 'what it is not sent is not kept' 1 \
        "$([ $((after - before)) -lt $((32768 * memory_scale)) ] && echo 1)"
    peers_leave
else
    questions=0 after=$before
fi
check 'the coordinator lives, and answers' ldt status
check_equal 'no trial was run twice for all of this' 0 \
    "$(sql "SELECT count(*) FROM trial WHERE attempts > 1 AND (SELECT count(*) FROM attempt JOIN worker ON worker.id = attempt.worker
        WHERE attempt.study = trial.study AND attempt.trial = trial.number AND worker.name = 'narrow') = 0")"
say "figures: 200 connections for 64 descriptors; $questions questions without reading: memory +$((after - before)) KiB"
stop "$worker"
stop "$coordinator"
end_of_test
