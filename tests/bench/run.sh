#!/bin/sh
# tests/bench/run.sh BUILD - every benchmark in turn; each prints the machine limit or the peer that it stands beside.
# These machines are noisy: read ratios and medians, run it twice before believing a small difference.
set -eu
build=$1
unset OPENBLAS_CORETYPE OPENBLAS_NUM_THREADS
heading() { printf '\n=== %s\n' "$*"; }

heading "machine"
echo "processor: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores; kernel $(uname -r)"
gcc --version | head -n 1
dpkg-query -W -f '${Package} ${Version}\n' libzmq5 libprotobuf-c1 libsqlite3-0 libopenblas0-serial 2>/dev/null || true

heading "one whole training run (beside an sgemm rate of the same run)"
"$build/bench/trial"
heading "one meta-step and its student steps at the sizes of the reward prediction experiment"
"$build/bench/meta"
heading "the 3 x 3 convolutions of the game of life, and its meta-step"
"$build/bench/conv"
heading "one suggestion of the sampler"
"$build/bench/sampler"
heading "rows made durable, by the store alone"
scratch=$(mktemp -d "${TMPDIR:-/tmp}/ldt-bench.XXXXXX")
"$build/bench/store" "$scratch"
rm -rf "$scratch"
heading "the whole service: trials per second with an empty command"
sh tests/bench/throughput.sh "$build"
heading "the whole service: results per second and latency, by a load generator that speaks the protocol"
sh tests/bench/service.sh "$build"
heading "a fleet of 10,000 workers: memory, latency, and how soon all are back after kill -9; plain, then with keys"
sh tests/bench/fleet.sh "$build"
if [ -n "${LDT_PEERS:-}" ]; then
    heading "peers ($LDT_PEERS)"
    sh tests/bench/peers.sh "$build"
else
    heading "peers: no peer (set LDT_PEERS to a directory with their scripts)"
fi
