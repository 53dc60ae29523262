#!/bin/sh
# The paper's two toy tasks beside the figures of the reference implementation, as Markdown tables.
# usage: tests/bench/reproduce.sh [BUILD]      BUILD is where the programs are (default: build)
#        SEEDS=8 tests/bench/reproduce.sh      seeds 1 to 8 instead of 1 to 3; a seed costs about 10 s on one core
# An entry is the mean over the seeds, their standard deviation, and in brackets the lowest and highest of them; the
# reference's is a mean over (number of its seeds; the single ones where they are known). Task A: the highest test
# accuracy of 50 epochs (Figure 3b). Task B: KL(truth || student) on the test set (Figure 3d). What the tables do not
# name is at its default.
build=${1:-build}
seeds=${SEEDS:-3}
trial="$build/bin/ldt-worker trial"
[ -x "$build/bin/ldt-worker" ] || { echo "$build/bin/ldt-worker is missing; run make first" >&2; exit 1; }

# curve METRIC SEED SETTINGS: "epoch value" for each line that has the metric
curve() {
    printf '{"seed":%d,"parameters":{%s}}' "$2" "$3" | $trial |
        sed -n "s/.*\"epoch\":\([^,]*\),.*\"$1\":\([^,}]*\).*/\1 \2/p"
}

# "mean ± deviation (lowest to highest)" of the numbers on standard input.
summary() {
    awk 'NR == 1 { low = high = $1 }
         { sum += $1; squares += $1 * $1; if ($1 < low) low = $1; if ($1 > high) high = $1 }
         END {
             if (NR == 0) exit 1
             variance = NR > 1 ? (squares - sum * sum / NR) / (NR - 1) : 0
             printf "%.3f ± %.3f (%.3f to %.3f)", sum / NR, sqrt(variance > 0 ? variance : 0), low, high
         }'
}

task_a_cell() { # D n METHOD
    for seed in $(seq 1 "$seeds"); do
        curve test_accuracy "$seed" "\"task\":\"task-a\",\"input_dim\":$1,\"n_train\":$2,\"method\":\"$3\"" |
            awk '$2 > best { best = $2 } END { print best }'
    done | summary
}

spaced() { printf '%s' "$1" | tr _ ' '; }

task_a() {
    printf '\n## Task A: highest test accuracy, seeds 1 to %d\n\n' "$seeds"
    printf '| D | n | LDT, reference | LDT | no-teacher, reference | no-teacher |\n|---|---|---|---|---|---|\n'
    while read -r dim n ldt alone; do
        printf '| %d | %d | %s | %s | %s | %s |\n' "$dim" "$n" "$(spaced "$ldt")" \
            "$(task_a_cell "$dim" "$n" ldt)" "$(spaced "$alone")" "$(task_a_cell "$dim" "$n" no-teacher)"
    done <<CELLS
64 256 .770_(2) .540_(2)
64 512 .939_(3) .691_(3)
128 512 .858_(3;_.911_.938_.726) .562_(3)
128 1024 .946_(2) .701_(3)
256 512 .768_(3;_.892_.769_.643) .523_(3)
CELLS
}

task_b_row() { # NAME SETTINGS REFERENCE...
    name=$1 settings=$2 curves=$(mktemp)
    shift 2
    for seed in $(seq 1 "$seeds"); do
        curve test_kl "$seed" "\"task\":\"task-b\",$settings"
    done >"$curves"
    printf '| %s, reference | %s | %s | %s | %s | %s |\n| %s' "$name" "$@" "$name"
    for epoch in 0 4 8 12 16; do
        printf ' | %s' "$(awk -v epoch=$epoch '$1 == epoch { print $2 }' "$curves" | summary)"
    done
    printf ' |\n'
    rm -f "$curves"
}

task_b() {
    printf '\n## Task B: test KL, seeds 1 to %d\n\n' "$seeds"
    printf '| | epoch 0 | 4 | 8 | 12 | 16 |\n|---|---|---|---|---|---|\n'
    task_b_row LDT '"method":"ldt"' .554 .215 .108 .067 '.055 (3; .050 .059 .057)'
    task_b_row 'no-teacher, β = 0' '"method":"no-teacher","entropy_coef":0' .545 .303 .704 .989 1.144
    task_b_row 'no-teacher, β = 0.1' '"method":"no-teacher","entropy_coef":0.1' .545 .272 .603 .837 .962
    task_b_row 'no-teacher, β = 1' '"method":"no-teacher","entropy_coef":1' .545 .252 .261 .288 .304
    task_b_row 'no-teacher, β = 10' '"method":"no-teacher","entropy_coef":10' .545 .482 .484 .485 .486
}

task_a
task_b
