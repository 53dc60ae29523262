#!/bin/sh
# deploy/demo.sh BUILD - a coordinator, two workers and one search, from start to the best configurations.
# Everything it makes is in BUILD/demo, which it empties first; all processes end with it.
set -eu
build=$1
bin=$build/bin
directory=$build/demo
rm -rf "$directory"
mkdir -p "$directory"
connect=$directory/connect.json
database=$directory/runs.db
pids=

stop_everything() {
    for pid in $pids; do kill "$pid" 2>/dev/null || true; done
    for pid in $pids; do wait "$pid" 2>/dev/null || true; done
}
trap stop_everything EXIT
trap 'exit 130' INT TERM

say() { printf '\n== %s\n' "$*"; }

say "coordinator: $bin/ldt-coordinator --db $database"
"$bin/ldt-coordinator" --db "$database" --listen 'tcp://127.0.0.1:*' --connect "$connect" \
    2>"$directory/coordinator.log" &
pids="$!"
tries=0
until [ -s "$connect" ]; do
    tries=$((tries + 1))
    if [ "$tries" -gt 100 ] || ! kill -0 "${pids}" 2>/dev/null; then
        echo "demo: the coordinator did not start; it said:" >&2
        cat "$directory/coordinator.log" >&2
        exit 1
    fi
    sleep 0.1
done

say "fleet: two of $bin/ldt-worker -j 1 -c $connect"
for name in worker-1 worker-2; do
    "$bin/ldt-worker" -j 1 -c "$connect" --name "$name" 2>"$directory/$name.log" &
    pids="$pids $!"
done

say "search: $bin/ldt submit deploy/searches/quickstart.yaml --watch"
"$bin/ldt" -c "$connect" submit deploy/searches/quickstart.yaml --watch

say "the five best of each method: $bin/ldt best quickstart -n 5"
"$bin/ldt" -c "$connect" best quickstart -n 5

say "does the teacher help? (from $database)"
"$bin/ldt" -c "$connect" query "
    SELECT study, done AS trials, round(best, 4) AS best_test_kl,
           round(best / min(best) OVER (), 1) AS times_the_best
    FROM v_study WHERE search = 'quickstart' ORDER BY best"

say "query the rest yourself"
cat <<EOF
  $bin/ldt --db $database trials quickstart/ldt
  $bin/ldt --db $database query 'select * from v_best limit 5'
  sqlite3 -readonly $database 'select study, trial, value, parameters from v_trial limit 3'
EOF
