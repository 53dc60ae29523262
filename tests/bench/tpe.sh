#!/bin/sh
# tests/bench/tpe.sh BUILD - the quality of the samplers on F01 to F10; with LDT_PEERS set to a directory that has
# tpe_peers.py, other samplers run beside them into the same tables.
# LDT_SEEDS (20) seeds for ours, LDT_PEER_SEEDS (5) for the peers, which take minutes each.
set -eu
build=$1
seeds=${LDT_SEEDS:-20}
peer_seeds=${LDT_PEER_SEEDS:-5}
here=$(cd "$(dirname "$0")" && pwd)
out=$(mktemp -d "${TMPDIR:-/tmp}/ldt-bench-tpe.XXXXXX")
trap 'rm -rf "$out"' EXIT

half=$(((seeds + 1) / 2))
for sampler in tpe random; do
    for workers in 1 8 32; do
        echo "$sampler $workers 0 $half"
        echo "$sampler $workers $half $seeds"
    done
done | xargs -P "${LDT_JOBS:-2}" -L 1 sh -c '"$0/bench/tpe" run "$2" "$3" "$4" "$5" >"$1/$2.$3.$4.json"' "$build" "$out"

if [ -z "${LDT_PEERS:-}" ]; then
    echo "no peer (LDT_PEERS names no directory with tpe_peers.py)"
elif [ ! -f "$LDT_PEERS/tpe_peers.py" ]; then
    echo "no peer: there is no $LDT_PEERS/tpe_peers.py" >&2
    exit 1
else
    python=$build/peers/bin/python
    if [ ! -x "$python" ]; then
        python3 -m venv "$build/peers"
        "$build/peers/bin/pip" install --quiet --requirement "$here/requirements.txt"
    fi
    for sampler in optuna_mv_cl hyperopt optuna_cma; do
        for workers in 1 8 32; do
            echo "$sampler $workers"
        done
    done | OMP_NUM_THREADS=1 xargs -P "${LDT_JOBS:-2}" -L 1 sh -c '"$0" "$1/tpe_peers.py" --samplers "$4" --W "$5" \
        --N 200 --seeds "0:$3" --out "$2/peer.$4.$5.json" >&2' "$python" "$LDT_PEERS" "$out" "$peer_seeds"
fi
# Ours first.
set -- "$out"/tpe.*.json "$out"/random.*.json
for file in "$out"/peer.*.json; do
    [ ! -f "$file" ] || set -- "$@" "$file"
done
"$build/bench/tpe" report "$@"
