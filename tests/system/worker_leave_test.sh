#!/bin/sh
# Workers that are drained, that leave nothing behind, and that find a coordinator which has moved. (TAP)
. "$(dirname "$0")/lib.sh"

# Waits for its file; before that it may start a daemon, in a session of its own, with its output elsewhere.
cat >"$work/wait.sh" <<'END'
read -r line
if [ -n "$2" ]; then
    setsid sh -c "echo \$\$ >$2; exec tail -f /dev/null" >/dev/null 2>&1 &
    until [ -s "$2" ]; do sleep 0.02; done
fi
echo '{"step": 1, "metrics": {"loss": 1}}'
until [ -e "$1" ]; do sleep 0.05; done
echo '{"step": 2, "metrics": {"loss": 0.5}}'
END
spec() { # NAME ARGUMENT...: a search of one trial that waits
    search=$1; shift
    cat >"$work/$search.yaml" <<END
name: $search
command: [sh, $work/wait.sh$(printf ', "%s"' "$@")]
metric: {name: loss}
sampler: {name: grid}
parameters: {x: {values: [1]}}
END
    submit "$work/$search.yaml" || give_up "the search $search is accepted"
}
runs() { sql_is "SELECT count(*) FROM v_attempt WHERE search = '$1' AND state = 'running' AND points = 1" 1; }
alive() { kill -0 "$(cat "$1")"; }
dead() { [ -s "$1" ] && ! alive "$1"; }
state_is() { sql_is "SELECT state FROM v_trial WHERE search = '$1'" "$2"; }

# ---- drained
start_coordinator --lease 60s # beats are rare: only the connect file can tell of a move in time
start_worker gentle -j 2 --allow-command; gentle=$worker
spec gentle "$work/go" "$work/daemon"
wait_for 20 runs gentle || give_up 'the trial runs'
stop_hard "$coordinator"
start_coordinator --lease 60s
check 'a worker notices within seconds that its coordinator has moved' \
    wait_for 5 sh -c "[ \$(grep -c 'event=connecting' '$work/gentle.log') -ge 2 ]"
check 'and is connected to it' wait_for 5 sh -c "[ \$(grep -c 'connected to the coordinator' '$work/gentle.log') -ge 2 ]"
stop "$coordinator"
start_coordinator # with short beats again
wait_for 20 sh -c "[ \$(grep -c 'connected to the coordinator' '$work/gentle.log') -ge 3 ]" || give_up 'it reconnects once more'
check 'a drain is accepted' ldt drain gentle
check 'the worker hears of it' wait_for 20 grep -q 'drained by request' "$work/gentle.log"
check 'its trial runs on' runs gentle
check 'so does a daemon of the trial' alive "$work/daemon"
touch "$work/go"
wait "$gentle"
check_equal 'when its trial is done a drained worker leaves with exit status 0' '0' "$?"
check_equal 'and the result is recorded' 'done' "$(sql "SELECT state FROM v_trial WHERE search = 'gentle'")"
check 'what the trial left behind is gone' wait_for 10 dead "$work/daemon"

start_worker swift -j 1 --allow-command; swift=$worker
spec swift "$work/never" "$work/daemon.swift"
wait_for 20 runs swift || give_up 'the next trial runs'
check 'a drain at once is accepted' ldt drain swift --now
wait "$swift"
check_equal 'a worker that is drained at once leaves with exit status 0' '0' "$?"
check 'its trial is handed back' state_is swift waiting
check 'what it left behind is gone, too' wait_for 10 dead "$work/daemon.swift"

# ---- killed
rm -f "$work/daemon.swift"
start_worker killed -j 1 --allow-command; killed=$worker
wait_for 20 alive "$work/daemon.swift" || give_up 'the trial runs again'
stop_hard "$killed"
check 'a daemon of a trial does not outlive a worker that was killed' wait_for 10 dead "$work/daemon.swift"

# ---- a trial that ends while others run, and the daemons of both
rm -f "$work/daemon.swift"
start_worker busy -j 2 --allow-command
wait_for 20 alive "$work/daemon.swift" || give_up 'the trial runs once more'
spec brief "$work/go" "$work/daemon.brief"
wait_done brief 20
check 'the daemon of a trial that has ended is gone' wait_for 10 dead "$work/daemon.brief"
check 'that of one that runs is not' alive "$work/daemon.swift"
kill -TERM "$worker"; kill -TERM "$worker"
wait "$worker"
check_equal 'being asked twice to leave is being asked once' '0 waiting' "$? $(sql "SELECT state FROM v_trial WHERE search = 'swift'")"
end_of_test
