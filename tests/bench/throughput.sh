#!/bin/sh
# tests/bench/throughput.sh BUILD [TRIALS] - how many trials per second the whole service runs when a trial is a shell
# that prints one line: suggestion, lease, fork, exec, result, fsync. Beside it the limit of this machine: the same
# number of shells started by a loop, two at a time.
set -eu
bin=$1/bin
trials=${2:-2000}
directory=$(mktemp -d "${TMPDIR:-/tmp}/ldt-bench.XXXXXX")
pids=
finish() {
    for pid in $pids; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$directory"
}
trap finish EXIT
now() { date +%s.%N; }

cat >"$directory/trial.sh" <<'END'
echo '{"step": 1, "metrics": {"loss": 0.5}}'
END
for sampler in random tpe; do
    cat >"$directory/$sampler.yaml" <<END
name: bench-$sampler
command: [sh, $directory/trial.sh]
metric: {name: loss}
sampler: {name: $sampler}
trials: $trials
parameters:
  a: {min: 0.0, max: 1.0}
  b: {distribution: log_uniform_values, min: 1e-5, max: 1.0}
  c: {values: [x, y, z]}
END
done

"$bin/ldt-coordinator" --db "$directory/runs.db" --listen 'tcp://127.0.0.1:*' --connect "$directory/connect.json" \
    2>"$directory/coordinator.log" &
pids="$pids $!"
until [ -s "$directory/connect.json" ]; do sleep 0.05; done
"$bin/ldt-worker" -j 4 --allow-command -c "$directory/connect.json" 2>"$directory/worker.log" &
pids="$pids $!"

for sampler in random tpe; do
    start=$(now)
    "$bin/ldt" -c "$directory/connect.json" submit "$directory/$sampler.yaml" --watch >/dev/null 2>&1
    end=$(now)
    echo "$sampler $start $end $trials" |
        awk '{ printf "%-8s %6d trials in %6.2f s: %7.1f trials/s\n", $1, $4, $3 - $2, $4 / ($3 - $2) }'
done
start=$(now)
seq "$trials" | xargs -P 2 -I{} sh "$directory/trial.sh" >/dev/null
end=$(now)
echo "$start $end $trials" | awk '{ printf "limit    %6d shells in %6.2f s: %7.1f shells/s (xargs -P 2)\n", $3, $2 - $1, $3 / ($2 - $1) }'
