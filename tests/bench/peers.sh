#!/bin/sh
# tests/bench/peers.sh BUILD - the training engine beside PyTorch on this machine, in this run, one core each.
# Installs the pinned peers into a virtual environment in BUILD; needs python3-venv and a package index.
set -eu
build=$1
environment=$build/peers-torch
if ! "$environment/bin/python" -c 'import torch' 2>/dev/null; then
    echo "installing tests/bench/requirements-torch.txt into $environment"
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --requirement tests/bench/requirements-torch.txt
fi
unset OPENBLAS_CORETYPE
export OMP_NUM_THREADS=1
for task in task-a task-b; do
    echo "peer:  $("$environment/bin/python" tests/bench/toys_torch.py "$task")"
    echo "{\"seed\": 1, \"parameters\": {\"task\": \"$task\"}}" >"$build/peer.json"
    python3 - "$build/bin/ldt-worker" "$build/peer.json" "$task" <<'END'
import json, resource, subprocess, sys
program, trial, task = sys.argv[1:]
curve = subprocess.run([program, "trial"], stdin=open(trial), stdout=subprocess.PIPE, check=True).stdout
use = resource.getrusage(resource.RUSAGE_CHILDREN)
last = json.loads(curve.splitlines()[-1])["metrics"]
print("ours: ", json.dumps({"task": task, "cpu_s": round(use.ru_utime + use.ru_stime, 2),
                            "peak_mib": use.ru_maxrss // 1024, "last": last}))
END
done
