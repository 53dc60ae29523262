# attack.sh - somebody without a key attacks while those with keys work. attacked SECONDS: the load is there first and
# stays: one process, the same connections, open sessions and running trials, measured in a quiet window and then in
# one that the attackers fill. The coordinator remembers every trial, so its memory grows anyway: beside it another one,
# the twin, has the same load and no attackers, and what counts is by how much more the attacked one grows.
# The attackers run at a lower priority: here they share two cores with what they attack, elsewhere they have their own.
# Without a load, attacked_alone measures only memory.

folder=$(dirname "$0")/../system
quiet_seconds=30
due=300 # results a second: what a small machine can keep up, so that a lower rate is the attack's doing

highest() { sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$1/status"; }

make_keys() {
    "$bin/ldt" keygen --server "$keys" >/dev/null || give_up 'keys are made'
    "$bin/ldt" keygen --role worker steady --keys "$keys" -o "$work/steady.key" >/dev/null
    "$bin/ldt" keygen --role submit boss --keys "$keys" -o "$work/boss.key" >/dev/null
}

# load_with_keys SECONDS[,SECONDS...]: only in the background, since it becomes the load.
load_with_keys() {
    export LDT_KEY_FILE="$work/steady.key" LDT_SUBMIT_KEY_FILE="$work/boss.key"
    exec "$build/bench/service" "$connect" 8 4 "$due" "$1"
}

# The lease: the two seconds of other tests are less than a busy machine may stall.
start_coordinator_with_keys() { start_coordinator --keys "$keys" --lease 60s; }

# Its process is $twin.
start_twin() {
    db=$work/twin.db connect=$work/twin.json
    start_coordinator_with_keys
    twin=$coordinator
    load_with_keys 3600 >"$work/twin.log" 2>&1 &
    pids="$pids $!"
    db=$work/runs.db connect=$work/connect.json
}

# start_load SECONDS: its process is $load; what it prints comes through descriptor 3, which needs no polling.
start_load() {
    mkfifo "$work/load"
    load_with_keys "$quiet_seconds,$1" >"$work/load" 2>"$work/load.log" &
    load=$!
    pids="$pids $load"
    exec 3<"$work/load"
}

# Waits for the next report of the load: $report, and in it $rate.
next_report() {
    rate=
    while read -r report <&3; do
        rate=$(echo "$report" | sed -n 's/.*: \([0-9]*\) results\/s durable.*/\1/p')
        [ "${rate:-0}" -eq 0 ] || return 0
    done
    give_up "the load is served: $(cat "$work/load.log")"
}

# start_attackers SECONDS: their processes are $attackers; returns when each of them has got through once.
start_attackers() {
    attackers=
    for kind in half storm endless; do
        nice -n 10 python3 "$folder/attack.py" 127.0.0.1 "$port" "$1" "$kind" >"$work/$kind.attack" 2>&1 &
        attackers="$attackers $!"
    done
    pids="$pids $attackers"
    for kind in half storm endless; do
        wait_for 20 grep -q begun "$work/$kind.attack" || give_up "the attack begins: $kind"
    done
}

all_alive() { for pid; do kill -0 "$pid" || return 1; done; }
end_attackers() {
    for pid in $attackers; do stop "$pid"; done
    say "$(sed '/begun/d' "$work/half.attack" "$work/storm.attack" "$work/endless.attack" | tr '\n' ';')"
}

# Who has a key and comes only now finds a place between the strangers if it asks again: $newcomer says how late.
come_in() {
    asked=$(date +%s)
    wait_for 30 ldt --key "$work/boss.key" status
    answer=$?
    newcomer=$(($(date +%s) - asked))
    return $answer
}

# attacked_alone KIND SECONDS KIB SENTENCE: by one attacker, and memory grows by so much at most.
attacked_alone() {
    rest=$(resident "$coordinator")
    timeout 60 python3 "$folder/attack.py" 127.0.0.1 "$port" "$2" "$1" >"$work/$1.attack" 2>&1
    most=$(highest "$coordinator")
    say "$(sed '/begun/d' "$work/$1.attack"); memory: $rest KiB before, $most KiB at most"
    check_says "an attacker gets through: $1" begun "$work/$1.attack"
    check "$4" test $((most - rest)) -le $(($3 * memory_scale))
}
attacked_with_long_frames() { attacked_alone large "$1" 98304 'handshakes of 4 MB each are cut off while they are few'; }

# $quiet results a second; $before KiB at the end, and $twin_before of the twin.
measure_quiet() {
    next_report
    say "before: $report"
    quiet=$rate
    before=$(resident "$coordinator")
    twin_before=$(resident "$twin")
}

# $rate results a second; $peak KiB at most, and $more KiB of growth beyond the twin's.
measure_attack() {
    start_attackers $(($1 + 120))
    kill -USR1 "$load"
    check 'who has a key gets in while strangers attack' come_in
    next_report
    say "under attack: $report"
    peak=$(highest "$coordinator")
    grown=$(($(resident "$twin") - twin_before))
    more=$((peak - before - grown))
}

attacked() {
    keys=$work/keys
    make_keys
    start_twin
    start_coordinator_with_keys
    port=$(port_of)
    start_load "$1"
    measure_quiet
    measure_attack "$1"
    check 'the attack lasts as long as the measurement' all_alive $attackers
    end_attackers
    say "figures: $1 s of attack: $quiet results/s acknowledged before, $rate under attack;" \
        "memory $before KiB before, $peak at most, $more more than the twin's $grown; a newcomer waited $newcomer s"
    check 'the load has a key, and keeps its connections' wait "$load"
    forget "$load"
    check 'throughput stays at nine tenths or more' test $((10 * rate)) -ge $((9 * quiet))
    check 'before the attack all that was due was served' test $((10 * quiet)) -ge $((9 * due))
    check 'for the attack memory grows by 32 MiB at most' test "$more" -le 32768
    attacked_with_long_frames 5
    check 'the coordinator lives' kill -0 "$coordinator"
    check 'and serves who has a key' ldt --key "$work/boss.key" status
    stop "$coordinator"
    check_equal 'and ends cleanly' 0 "$?"
}
