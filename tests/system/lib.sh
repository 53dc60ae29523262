# lib.sh - what every system test begins with: a private directory that is removed at the end, functions that
# start the programs on free ports and wait until they are ready, and checks that speak TAP.
# Nothing here or in the tests waits for a fixed time: wait_for asks again until the answer is yes, or too late.
set -u
# A test that hangs fails after five minutes (the long forms set LDT_LIMIT), with everything it started.
if [ -z "${LDT_BOUNDED:-}" ]; then
    LDT_BOUNDED=yes exec timeout -k 10 "${LDT_LIMIT:-300}" sh "$0" "$@"
fi
unset LDT_BOUNDED
build=${LDT_BUILD:-build}
case $build in /*) ;; *) build=$PWD/$build ;; esac
bin=$build/bin
# The sanitizers keep what was freed for a while, so memory is another matter there.
memory_scale=1
! grep -q __asan_init "$bin/ldt-coordinator" 2>/dev/null || memory_scale=8
work=$(mktemp -d "${TMPDIR:-/tmp}/ldt-system.XXXXXX") || exit 1
export XDG_STATE_HOME="$work/state" NO_COLOR=1
unset LDT_COORDINATOR LDT_KEY_FILE
pids=
number=0
failures=0

finish() {
    for pid in $pids; do kill -9 "$pid" 2>/dev/null; done
    wait 2>/dev/null
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM HUP

# ---- TAP
say() { printf '# %s\n' "$*"; }
passed() { number=$((number + 1)); echo "ok $number - $1"; }
failed() { number=$((number + 1)); failures=$((failures + 1)); echo "not ok $number - $1"; }
skipped() { number=$((number + 1)); echo "ok $number - $1 # SKIP $2"; }

# check SENTENCE COMMAND...: the command must succeed; what it printed is shown if it does not.
check() {
    sentence=$1; shift
    if "$@" >"$work/check.out" 2>&1; then passed "$sentence"; return 0; fi
    failed "$sentence"
    say "failed: $*"
    tail -n 30 "$work/check.out" | sed 's/^/#   /'
    return 1
}

# check_equal SENTENCE EXPECTED ACTUAL
check_equal() {
    if [ "$2" = "$3" ]; then passed "$1"; return 0; fi
    failed "$1"
    printf 'expected: %s\nactual:   %s\n' "$2" "$3" | head -n 40 | sed 's/^/#   /'
    return 1
}

# check_says SENTENCE PATTERN FILE: a line of the file matches the basic regular expression.
check_says() {
    if grep -q -e "$2" "$3"; then passed "$1"; return 0; fi
    failed "$1"
    say "nothing matches: $2"
    tail -n 20 "$3" | sed 's/^/#   /'
    return 1
}

end_of_test() {
    echo "1..$number"
    [ "$failures" -eq 0 ] || show_logs
    [ "$failures" -eq 0 ]
    exit
}

show_logs() {
    for log in "$work"/*.log; do
        [ -e "$log" ] || continue
        say "---- $(basename "$log")"
        tail -n 12 "$log" | sed 's/^/#   /'
    done
}

# A test cannot go on: one failure, with the reason.
give_up() {
    failed "$1"
    end_of_test
}

# wait_for SECONDS COMMAND...: asks until the command succeeds; false when it never did.
wait_for() {
    tries=$(($1 * 20)); shift
    until "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || return 1
        sleep 0.05
    done
}

# Of a process: its memory in KiB, and how many descriptors it has open.
resident() { sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$1/status"; }
descriptors() { ls "/proc/$1/fd" | wc -l; }

# ---- programs. One coordinator is the current one: its database is $db, its connect file $connect.
db=$work/runs.db
connect=$work/connect.json
listen='tcp://127.0.0.1:*'

# What must hold with keys as well as without them has a twin among the tests that sets LDT_KEYS.
server_keys= worker_key=
if [ -n "${LDT_KEYS:-}" ]; then
    server_keys=$work/keys worker_key=$work/fleet.key
    export LDT_KEY_FILE="$work/owner.key"
    { "$bin/ldt" keygen --server "$server_keys" &&
        "$bin/ldt" keygen --role worker fleet --keys "$server_keys" -o "$worker_key" &&
        "$bin/ldt" keygen --role submit owner --keys "$server_keys" -o "$LDT_KEY_FILE"; } >"$work/keygen.out" 2>&1 ||
        { cat "$work/keygen.out"; exit 1; }
fi

# Starts ldt-coordinator on $db and waits until it listens. Its process is $coordinator.
start_coordinator() {
    rm -f "$connect"
    "$bin/ldt-coordinator" --db "$db" --connect "$connect" --listen "$listen" --lease 2s \
        ${server_keys:+--keys "$server_keys"} "$@" 2>>"$work/coordinator.log" &
    coordinator=$!
    pids="$pids $coordinator"
    wait_for 20 test -s "$connect" || give_up 'the coordinator starts'
}

# Where the current coordinator listens, or the one that wrote FILE; the same, but only its port.
endpoint_of() { sed -n 's/.*"work": *"\([^"]*\)".*/\1/p' "${1:-$connect}"; }
port_of() { endpoint_of "$@" | sed 's/.*://'; }

# A restart at the same address, as a service does it; without this every start takes another free port.
keep_endpoint() { listen=$(endpoint_of); }

# start_worker NAME OPTION...: its process is $worker.
start_worker() {
    name=$1; shift
    "$bin/ldt-worker" --name "$name" -c "$connect" ${worker_key:+--key "$worker_key"} "$@" 2>>"$work/$name.log" &
    worker=$!
    pids="$pids $worker"
}

# Ends a process as its owner would, and waits until it is gone. Returns its exit status.
stop() {
    kill -TERM "$1" 2>/dev/null
    wait "$1" 2>/dev/null
    set -- "$1" "$?"
    forget "$1"
    return "$2"
}

stop_hard() {
    kill -KILL "$1" 2>/dev/null
    wait "$1" 2>/dev/null
    forget "$1"
}

# Its number may soon be that of another process.
forget() { pids=$(echo " $pids " | sed "s/ $1 / /"); }

ldt() { timeout 60 "$bin/ldt" -c "$connect" "$@"; }

# The rows of a query, by plain sqlite3 as README says.
sql() { sqlite3 -readonly -cmd '.timeout 5000' "$db" "$1"; }
sql_is() { [ "$(sql "$1")" = "$2" ]; }

# submit FILE: true if it was accepted.
submit() { ldt submit "$1" >"$work/submit.out" 2>&1; }

# wait_done SEARCH SECONDS: until all its studies are done.
wait_done() {
    wait_for "$2" sql_is "SELECT count(*) > 0 AND sum(state <> 'done') = 0 FROM v_study WHERE search = '$1'" 1
}

# Everything that a search found out, without what may differ between two runs (times, attempts, machines).
dump_results() {
    sql "SELECT study, trial, state, parameters, seed, format('%.17g', value) FROM v_trial
         WHERE search = '$1' ORDER BY study, trial"
    sql "SELECT v_curve.study, v_curve.trial, idx, step, format('%.17g', v_curve.epoch), metric, format('%.17g', v_curve.value)
         FROM v_curve JOIN v_trial USING (study, trial) WHERE search = '$1' ORDER BY 1, 2, 3"
}
