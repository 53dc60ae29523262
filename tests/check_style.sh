#!/bin/sh
# Style that a script can check: line length, tabs, trailing blanks, typedefs of structs, header contracts. (TAP)
cd "$(dirname "$0")/.." || exit 1
bad=0
complain() { echo "# $1"; bad=$((bad + 1)); }
files=$(find common coordinator worker proto tests -name '*.[ch]' | sort)
for file in $files; do
    awk -v file="$file" 'length($0) > 100 { printf "# %s:%d: longer than 100 columns\n", file, FNR; n++ }
        /\t/ { printf "# %s:%d: tab\n", file, FNR; n++ } /[ ]+$/ { printf "# %s:%d: trailing blank\n", file, FNR; n++ }
        END { exit n > 0 }' "$file" || bad=$((bad + 1))
    grep -nE '^typedef (struct|enum)' "$file" && complain "$file: struct name, no typedef"
    grep -nE '\b(strcpy|strcat|sprintf|gets|strtok)\(' "$file" && complain "$file: an unbounded string function"
    case $file in *.h)
        head -n 1 "$file" | grep -q "^/\* $(basename "$file") - " || complain "$file: starts without '/* $(basename "$file") - what it is for'" ;;
    esac
done
[ "$bad" -eq 0 ] && echo "ok 1 - the style that a script can check" || { echo "not ok 1 - $bad files"; exit 1; }
