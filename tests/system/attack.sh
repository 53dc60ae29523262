# attack.sh - shared by the short and the long form: somebody without a key attacks for as long as a steady load is
# measured, before and during, side by side in one run. attacked SECONDS: checks that throughput stays and memory, too.
# The attackers run at a lower priority: here they share two cores with what they attack, elsewhere they have their own.

resident() { sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$1/status"; }
highest() { sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$1/status"; }

# load NAME SECONDS: results that were acknowledged in a second, when 200 a second were due.
load() {
    LDT_KEY_FILE=$work/steady.key LDT_SUBMIT_KEY_FILE=$work/boss.key \
        timeout $(($2 + 100)) "$build/bench/service" "$connect" 8 4 200 "$2" >"$work/$1.load" 2>&1
    sed -n 's/.*: \([0-9]*\) results\/s durable.*/\1/p' "$work/$1.load"
}

attacked() {
    seconds=$1
    keys=$work/keys
    "$bin/ldt" keygen --server "$keys" >/dev/null || give_up 'keys are made'
    "$bin/ldt" keygen --role worker steady --keys "$keys" -o "$work/steady.key" >/dev/null
    "$bin/ldt" keygen --role submit boss --keys "$keys" -o "$work/boss.key" >/dev/null
    start_coordinator --keys "$keys"
    port=$(sed -n 's/.*"work": *"tcp:[^"]*:\([0-9]*\)".*/\1/p' "$connect")
    quiet=$(load quiet $((seconds < 60 ? seconds : 60)))
    before=$(highest "$coordinator")
    attackers=
    for kind in half storm endless; do
        nice -n 10 timeout $((seconds + 120)) python3 "$(dirname "$0")/../system/attack.py" 127.0.0.1 "$port" $((seconds + 2)) "$kind" \
            >"$work/$kind.attack" 2>&1 &
        attackers="$attackers $!"
    done
    pids="$pids $attackers"
    under=$(load under "$seconds")
    peak=$(highest "$coordinator")
    for pid in $attackers; do wait "$pid"; done
    say "$(cat "$work"/*.attack | tr '\n' ';')"
    say "figures: results a second: ${quiet:-?} before, ${under:-?} under attack; memory: $before KiB before, $peak KiB at most under attack"
    check 'throughput stays at nine tenths or more' awk -v a="${quiet:-0}" -v b="${under:-0}" 'BEGIN { exit !(a > 0 && b >= 0.9 * a) }'
    check 'memory grows by 32 MiB at most' test $((peak - before)) -le 32768
    timeout 60 python3 "$(dirname "$0")/../system/attack.py" 127.0.0.1 "$port" 5 large >"$work/large.attack" 2>&1
    most=$(highest "$coordinator")
    say "figures: $(cat "$work/large.attack"); memory: $most KiB at most"
    check 'handshakes of 4 MB each are cut off while they are few' test $((most - before)) -le 131072
    check 'the coordinator lives' kill -0 "$coordinator"
    check 'and serves who has a key' ldt --key "$work/boss.key" status
    stop "$coordinator"
    check_equal 'and ends cleanly' 0 "$?"
}
