#!/bin/sh
# deploy/paper.sh BUILD small|full - every experiment of the paper, on this machine, and the report on them.
#
# small: deploy/searches/paper-small/, minutes on two cores. full: deploy/searches/paper/, for a fleet: weeks here; run
# it to see how the searches follow each other, and add workers elsewhere.
# Everything it makes is in BUILD/paper-small or BUILD/paper. Started again it goes on where it was: what has been
# submitted is not submitted twice. All its processes end with it. SLOTS trials run at once (default: one a core).
set -eu
usage() {
    echo "usage: sh deploy/paper.sh BUILD small|full" >&2
    exit 2
}
build=${1:-}
[ -n "$build" ] || usage
case ${2:-} in
    small) searches=deploy/searches/paper-small suffix=-small directory=$build/paper-small ;;
    full) searches=deploy/searches/paper suffix= directory=$build/paper ;;
    *) usage ;;
esac
bin=$build/bin
mkdir -p "$directory"
. "$(dirname "$0")/local.sh"
start_coordinator paper
"$bin/ldt-worker" -j "${SLOTS:-$(nproc)}" -c "$connect" 2>>"$directory/worker.log" &
pids="$pids $!"

ldt() { "$bin/ldt" -c "$connect" "$@"; }
count() { ldt query "SELECT count(*) FROM $1" -o csv | tail -n 1 | tr -d '\r'; }

submit() {
    [ "$(count "search WHERE name = '$1$suffix'")" -gt 0 ] || ldt submit "$searches/$1.yaml"
}

# Until every study of the searches whose names match has finished; one line a minute.
wait_for() {
    seconds=0
    while :; do
        open=$(count "v_study WHERE search GLOB '$1' AND finished IS NULL")
        [ "$open" -gt 0 ] || return 0
        kill -0 "${pids##* }" 2>/dev/null || { echo "paper: the worker has ended; see $directory/worker.log" >&2; exit 1; }
        if [ $((seconds % 60)) -eq 0 ]; then
            ended=$(count "trial WHERE state >= 3")
            echo "$(date +%H:%M:%S) $ended trials have ended; $open studies of $1 are open"
        fi
        seconds=$((seconds + 5))
        sleep 5
    done
}

started=$(date +%s)
# The ablations take their settings from what the grid finds, so the grid comes first.
submit mujoco-grid
for name in figure-3b figure-3d game-of-life mujoco-rerun mujoco-selection mujoco-model-based; do
    submit "$name"
done
wait_for "mujoco-grid$suffix"
for environment in swimmer walker2d hopper halfcheetah; do
    submit "ablations-$environment"
done
wait_for '*'
echo "all trials have ended after $(($(date +%s) - started)) s; the report:"
ldt report $(ldt query "SELECT name FROM search ORDER BY id" -o csv | tail -n +2 | tr -d '\r') -o "$directory/report"
