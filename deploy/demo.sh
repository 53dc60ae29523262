#!/bin/sh
# deploy/demo.sh BUILD - a coordinator, two workers and one search, from start to the best configurations.
# Everything it makes is in BUILD/demo, which it empties first; all processes end with it.
set -eu
build=$1
bin=$build/bin
directory=$build/demo
rm -rf "$directory"
mkdir -p "$directory"
database=$directory/runs.db
. "$(dirname "$0")/local.sh"

say() { printf '\n== %s\n' "$*"; }

say "coordinator: $bin/ldt-coordinator --db $database"
start_coordinator demo

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
