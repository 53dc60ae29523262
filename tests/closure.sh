#!/bin/sh
# Prints a folder and everything it may include, by tests/layers.txt, each once, the folder itself first.
awk -v start="$1" '
    /^[a-z]/ { split($0, part, ":"); includes[part[1]] = part[2] }
    END {
        queue[1] = start; last = 1; seen[start] = 1
        for (i = 1; i <= last; i++) {
            printf "%s ", queue[i]
            n = split(includes[queue[i]] " common", next_ones, " ")
            for (k = 1; k <= n; k++) if (!(next_ones[k] in seen)) { seen[next_ones[k]] = 1; queue[++last] = next_ones[k] }
        }
    }' "$(dirname "$0")/layers.txt"
