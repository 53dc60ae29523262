# local.sh - what deploy/demo.sh and deploy/paper.sh begin with: processes that end with the script, and a coordinator of
# its own in $directory. Sourced after $bin and $directory are set.
connect=$directory/connect.json
pids=

stop_everything() {
    for pid in $pids; do kill "$pid" 2>/dev/null || true; done
    for pid in $pids; do wait "$pid" 2>/dev/null || true; done
}
trap stop_everything EXIT
trap 'exit 130' INT TERM

# start_coordinator WHO: on $directory/runs.db, until it listens; WHO is told to have failed if it does not.
start_coordinator() {
    rm -f "$connect"
    "$bin/ldt-coordinator" --db "$directory/runs.db" --listen 'tcp://127.0.0.1:*' --connect "$connect" \
        2>>"$directory/coordinator.log" &
    coordinator=$!
    pids="$pids $coordinator"
    tries=0
    until [ -s "$connect" ]; do
        tries=$((tries + 1))
        if [ "$tries" -gt 100 ] || ! kill -0 "$coordinator" 2>/dev/null; then
            echo "$1: the coordinator did not start; it said:" >&2
            tail -n 20 "$directory/coordinator.log" >&2
            exit 1
        fi
        sleep 0.1
    done
}
