# hurt.sh - for the tests that hurt a fleet of real processes: runs one of the Python programs beside this file in a
# directory of its own, and says what came of it in TAP. Sourced with lib.sh before it.

# hurt SENTENCE PROGRAM [ARGUMENT...] with DIR for the directory: its figures become a line "# figures: ..."
hurt() {
    sentence=$1 program=$2; shift 2
    scene=$(mktemp -d "$work/scene.XXXXXX")
    arguments=$(printf '%s ' "$@" | sed "s|DIR|$scene|")
    # shellcheck disable=SC2086
    if $before python3 "$(dirname "$0")/../system/$program" $arguments >"$scene.out" 2>&1; then
        passed "$sentence"
    else
        failed "$sentence"
        tail -n 20 "$scene.out" | sed 's/^/#   /'
        for log in "$scene"/*/*.log "$scene"/*.log; do
            [ -e "$log" ] && say "---- $log" && tail -n 5 "$log" | sed 's/^/#   /'
        done
    fi
    say "figures: $(grep -m 1 '^[a-z]*=[0-9]' "$scene.out")"
}
before=

# The same in a network of its own; skipped where that is not permitted.
hurt_in_own_network() {
    if unshare -n true 2>/dev/null && command -v ip >/dev/null; then
        before='unshare -n'
        hurt "$@"
    else
        skipped "$1" 'no network namespaces here (needs root and ip)'
    fi
}
seed=${LDT_SEED:-$(date +%s)}
say "LDT_SEED=$seed"
